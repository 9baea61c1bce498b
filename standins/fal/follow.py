"""The calls about an accepted request: status, stream, result, cancel."""

import json
from contextlib import suppress

from aiohttp import web

from standins.fal.endings import UNITS_HEADER, failed
from standins.fal.faults import (
    CutStream,
    Delay,
    Drop,
    RawStream,
    Reply,
    SilentStream,
    Stage,
)
from standins.fal.inputs import JsonObject
from standins.fal.jobs import FalJob, FalState
from standins.fal.settings import QueuedCancel, RunningCancel
from standins.fal.submit import urls
from standins.fal.wire import NOT_FOUND, altered, answer, drop, replied, struck
from standins.fal.world import World

_LOGS_ON = frozenset({"1", "true"})
_QUEUED_CANCEL: dict[QueuedCancel, tuple[int, JsonObject]] = {
    QueuedCancel.REQUESTED: (202, {"status": "CANCELLATION_REQUESTED"}),
    QueuedCancel.OK: (200, {"status": "OK"}),
    QueuedCancel.SUCCESS: (200, {"success": True}),
}


def _job(world: World, request: web.Request) -> FalJob | None:
    """The request that a path names; under an app's alias it is unknown, as anywhere else."""
    parts = request.match_info
    job = world.line.jobs.get(parts["request_id"])
    return job if job is not None and job.app == f"{parts['owner']}/{parts['app']}" else None


def _identified(job: FalJob | None) -> dict[str, str]:
    return {"x-fal-request-id": job.id} if job is not None else {}


def status_body(world: World, job: FalJob, *, logs: bool) -> JsonObject:
    """The state of a request as status and stream tell it."""
    body: JsonObject = {
        "status": job.state.value,
        "request_id": job.id,
        **urls(world, job),
        "logs": list(job.logs) if logs else None,
        "metrics": {},
    }
    if job.state is FalState.IN_QUEUE:
        body["queue_position"] = world.line.position(job)
    ending = job.ending
    if ending is None:
        return body
    body["metrics"] = {"inference_time": job.run_s}
    tells_error = world.settings.status_tells_model_errors or not ending.is_model_error
    if ending.error_type is not None and tells_error:
        body["error"] = f"Invalid status code: {ending.status}"
        body["error_type"] = ending.error_type
    return body


async def status(world: World, request: web.Request) -> web.StreamResponse:
    """202 while the request lives, 200 once it has ended."""
    job = _job(world, request)
    sent = job.input if job else {}
    trouble = await struck(world.faults, Stage.STATUS, request, sent, _identified(job))
    if trouble is not None:
        return trouble
    if job is None:
        return answer(NOT_FOUND, 404)
    body = status_body(world, job, logs=request.query.get("logs") in _LOGS_ON)
    code = 200 if job.state is FalState.COMPLETED else 202
    told = altered(world.faults, Stage.STATUS, sent, body)
    return answer(told, code, _identified(job))


async def stream(world: World, request: web.Request) -> web.StreamResponse:
    """The same states as server-sent events, until the request has ended."""
    job = _job(world, request)
    sent = job.input if job else {}
    trouble = await struck(world.faults, Stage.STREAM, request, sent, _identified(job))
    if trouble is not None:
        return trouble
    if job is None:
        return answer(NOT_FOUND, 404)
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    # A client that left needs to be told nothing more.
    with suppress(ConnectionError):
        if not await _begun_badly(world, request, response, job):
            await _send_events(world, request, response, job)
    return response


async def _begun_badly(
    world: World, request: web.Request, response: web.StreamResponse, job: FalJob
) -> bool:
    """Let the faults strike that come before the first event; true where none shall follow."""
    silent = world.faults.take(SilentStream, job.input)
    if silent is not None:
        await silent[1].pause(None)
        _cut(request)
        return True
    raw = world.faults.take(RawStream, job.input)
    if raw is not None:
        await response.write(raw[0].text)
    return raw is not None and not raw[0].goes_on


async def _send_events(
    world: World, request: web.Request, response: web.StreamResponse, job: FalJob
) -> None:
    """Send the state whenever it has changed, and a comment when it has not for long."""
    cut = world.faults.take(CutStream, job.input)
    events_max = cut[0].after_events if cut is not None else None
    logs = request.query.get("logs") in _LOGS_ON
    events, last = 0, ""
    while not world.changes.closed:
        text = json.dumps(status_body(world, job, logs=logs))
        if text == last:
            if not await world.changes.wait(world.settings.ping_s):
                await response.write(b": ping\n\n")
            continue
        if events == events_max:
            _cut(request)
            return
        await response.write(f"data: {text}\n\n".encode())
        events, last = events + 1, text
        if job.state is FalState.COMPLETED:
            return


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


async def result(world: World, request: web.Request) -> web.StreamResponse:
    """The model's own answer, good or bad, once there is one."""
    job = _job(world, request)
    sent = job.input if job else {}
    trouble = await struck(world.faults, Stage.RESULT, request, sent, _identified(job))
    if trouble is not None:
        return trouble
    if job is None:
        return answer(NOT_FOUND, 404)
    ending = job.ending
    if ending is None:
        return answer({"detail": "Request is still in progress"}, 400, _identified(job))
    if world.clock.now_ms() > job.kept_until_ms:
        return answer(NOT_FOUND, 404)
    headers = {**ending.headers, **_identified(job)}
    if ending.told_units is not None:
        headers[UNITS_HEADER] = ending.told_units
    body = await world.inlined(job, ending.body)
    return answer(altered(world.faults, Stage.RESULT, sent, body), ending.status, headers)


async def cancel(world: World, request: web.Request) -> web.StreamResponse:
    """Take a waiting request out of the line, or ask a running one to end."""
    job = _job(world, request)
    sent = job.input if job else {}
    delay = world.faults.take(Delay, sent, Stage.CANCEL)
    if delay is not None:
        await delay[1].pause(delay[0].delay_s)
    lost = world.faults.take(Drop, sent, Stage.CANCEL)
    reply = world.faults.take(Reply, sent, Stage.CANCEL) if lost is None else None
    fault = lost[0] if lost is not None else reply[0] if reply is not None else None
    code, body = (404, NOT_FOUND)
    if job is not None and (fault is None or fault.accepted):
        code, body = _cancelled(world, job)
    if isinstance(fault, Drop):
        return drop(request)
    if isinstance(fault, Reply):
        return replied(fault, _identified(job))
    return answer(body, code, _identified(job))


def _cancelled(world: World, job: FalJob) -> tuple[int, JsonObject]:
    if job.state is FalState.COMPLETED:
        return 400, {"status": "ALREADY_COMPLETED"}
    job.cancel_asked = True
    ending = failed("client_cancelled", sent=job.input, told_units=world.refusal_units())
    if job.state is FalState.IN_QUEUE:
        world.line.end(job, ending)
        return _QUEUED_CANCEL[world.settings.queued_cancel]
    if world.settings.running_cancel is RunningCancel.ENDS:
        world.line.end(job, ending)
    return 202, {"status": "CANCELLATION_REQUESTED"}
