import json
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest

from bot.ops.logs import set_up_logs

SECRETS = ("bot.token-S3CRET", "id:S3CRET", "")
TOKEN = "aW50ZXJhY3Rpb24.dG9rZW4-with_all.kinds"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Logging belongs to the whole process: put back what a test sets up."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("httpx", "discord.client")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def printed(capsys):
    """The lines on standard error; nothing may be on standard output."""

    def read() -> list[str]:
        out, err = capsys.readouterr()
        assert out == ""
        return err.splitlines()

    return read


def log() -> logging.Logger:
    return logging.getLogger("bot.somewhere")


def raised(text: str) -> ValueError:
    error = ValueError(text)
    with suppress(ValueError):
        raise error
    return error


def test_an_event_is_one_line_of_json_with_its_fields(printed):
    set_up_logs("INFO", "json")

    log().warning("gateway connected", extra={"shard": 3, "job_id": "0123"})

    (line,) = printed()
    event = json.loads(line)
    at = event.pop("at")
    assert event == {"event": "gateway connected", "level": "warning", "shard": 3, "job_id": "0123"}
    assert at.endswith("Z")


def test_text_is_one_line_for_people(printed):
    set_up_logs("INFO", "text")

    log().info("started on %s", 8080, extra={"shard": 3})

    (line,) = printed()
    assert "started on 8080" in line
    assert "shard=3" in line
    assert "\x1b" not in line


@pytest.mark.parametrize(
    ("level", "events"),
    [("DEBUG", ["a", "b", "c"]), ("INFO", ["b", "c"]), ("WARNING", ["c"]), ("ERROR", [])],
)
def test_what_is_below_the_level_is_not_logged(printed, level, events):
    set_up_logs(level, "json")

    log().debug("a")
    log().info("b")
    log().warning("c")

    assert [json.loads(line)["event"] for line in printed()] == events


def test_libraries_that_log_addresses_are_kept_quiet(printed):
    set_up_logs("DEBUG", "json")

    logging.getLogger("httpx").info("HTTP Request: GET https://host/private")
    logging.getLogger("discord.client").info("logging in using static token")
    logging.getLogger("httpx").warning("trouble")

    assert [json.loads(line)["event"] for line in printed()] == ["trouble"]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_secret_is_hidden_wherever_it_is_logged(printed, log_format):
    set_up_logs("INFO", log_format, SECRETS)

    log().info("logging in with bot.token-S3CRET")
    log().info("Authorization: Key %s", "id:S3CRET")
    log().info("fields", extra={"detail": "Key id:S3CRET, twice: id:S3CRET"})
    log().error("failed", exc_info=raised("bad header 'Key id:S3CRET'"))

    text = "\n".join(printed())
    assert "S3CRET" not in text
    assert text.count("[hidden]") == 5
    assert "bad header" in text


@pytest.mark.parametrize(
    "path",
    ["/webhooks/4611686018427387905/{}/messages/@original", "/interactions/12/{}/callback"],
    ids=["webhook", "interaction"],
)
def test_a_token_in_an_address_is_hidden(printed, path):
    set_up_logs("INFO", "json")
    address = "https://discord.com/api/v10" + path.format(TOKEN)

    log().info("PATCH %s", address)
    log().info("failed", extra={"detail": f"404 for {address}"})

    first, second = (json.loads(line) for line in printed())
    hidden = "https://discord.com/api/v10" + path.format("[hidden]")
    assert first["event"] == f"PATCH {hidden}"
    assert second["detail"] == f"404 for {hidden}"


def test_an_exception_is_part_of_its_line(printed):
    set_up_logs("INFO", "json")
    log().error("failed", exc_info=raised("first\nsecond"))

    (line,) = printed()
    event = json.loads(line)
    assert event["event"] == "failed"
    assert "ValueError: first\nsecond" in event["exception"]


def test_setting_up_again_does_not_double_the_lines(printed):
    set_up_logs("INFO", "json")
    set_up_logs("INFO", "json")

    log().info("once")

    assert len(printed()) == 1


def test_what_json_does_not_know_is_logged_all_the_same(printed):
    set_up_logs("INFO", "json")

    log().info("odd", extra={"detail": {1, 2}, "more": ["a", 1]})

    (line,) = printed()
    assert json.loads(line)["more"] == ["a", 1]


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_secret_inside_other_values_is_hidden_too(printed, log_format):
    set_up_logs("INFO", log_format, SECRETS)

    log().info("a", extra={"detail": ["Key id:S3CRET"], "more": {"key": "id:S3CRET"}})
    log().info("b", extra={"error": ValueError("Key id:S3CRET")})
    log().info({"key": "id:S3CRET"})

    assert "S3CRET" not in "\n".join(printed())
