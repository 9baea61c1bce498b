"""The submit call: it accepts almost anything, and never judges the input at once.

What is wrong with the input comes to light on the result, as at fal. What is wrong with the call
is refused here and noted as a violation.
"""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from aiohttp import web

from bot.core.models.gpt_image_2 import GPT_IMAGE_2
from bot.core.models.model import Model
from standins.fal.endings import timed_out
from standins.fal.faults import Delay, Drop, Reply, Stage
from standins.fal.inputs import JsonObject, read_input, unknown_fields
from standins.fal.jobs import FalJob, FalState
from standins.fal.journal import redacted
from standins.fal.other_inputs import read_other, unknown_in
from standins.fal.uploads import LIFECYCLE_TOO, life_s
from standins.fal.wire import altered, answer, drop, read_json
from standins.fal.world import World

_START_TIMEOUT = "X-Fal-Request-Start-Timeout"
_START_TIMEOUT_OLD = "X-Fal-Request-Timeout"


def endpoint_of(path: str, others: Sequence[Model] = ()) -> tuple[str, str] | None:
    """Split a submit's path into endpoint and app, or None where the app is unknown."""
    endpoint = path.strip("/")
    app = "/".join(endpoint.split("/")[:2])
    known = app in GPT_IMAGE_2.ids and endpoint in (app, f"{app}/edit")
    known = known or any(endpoint in model.ids for model in others)
    return (endpoint, app) if known else None


async def submit(world: World, request: web.Request) -> web.StreamResponse:
    """Accept a job, or refuse the call."""
    found = endpoint_of(request.path, world.settings.models)
    if found is None:
        world.frown(request, "unknown app")
        return answer({"detail": "Application not found"}, 404)
    sent = await read_json(request)
    if sent is None:
        world.frown(request, "the body is no JSON object")
        return answer({"detail": "Invalid JSON in request body"}, 400)
    if request.content_type != "application/json":
        world.frown(request, f"content type {request.content_type}")
        return answer({"detail": "Unsupported media type"}, 415)
    limit = request.query.get("fal_max_queue_length", "")
    if limit.isdigit() and world.line.waiting_count > int(limit):
        return answer({"detail": "The queue is too long"}, 429)
    return await _answered(world, request, *found, sent)


async def _answered(
    world: World, request: web.Request, endpoint: str, app: str, sent: JsonObject
) -> web.StreamResponse:
    """Accept and answer, in the order and to the extent that the faults leave."""
    delay = world.faults.take(Delay, sent, Stage.SUBMIT)
    lost = world.faults.take(Drop, sent, Stage.SUBMIT)
    reply = world.faults.take(Reply, sent, Stage.SUBMIT) if lost is None else None
    if delay is not None and not delay[0].accepted:
        await delay[1].pause(delay[0].delay_s)
    right: object = None
    is_accepted = (lost is None or lost[0].accepted) and (reply is None or reply[0].accepted)
    if is_accepted:
        job = _job(world, request, endpoint, app, sent)
        right = _answer_body(world, job, world.line.accept(job))
        _limit_start(world, request, job)
    if delay is not None and delay[0].accepted:
        await delay[1].pause(delay[0].delay_s)
    if lost is not None:
        return drop(request)
    if reply is not None:
        return answer(reply[0].body, reply[0].status, reply[0].headers)
    return answer(altered(world.faults, Stage.SUBMIT, sent, right))


def _job(world: World, request: web.Request, endpoint: str, app: str, sent: JsonObject) -> FalJob:
    other = next((one for one in world.settings.models if endpoint in one.ids), None)
    is_edit = other is None and endpoint != app
    strange = unknown_in(other, sent) if other else unknown_fields(sent, is_edit=is_edit)
    for name in strange:
        world.frown(request, f"unknown field {name!r}")
    if sent.get("sync_mode"):
        world.frown(request, "sync_mode: such results are kept for minutes only")
    wanted, problems = read_other(other, sent) if other else read_input(sent, is_edit=is_edit)
    return FalJob(
        id=str(uuid4()),
        endpoint=endpoint,
        app=app,
        input=sent,
        wanted=wanted,
        problems=problems,
        sent_at_ms=world.clock.now_ms(),
        headers=redacted(request.headers),
        keeps_payload=request.headers.get("X-Fal-Store-IO") != "0",
        webhook_url=request.query.get("fal_webhook"),
        pictures_kept_s=_kept_s(world, request),
    )


def _kept_s(world: World, request: web.Request) -> float | None:
    """How long the pictures shall stay; for good where that cannot be read."""
    try:
        return life_s(request.headers.get(LIFECYCLE_TOO))
    except ValueError:
        world.frown(request, f"{LIFECYCLE_TOO} is no JSON object of seconds")
        return None


def urls(world: World, job: FalJob) -> dict[str, str]:
    """The three addresses of a request; they name the app, not the subpath."""
    root = f"{world.base_url}/{job.app}/requests/{job.id}"
    suffix = "/response" if world.settings.response_suffix else ""
    return {
        "response_url": root + suffix,
        "status_url": f"{root}/status",
        "cancel_url": f"{root}/cancel",
    }


def _answer_body(world: World, job: FalJob, ahead: int) -> Mapping[str, object]:
    return {
        "status": FalState.IN_QUEUE.value,
        "request_id": job.id,
        **urls(world, job),
        "queue_position": ahead,
    }


def _limit_start(world: World, request: web.Request, job: FalJob) -> None:
    """End the job with 504 where it has not started within the time that the caller set."""
    text = request.headers.get(_START_TIMEOUT) or request.headers.get(_START_TIMEOUT_OLD)
    if text is None:
        return
    try:
        timeout_s = float(text)
    except ValueError:
        timeout_s = 0.0
    if not 0.1 < timeout_s < 1e6:
        world.frown(request, f"start timeout {text!r}")
        return

    async def give_up() -> None:
        if not await world.changes.holds(lambda: job.runs > 0, timeout_s):
            world.line.end(job, timed_out())

    world.background(give_up())
