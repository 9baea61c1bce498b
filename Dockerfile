# Two stages of one base: what builds stays behind, what runs is not written to again.
# Docker Hub's official image; name another with --build-arg BASE=…, best one with a digest.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build

# The init process. Debian drops older versions from its archive: a pinned one would break the build.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*

# The demo is part of the image: its first run is a try without any account.
# Only wheels: nothing is compiled here, and no package runs code of its own while it is installed.
# Byte code without time stamps makes equal builds equal; the running container writes none.
COPY requirements-demo.lock /build/requirements-demo.lock
RUN python -m venv --without-pip /venv \
    && python -m pip --python /venv/bin/python install \
        --require-hashes --only-binary :all: --no-cache-dir --no-compile \
        --disable-pip-version-check --root-user-action ignore \
        --requirement /build/requirements-demo.lock \
    && /venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv/lib

# The source comes last, so that a change of it installs nothing anew.
COPY LICENSE /app/LICENSE
COPY bot /app/bot
COPY standins /app/standins
RUN /venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /app/bot /app/standins \
    && chmod -R u=rwX,go=rX /app


FROM ${BASE}

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="imagine-bot" \
      org.opencontainers.image.description="A self-hosted Discord bot that makes pictures with fal" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}"

# A fixed number, so that a folder of the host can be given to it: chown 10001:10001.
RUN groupadd --gid 10001 bot \
    && useradd --uid 10001 --gid bot --no-create-home --home-dir /data --shell /usr/sbin/nologin bot \
    && install -d -o bot -g bot -m 0700 /data

COPY --from=build /usr/bin/tini /usr/bin/tini
COPY --from=build /venv /venv
COPY --from=build /app /app

# HTTP_HOST: a container's own loopback cannot be published nor probed by an orchestrator, and the
# two pages tell nothing secret. With --network host set it back to 127.0.0.1.
# PYTHONSAFEPATH: the working directory can be written to and must not be imported from.
ENV PATH="/venv/bin:${PATH}" \
    PYTHONPATH=/app \
    PYTHONSAFEPATH=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    DATABASE_URL=sqlite:////data/bot.db \
    DATA_DIR=/data \
    HTTP_HOST=0.0.0.0 \
    HTTP_PORT=8080

# The one place that is written to, and the working directory because `demo` leaves pictures there.
VOLUME ["/data"]
WORKDIR /data
USER 10001:10001
EXPOSE 8080

# Asks the address that the bot listens on; Linux takes 0.0.0.0 for this machine itself.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "-S", "-c", "import http.client, os, sys; c = http.client.HTTPConnection(os.environ['HTTP_HOST'], int(os.environ['HTTP_PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]

# As process 1 Python would ignore SIGTERM until the bot has set its handlers, and always in the
# other commands. tini passes it on, and to anything but process 1 it means what it says.
ENTRYPOINT ["tini", "--", "python", "-m", "bot"]
CMD ["run"]
