"""Tells a client's webhook how a request ended: signed, repeated until it is heard, or rudely.

Body, headers and signature are those of fal's page on webhooks (2026), the tries those of its
newer text. fal refuses loopback addresses; the stand-in calls nothing else.
"""

import base64
import hashlib
import json
import secrets
from uuid import uuid4

from standins.fal.clock import Changes, FalClock
from standins.fal.ed25519 import public_key, sign
from standins.fal.faults import Faults, Rude
from standins.fal.inputs import JsonObject
from standins.fal.jobs import Ending, FalJob, WebhookTry
from standins.fal.outside import Outside, is_near
from standins.fal.settings import StandInFalSettings

USER_ID = "stand-in"
_PREFIX = "X-Fal-Webhook-"
_PAUSE_MAX_S = 600.0


class Webhooks:
    """The keys, and the tries.

    Attributes:
        secrets: The keys that may sign, the newest last; it does.
    """

    def __init__(
        self,
        settings: StandInFalSettings,
        clock: FalClock,
        changes: Changes,
        faults: Faults,
        outside: Outside,
    ) -> None:
        self.secrets = [secrets.token_bytes(32) for _ in range(2)]
        self._settings = settings
        self._clock = clock
        self._changes = changes
        self._faults = faults
        self._outside = outside

    def change_key(self) -> None:
        """Sign with a new key from now on, as fal may once in a while."""
        self.secrets.append(secrets.token_bytes(32))

    def key_set(self) -> JsonObject:
        """The public keys in the form of a JSON Web Key Set."""
        keys = (public_key(one) for one in self.secrets)
        told = [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in keys]
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x} for x in told]}

    async def tell(self, job: FalJob, url: str) -> None:
        """Send the ending of a job, and try again until it is heard or forgotten."""
        ending = job.ending
        assert ending is not None
        taken = self._faults.take(Rude, job.input)
        rude = taken[0] if taken is not None else Rude()
        if taken is not None and rude.is_late:
            await taken[1].pause(None)
        for _ in range(rude.times):
            # the id of the gateway's own request, which a run after a lost runner has anew
            gateway_id = job.id if job.runs <= 1 else str(uuid4())
            body = json.dumps(_body(job, ending, gateway_id, rude)).encode()
            await self._repeat(job, url, body, rude)

    async def _repeat(self, job: FalJob, url: str, body: bytes, rude: Rude) -> None:
        pause_s = self._settings.webhook_pause_s
        for number in range(1, self._settings.webhook_tries + 1):
            timeout_s = self._settings.webhook_timeouts_s[min(number, 2) - 1]
            status = None
            if is_near(url):
                headers = self._headers(job, body, rude)
                status = await self._outside.post(url, body, headers, timeout_s)
            due_ms = self._clock.now_ms() + round(pause_s * 1000)
            # a redirection is not followed, and final as an acknowledgement is
            is_settled = not is_near(url) or (status is not None and 200 <= status < 400)
            is_last = number == self._settings.webhook_tries or due_ms > job.kept_until_ms
            is_final = is_settled or is_last
            job.webhook_tries.append(WebhookTry(self._clock.now_ms(), status, is_final))
            self._changes.notify()
            if is_final:
                return
            await self._until(due_ms)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    async def _until(self, due_ms: int) -> None:
        while (left_ms := due_ms - self._clock.now_ms()) > 0:
            await self._changes.wait(left_ms / 1000)

    def _headers(self, job: FalJob, body: bytes, rude: Rude) -> dict[str, str]:
        at_s = str(self._clock.now_ms() // 1000 - rude.age_s)
        parts = (job.id, USER_ID, at_s, hashlib.sha256(body).hexdigest())
        secret = secrets.token_bytes(32) if rude.is_forged else self.secrets[-1]
        return {
            "Content-Type": "application/json",
            f"{_PREFIX}Request-Id": job.id,
            f"{_PREFIX}User-Id": USER_ID,
            f"{_PREFIX}Timestamp": at_s,
            f"{_PREFIX}Signature": sign(secret, "\n".join(parts).encode()).hex(),
        }


def _body(job: FalJob, ending: Ending, gateway_id: str, rude: Rude) -> JsonObject:
    body: JsonObject = {"request_id": job.id, "gateway_request_id": gateway_id}
    if ending.status == 200:
        body["status"] = "OK"
    else:
        body |= {"status": "ERROR", "error": f"{rude.error}: {ending.status}"}
    if rude.is_bare:
        return body | {"payload": None, "payload_error": "The payload is no JSON."}
    return body | {"payload": ending.body}
