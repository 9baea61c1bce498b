"""fal's five calls as the bot makes them: what is told, and what happens by being asked."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulation import fal_answers as answers
from simulation.fal import ADMIN_KEY, API, KEY, QUEUE, Attempt, Fal, Job, Noise, read_body
from simulation.fal_answers import NOISE, Reply
from simulation.world import World

_APP = "/openai/gpt-image-2/requests/"
_PLAIN_REFUSALS = ("429", "connect")
_LOST_BEFORE = ("502", "503", "504", "cut", "silence", "500 page", "409", "200 page")
_LOST_AFTER = ("cut", "silence", "500 page", "200 empty", "408")


@dataclass(frozen=True)
class Call:
    """A request over HTTP."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""


class Desk:
    """Answers calls to the queue and to the platform."""

    def __init__(self, world: World, fal: Fal) -> None:
        self._world = world
        self._fal = fal

    def answer(self, call: Call) -> Reply:
        """Answer one call, with all that it brings about."""
        if call.url.startswith(API):
            return self._history(call)
        assert call.url.startswith(QUEUE), f"the key went to {call.url}"
        return self._submit(call) if call.method == "POST" else self._follow_up(call)

    def _follow_up(self, call: Call) -> Reply:
        path = urlsplit(call.url).path
        assert path.startswith(_APP), path
        request_id, _, operation = path.removeprefix(_APP).partition("/")
        job = self._fal.jobs.get(request_id)
        shut = self._fal.door() or (answers.bad_key() if self._fal.refuses_key() else None)
        if shut is not None:
            return shut
        if job is None or self._world.now_s < job.hidden_until_s:
            return answers.not_found()
        job.asked += 1
        match operation:
            case "status" | "status/stream":
                return self._status(job, is_stream=operation != "status")
            case "cancel":
                return self._cancel(job)
            case _:
                return self._result(job)

    # Submit

    def _submit(self, call: Call) -> Reply:
        tags = call.headers.get("x-fal-tags", "")
        job_id = tags.removeprefix("job=")
        attempt = Attempt(job_id, self._world.now_s, is_proof=True)
        self._fal.attempts.append(attempt)
        reply = self._at_the_door(attempt)
        if reply is None:
            reply = self._accept(call, attempt)
        shown = reply.failure or reply.status
        self._world.tell(f"submit of {job_id}: {shown}{' accepted' if attempt.request else ''}")
        return reply

    def _at_the_door(self, attempt: Attempt) -> Reply | None:
        """What is answered without anything being accepted."""
        world, fal = self._world, self._fal
        shut = fal.door()
        if shut is not None:
            attempt.is_proof = shut.failure == "connect" or shut.status in (403, 302)
            return shut
        if fal.is_locked():
            return answers.locked()
        if fal.refuses_key():
            return answers.bad_key()
        if world.strikes("submit refused", 0.4):
            return NOISE[world.dice.choice(_PLAIN_REFUSALS)]("")
        if world.strikes("submit answer lost", 0.25 * world.weather.odds):
            attempt.is_proof = False
            return NOISE[world.dice.choice(_LOST_BEFORE)]("")
        return None

    def _accept(self, call: Call, attempt: Attempt) -> Reply:
        world = self._world
        job = self._fal.accept(attempt.job_id, read_body(call.body))
        attempt.request, attempt.is_proof = job, False
        if world.strikes("gateway after acceptance", world.weather.odds):
            job.causes.add("gateway after acceptance")
            return NOISE[world.dice.choice(("502", "503", "504"))]("")
        if world.strikes("submit answer lost", 0.5 * world.weather.odds):
            job.causes.add("submit answer lost")
            return NOISE[world.dice.choice(_LOST_AFTER)]("")
        reply = answers.answer(200, self._told(job, "IN_QUEUE"), request_id=job.id)
        return replace(reply, request_id=job.id)

    def _told(self, job: Job, status: str) -> dict[str, Any]:
        own = f"{QUEUE}{_APP}{job.id}"
        told: dict[str, Any] = {
            "status": status,
            "request_id": job.id,
            "response_url": own,
            "status_url": f"{own}/status",
            "cancel_url": f"{own}/cancel",
        }
        if status == "IN_QUEUE":
            told["queue_position"] = 0
        return told

    # After it

    def status_of(self, job: Job) -> str:
        """fal's word for where a request stands."""
        now_s = self._world.now_s
        if now_s < job.start_s:
            return "IN_QUEUE"
        return "IN_PROGRESS" if now_s < job.end_s else "COMPLETED"

    def _status(self, job: Job, *, is_stream: bool) -> Reply:
        noise = self._fal.through(job, "status")
        if noise is not None:
            return noise
        if is_stream and not self._world.weather.streams:
            return answers.answer(405, {"detail": "Method Not Allowed"})
        status = self.status_of(job)
        reply = answers.answer(
            200 if status == "COMPLETED" else 202, self._told(job, status), request_id=job.id
        )
        if is_stream:
            event = b"data: " + reply.body + b"\n\n"
            return Reply(200, event, {"content-type": "text/event-stream"})
        return reply

    def _result(self, job: Job) -> Reply:
        if self._world.now_s < job.end_s:
            return answers.not_ready()
        noise = self._fal.through(job, "result")
        return job.end if noise is None else noise

    def _cancel(self, job: Job) -> Reply:
        world = self._world
        status = self.status_of(job)
        world.tell(f"cancel of request {int(job.id[:8], 16)}, {status}")
        if status == "COMPLETED":
            return answers.answer(400, {"status": "ALREADY_COMPLETED"}, request_id=job.id)
        if status == "IN_QUEUE":
            self._fal.remove(job)
            return answers.answer(200, {"status": "OK"}, request_id=job.id)
        if not job.ignores_cancel:
            self._fal.stop(job)
        elif world.strikes("cancel noise", world.weather.odds):
            self._blur(job)
        if world.strikes("cancel noise", 0.3):
            return NOISE[world.dice.choice(answers.CANCEL_NOISE)](job.id)
        return answers.answer(202, {"status": "CANCELLATION_REQUESTED"}, request_id=job.id)

    def _blur(self, job: Job) -> None:
        """After a cancel fal may deny a request for a while that it makes and bills."""
        world = self._world
        job.causes.add("cancel noise")
        draw = world.dice.random()
        if draw < 0.4:
            job.hidden_until_s = max(job.end_s, world.now_s) + 30.0
        elif draw < 0.7:
            job.noise["result"] = Noise("404 not found", job.end_s + 14.0)
        else:
            job.noise["result"] = Noise("400 not ready", job.end_s + 40.0)

    # The platform

    def _history(self, call: Call) -> Reply:
        shut = self._fal.door()
        if shut is not None:
            return shut
        key = call.headers.get("authorization", "").removeprefix("Key ")
        may_look = key == ADMIN_KEY or (key == KEY and self._world.weather.can_look)
        if not may_look or self._fal.refuses_key():
            told = {"error": {"type": "authorization_error", "message": "no"}}
            return answers.answer(403 if key in (KEY, ADMIN_KEY) else 401, told)
        asked = parse_qs(urlsplit(call.url).query)
        names = {name for text in asked.get("endpoint_id", []) for name in text.split(",")}
        known = self._fal.history_name in names
        seen = [one for one in self._fal.jobs.values() if self._is_listed(one)] if known else []
        items = [self._item(one) for one in reversed(seen)]
        return answers.answer(200, {"items": items, "next_cursor": None, "has_more": False})

    def _is_listed(self, job: Job) -> bool:
        return self._world.now_s >= job.sent_s + self._fal.history_lag_s

    def _item(self, job: Job) -> dict[str, Any]:
        return {
            "request_id": job.id,
            "endpoint_id": self._fal.history_name,
            "sent_at": self._instant(job.sent_s),
            "started_at": self._instant(job.start_s),
            "json_input": job.body,
        }

    def _instant(self, at_s: float) -> str:
        at_ms = self._world.base_ms + int(at_s * 1000)
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()
