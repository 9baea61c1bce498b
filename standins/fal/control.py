"""Drives the stand-in from another process: `/_standin/…`, from loopback only.

GET  /_standin/state      counts, bill, violations, jobs
POST /_standin/set        {"run_s": 2, "concurrency": 4}
POST /_standin/faults     {"name": "submit_lost", "times": 1, "prompt_has": "dragon"};
                          "seconds" instead of "times", or "times" null for good
DELETE /_standin/faults   disarm all, end what they hold up
POST /_standin/hold, /_standin/release, /_standin/advance {"seconds": 60}, /_standin/forget
POST /_standin/jobs/{id}/start|finish|requeue
"""

from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from aiohttp import web

from standins.fal.faults import Where
from standins.fal.inputs import JsonObject
from standins.fal.trouble import NAMED
from standins.fal.wire import answer, read_json
from standins.fal.world import World

_JOBS_SHOWN = 1000


async def control(world: World, request: web.Request) -> web.StreamResponse:
    """Do one command; 400 with a sentence where it makes no sense."""
    if not ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104  # means: nobody
        return answer({"detail": "from loopback only"}, 403)
    if "Origin" in request.headers:
        return answer({"detail": "not from a page in a browser"}, 403)
    sent = await read_json(request) if request.can_read_body else {}
    if sent is None:
        return answer({"detail": "the body is no JSON object"}, 400)
    word = request.match_info["word"]
    try:
        if word.startswith("jobs/"):
            await _move(world, word)
        else:
            _done(world, request, word, sent)
        return answer(state(world))
    except (KeyError, TypeError, ValueError) as error:
        return answer({"detail": f"{word}: {error}"}, 400)


def _done(world: World, request: web.Request, word: str, sent: JsonObject) -> None:
    commands: dict[str, Callable[[], object]] = {
        "GET state": lambda: None,
        "POST faults": lambda: _arm(world, sent),
        "DELETE faults": world.faults.clear,
        "POST set": lambda: _set(world, sent),
        "POST advance": lambda: _advance(world, _number(sent["seconds"])),
        "POST hold": world.line.hold,
        "POST release": world.line.release,
        "POST forget": world.journal.clear,
    }
    commands[f"{request.method} {word}"]()


def state(world: World) -> JsonObject:
    """Count everything that a driver wants to know."""
    jobs = list(world.line.jobs.values())
    return {
        "counts": dict(world.journal.counts),
        "violations": list(world.journal.violations),
        "billed_microusd": sum(job.billed_microusd for job in jobs),
        "states": dict(Counter(job.state.value for job in jobs)),
        "waiting": world.line.waiting_count,
        "running": world.line.running_count,
        "armed": len(world.faults),
        "jobs": [
            {
                "id": job.id,
                "state": job.state.value,
                "prompt": job.prompt,
                "billed_microusd": job.billed_microusd,
                "ended_at_ms": job.ended_at_ms,
                "status": job.ending.status if job.ending else None,
                "webhook": [one.status for one in job.webhook_tries],
            }
            for job in jobs[-_JOBS_SHOWN:]
        ],
    }


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f"{value!r} is not a number that fits")
    return float(value)


def _advance(world: World, seconds: float) -> None:
    world.clock.advance(seconds)
    world.changes.notify()


def _set(world: World, sent: JsonObject) -> None:
    for name, value in sent.items():
        if name == "run_s":
            world.line.run_s = _number(value)
        elif name == "concurrency" and _number(value) >= 1:
            world.line.concurrency = int(_number(value))
        else:
            raise ValueError(f"{name} cannot be set to {value!r}")


def _arm(world: World, sent: JsonObject) -> None:
    times = sent.get("times", 1)
    if times is not None:
        times = max(1, int(_number(times)))
    for_s = _number(sent["seconds"]) if "seconds" in sent else None
    mark = sent.get("prompt_has")
    where = None if mark is None else prompt_has(str(mark))
    world.faults.add(NAMED[str(sent["name"])], times=times, for_s=for_s, where=where)


def prompt_has(mark: str) -> Where:
    """Choose jobs by a word in their prompt, whatever its case."""

    def where(sent: Mapping[str, object]) -> bool:
        return mark.casefold() in str(sent.get("prompt", "")).casefold()

    return where


async def _move(world: World, word: str) -> None:
    _, job_id, verb = word.split("/")
    job = world.line.jobs[job_id]
    if verb == "finish":
        await world.finish(job)
    else:
        {"start": world.line.start, "requeue": world.line.requeue}[verb](job)
