"""The stand-in fal as one object: start it, point a client at it, watch and disturb it.

    async with StandInFal(StandInFalSettings(concurrency=1)) as fal:
        fal.hold()
        ...  # submit something to fal.queue_url with fal's key
        job = await fal.next_job()
        await fal.start(job)
        await fal.finish(job)

It listens on loopback only, and calls loopback only: for input pictures, and for webhooks.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from standins.fal import account, control, follow, media, platform, submit, uploads
from standins.fal.clock import iso
from standins.fal.faults import Faults, Stage
from standins.fal.jobs import FalJob, FalState
from standins.fal.journal import Received, redacted
from standins.fal.settings import RunTime, StandInFalSettings
from standins.fal.wire import WRONG_KEY, answer, sent_key
from standins.fal.world import World

Call = Callable[[World, web.Request], Awaitable[web.StreamResponse]]
_REQUEST = "/{owner}/{app}/requests/{request_id}"
_WAIT_S = 10.0


class StandInFal:
    """A local fal, running inside `async with`."""

    def __init__(self, settings: StandInFalSettings | None = None) -> None:
        self.settings = settings or StandInFalSettings()
        self._world = World(self.settings)
        self._runner: web.AppRunner | None = None
        self._jobs_taken = 0

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        self._add_routes(app.router)
        # The wait is short: everything that holds a call open is ended before it.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        self._world.base_url = f"http://{shown}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._world.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_route("*", "/_standin/{word:.+}", self._control)
        router.add_get("/files/{path:.+}", self._call(Stage.MEDIA, media.media, needs_key=False))
        router.add_post("/storage/upload/initiate", self._call(Stage.INITIATE, uploads.initiate))
        router.add_post("/storage/auth/token", self._call(Stage.INITIATE, uploads.token))
        router.add_post("/files/upload", self._call(Stage.UPLOAD, uploads.send, needs_key=False))
        router.add_put("/uploads/{name}", self._call(Stage.UPLOAD, uploads.put, needs_key=False))
        router.add_get(
            "/v1/models/requests/by-endpoint", self._call(Stage.HISTORY, platform.history)
        )
        router.add_get("/v1/models/requests/search", self._call(Stage.SEARCH, platform.search))
        router.add_get("/v1/models/billing-events", self._call(Stage.BILLING, platform.billing))
        router.add_get("/v1/models/pricing", self._call(Stage.PRICING, account.pricing))
        router.add_get("/v1/models/usage", self._call(Stage.USAGE, account.usage))
        router.add_get("/v1/account/billing", self._call(Stage.BALANCE, account.balance))
        router.add_delete(
            "/v1/models/requests/{request_id}/payloads", self._call(Stage.ERASE, platform.erase)
        )
        router.add_get("/v1/meta", self._call(Stage.META, platform.meta, needs_key=False))
        keys = self._call(Stage.KEYS, platform.keys, needs_key=False)
        router.add_get("/.well-known/jwks.json", keys)
        router.add_get(f"{_REQUEST}/status", self._call(Stage.STATUS, follow.status))
        router.add_get(f"{_REQUEST}/status/stream", self._call(Stage.STREAM, follow.stream))
        router.add_get(_REQUEST, self._call(Stage.RESULT, follow.result))
        router.add_get(f"{_REQUEST}/response", self._call(Stage.RESULT, follow.result))
        router.add_put(f"{_REQUEST}/cancel", self._call(Stage.CANCEL, follow.cancel))
        router.add_post("/{path:.+}", self._call(Stage.SUBMIT, submit.submit))
        router.add_route("*", "/{path:.*}", self._call(None, _unknown, needs_key=False))

    def _call(
        self, stage: Stage | None, call: Call, *, needs_key: bool = True
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Wrap a call: record the request, check the key."""
        world = self._world

        async def recorded(request: web.Request) -> web.StreamResponse:
            world.journal.note(_received(world, stage, request))
            world.changes.notify()
            refusal = _refused(world, stage, request) if needs_key else None
            return refusal or await call(world, request)

        return recorded

    async def _control(self, request: web.Request) -> web.StreamResponse:
        """Take a command; neither counted nor recorded, for it is no call to fal."""
        return await control.control(self._world, request)

    @property
    def queue_url(self) -> str:
        """What a client uses in place of `https://queue.fal.run`."""
        return self._world.base_url

    @property
    def api_url(self) -> str:
        """What a client uses in place of `https://api.fal.ai/v1`."""
        return f"{self._world.base_url}/v1"

    @property
    def rest_url(self) -> str:
        """What a client uses in place of `https://rest.fal.ai`, to bring pictures."""
        return self._world.base_url

    @property
    def webhook_keys_url(self) -> str:
        """What a client uses in place of `https://rest.fal.ai/.well-known/jwks.json`."""
        return f"{self._world.base_url}/.well-known/jwks.json"

    @property
    def media_host(self) -> str:
        """The host and port of the addresses of pictures."""
        return self._world.base_url.removeprefix("http://")

    @property
    def requests(self) -> list[Received]:
        """Every request received, in order, up to a number."""
        return self._world.journal.requests

    @property
    def counts(self) -> Counter[str]:
        """Requests received by the name of the call."""
        return self._world.journal.counts

    @property
    def violations(self) -> list[str]:
        """What an honest client would not have sent."""
        return self._world.journal.violations

    @property
    def jobs(self) -> list[FalJob]:
        """Every accepted submission, in order."""
        return list(self._world.line.jobs.values())

    @property
    def billed_microusd(self) -> int:
        """What all jobs cost so far."""
        return sum(job.billed_microusd for job in self._world.line.jobs.values())

    @property
    def faults(self) -> Faults:
        """What shall go wrong."""
        return self._world.faults

    @property
    def run_s(self) -> RunTime:
        """How long jobs run that start from now on."""
        return self._world.line.run_s

    @run_s.setter
    def run_s(self, run_s: RunTime) -> None:
        self._world.line.run_s = run_s

    @property
    def concurrency(self) -> int:
        """How many jobs run at once."""
        return self._world.line.concurrency

    @concurrency.setter
    def concurrency(self, concurrency: int) -> None:
        self._world.line.concurrency = concurrency

    def hold(self) -> None:
        """Stop time: jobs stay where they are until they are started and finished by hand."""
        self._world.line.hold()

    def release(self) -> None:
        """Let time pass again."""
        self._world.line.release()

    def advance(self, seconds: float) -> None:
        """Move the stand-in's time of day: results expire, bills appear."""
        self._world.clock.advance(seconds)
        self._world.changes.notify()

    def now_ms(self) -> int:
        """The stand-in's time of day."""
        return self._world.clock.now_ms()

    async def start(self, job: FalJob) -> None:
        """Start a waiting job; ValueError where it cannot start."""
        self._world.line.start(job)

    async def finish(self, job: FalJob) -> None:
        """End a job as it would end by itself; ValueError where it has ended."""
        await self._world.finish(job)

    async def requeue(self, job: FalJob) -> None:
        """Send a running job back into the queue; ValueError where it does not run."""
        self._world.line.requeue(job)

    def change_webhook_key(self) -> None:
        """Sign webhooks with a new key from now on; the old ones stay in the key set."""
        self._world.webhooks.change_key()

    def log(self, job: FalJob, message: str) -> None:
        """Give a job a line in its log, which status and stream show on request."""
        moment = self._world.clock.now_ms()
        job.logs.append({"message": message, "timestamp": iso(moment), "level": "INFO"})
        self._world.changes.notify()

    async def next_job(self, timeout_s: float = _WAIT_S) -> FalJob:
        """Wait for the next accepted submission that this has not returned yet.

        Raises:
            TimeoutError: None came in time.
        """
        await self.until(lambda: len(self._world.line.jobs) > self._jobs_taken, timeout_s)
        self._jobs_taken += 1
        return self.jobs[self._jobs_taken - 1]

    async def ended(self, job: FalJob, timeout_s: float = _WAIT_S) -> None:
        """Wait until a job has ended; TimeoutError where it has not in time."""
        await self.until(lambda: job.state is FalState.COMPLETED, timeout_s)

    async def until(self, holds: Callable[[], bool], timeout_s: float = _WAIT_S) -> None:
        """Wait until something about the stand-in holds; looked at after each change of it.

        Raises:
            TimeoutError: It did not hold in time.
        """
        await self._world.changes.until(holds, timeout_s)


def _received(world: World, stage: Stage | None, request: web.Request) -> Received:
    return Received(
        call=stage.value if stage is not None else "unknown",
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=redacted(request.headers),
        at_ms=world.clock.now_ms(),
    )


def _refused(world: World, stage: Stage | None, request: web.Request) -> web.Response | None:
    """Check the key; None where the call may go on."""
    key, wrong_form = sent_key(request)
    if wrong_form is not None:
        world.frown(request, "no key, or one of the wrong form")
    if stage is not None and stage in platform.CALLS:
        return platform.refused(world, key, stage)
    if wrong_form is not None:
        return answer(wrong_form, 401)
    if key not in (world.settings.key, world.settings.admin_key):
        return answer(WRONG_KEY, 401)
    return None


async def _unknown(world: World, request: web.Request) -> web.StreamResponse:
    """Refuse what fal does not have."""
    world.frown(request, "no such call")
    return answer({"detail": "Not Found"}, 404)
