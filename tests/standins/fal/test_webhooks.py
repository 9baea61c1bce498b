"""Webhooks come as fal's page says: body, headers, signature, tries, and now and then rudely."""

import asyncio
import base64
import hashlib
import json

import httpx
import pytest
from aiohttp import web

from standins.fal.ed25519 import public_key, sign
from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import named
from tests.standins.fal.conftest import AUTH, ROOT
from tests.standins.fal.samples import serving


class Hook:
    """A client's webhook: answers with `statuses` in turn, then with 200."""

    def __init__(self):
        self.received = []
        self.statuses = []
        self.url = ""

    async def handle(self, request):
        self.received.append((dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        return web.Response(status=status, headers=headers)

    @property
    def bodies(self):
        return [json.loads(raw) for _, raw in self.received]


@pytest.fixture
async def hook():
    made = Hook()
    async with serving(made.handle) as made.url:
        yield made


@pytest.fixture
def told(fal, http, sent, hook):
    """Submit a job with a webhook and let it end; waits until nothing more will be sent."""

    async def tell(*, url=None, headers=None, until_final=True, **changes):
        query = {"fal_webhook": url or f"{hook.url}/hook?server=1&n=2"}
        body = {**sent, "num_images": 1, **changes}
        answer = await http.post(ROOT, json=body, params=query, headers=headers or {})
        assert answer.status_code == 200
        job = await fal.next_job()
        await fal.finish(job)
        if until_final:
            await fal.until(lambda: bool(job.webhook_tries) and job.webhook_tries[-1].is_final)
        return job

    return tell


def message(headers, raw):
    names = ("Request-Id", "User-Id", "Timestamp")
    parts = [headers[f"X-Fal-Webhook-{name}"] for name in names]
    return "\n".join([*parts, hashlib.sha256(raw).hexdigest()]).encode()


async def signer(fal, http, headers, raw):
    """Which key of the set has signed, by the stand-in's own secrets; None for none of them."""
    keys = (await http.get(fal.webhook_keys_url, headers={"Authorization": ""})).json()["keys"]
    secrets = {public_key(one): one for one in fal._world.webhooks.secrets}
    for at, key in enumerate(keys):
        assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
        public = base64.urlsafe_b64decode(key["x"] + "=")
        signature = sign(secrets[public], message(headers, raw)).hex()
        if signature == headers["X-Fal-Webhook-Signature"]:
            return at
    return None


@pytest.mark.parametrize(
    ("secret", "public", "text", "signature"),
    [  # RFC 8032, 7.1, tests 2 and 3
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
)
def test_signatures_are_those_of_the_standard(secret, public, text, signature):
    key = bytes.fromhex(secret)
    assert public_key(key).hex() == public
    assert sign(key, bytes.fromhex(text)).hex() == signature


async def test_an_end_is_told_once_and_signed_with_a_key_of_the_set(fal, http, hook, told):
    job = await told()
    [(headers, raw)] = hook.received
    result = (await http.get(f"{ROOT}/requests/{job.id}")).json()
    assert json.loads(raw) == {
        "request_id": job.id,
        "gateway_request_id": job.id,
        "status": "OK",
        "payload": result,
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Fal-Webhook-Request-Id"] == job.id
    assert abs(int(headers["X-Fal-Webhook-Timestamp"]) - fal.now_ms() / 1000) < 5
    assert await signer(fal, http, headers, raw) == 1
    assert [one.status for one in job.webhook_tries] == [200]
    assert fal.violations == []
    assert (await http.get("/_standin/state")).json()["jobs"][0]["webhook"] == [200]


async def test_a_changed_key_is_in_the_set_beside_the_old_ones(fal, http, hook, told):
    await told()
    fal.change_webhook_key()
    await told()
    assert [await signer(fal, http, *one) for one in hook.received] == [1, 2]


async def test_a_failure_is_told_with_the_body_of_its_error(fal, hook, told):
    job = await told(num_images=9)
    [body] = hook.bodies
    assert (body["status"], body["error"]) == ("ERROR", "Invalid status code: 422")
    assert body["payload"] == job.ending.body


async def test_a_cancelled_request_is_told_too(fal, http, sent, hook):
    answer = await http.post(ROOT, json=sent, params={"fal_webhook": hook.url})
    await http.put(answer.json()["cancel_url"])
    await fal.until(lambda: len(hook.received) == 1)
    assert hook.bodies[0]["error"] == "Invalid status code: 499"


async def test_what_is_not_heard_comes_again_with_growing_pauses(fal, http, hook, told):
    hook.statuses = [500, 404, 503]
    job = await told(until_final=False)
    for tries, pause_s in ((1, 10), (2, 20), (3, 40)):
        await fal.until(lambda tries=tries: len(job.webhook_tries) == tries)
        fal.advance(pause_s - 1)
        await asyncio.sleep(0.1)
        assert len(hook.received) == tries
        fal.advance(1)
    await fal.until(lambda: len(job.webhook_tries) == 4)
    assert [(one.status, one.is_final) for one in job.webhook_tries] == [
        (500, False),
        (404, False),
        (503, False),
        (200, True),
    ]
    stamps = [int(headers["X-Fal-Webhook-Timestamp"]) for headers, _ in hook.received]
    assert stamps[-1] - stamps[0] >= 70
    assert [await signer(fal, http, *one) for one in hook.received] == [1] * 4


async def test_tries_end_with_the_stored_result(fal, hook, told):
    hook.statuses = [500] * 50
    job = await told(until_final=False, headers={"X-Fal-Store-IO": "0"})
    while not job.webhook_tries or not job.webhook_tries[-1].is_final:
        count = len(job.webhook_tries)
        fal.advance(min(10 * 2 ** max(0, count - 1), 600))
        await fal.until(lambda count=count: len(job.webhook_tries) > count)
    assert job.webhook_tries[-1].at_ms <= job.ended_at_ms + 3_600_000
    assert 5 <= len(job.webhook_tries) < 31


async def test_a_redirection_is_final_and_only_loopback_is_called(hook, told):
    hook.statuses = [302]
    assert [one.status for one in (await told()).webhook_tries] == [302]
    assert len(hook.received) == 1
    for url in ("https://bot.invalid/hook", "http://192.0.2.1/", "ftp://127.0.0.1/", "http://["):
        far = await told(url=url)
        assert [(one.status, one.is_final) for one in far.webhook_tries] == [(None, True)]


async def test_the_first_try_waits_less_than_the_others(hook, sent):
    settings = StandInFalSettings(webhook_timeouts_s=(0.05, 5.0), webhook_tries=2)
    silent = []

    async def handle(request):
        silent.append(await request.read())
        if len(silent) == 1:
            await asyncio.sleep(0.3)
        return web.Response()

    async with (
        StandInFal(settings) as fal,
        serving(handle) as url,
        httpx.AsyncClient(base_url=fal.queue_url, headers=AUTH, trust_env=False) as http,
    ):
        await http.post(ROOT, json=sent, params={"fal_webhook": url})
        job = await fal.next_job()
        await fal.until(lambda: len(job.webhook_tries) == 1)
        fal.advance(10)
        await fal.until(lambda: len(job.webhook_tries) == 2)
    assert [one.status for one in job.webhook_tries] == [None, 200]


async def test_a_lost_runner_gives_the_gateway_another_id(fal, http, sent, hook):
    await http.post(ROOT, json=sent, params={"fal_webhook": hook.url})
    job = await fal.next_job()
    await fal.start(job)
    await fal.requeue(job)
    await fal.finish(job)
    await fal.until(lambda: len(hook.received) == 1)
    [body] = hook.bodies
    assert body["request_id"] == job.id != body["gateway_request_id"]


async def test_a_webhook_can_be_lost_late_and_doubled(fal, hook, told):
    fal.faults.add(named("webhook_lost"))
    lost = await told(until_final=False)
    late = fal.faults.add(named("webhook_late"))
    job = await told(until_final=False)
    await late.struck.wait()
    assert hook.received == []
    late.release()
    await fal.until(lambda: bool(job.webhook_tries))
    fal.faults.add(named("webhook_twice"))
    twice = await told(until_final=False)
    await fal.until(lambda: len(twice.webhook_tries) == 2)
    ids = [body["request_id"] for body in hook.bodies]
    assert ids == [job.id, twice.id, twice.id]
    assert lost.webhook_tries == []


async def test_a_webhook_can_be_forged_stale_or_of_the_future(fal, http, hook, told):
    for name in ("webhook_forged", "webhook_stale", "webhook_of_the_future"):
        fal.faults.add(named(name))
        await told()
    forged, stale, early = hook.received
    assert await signer(fal, http, *forged) is None
    assert [await signer(fal, http, *one) for one in (stale, early)] == [1, 1]
    now_s = fal.now_ms() / 1000
    ages = [now_s - int(headers["X-Fal-Webhook-Timestamp"]) for headers, _ in (stale, early)]
    assert ages[0] > 300
    assert ages[1] < -295


async def test_a_webhook_may_have_no_payload_and_other_words(fal, hook, told):
    fal.faults.add(named("webhook_bare"))
    await told()
    fal.faults.add(named("webhook_other_words"))
    await told(num_images=9)
    bare, other = hook.bodies
    assert (bare["payload"], bool(bare["payload_error"]), bare["status"]) == (None, True, "OK")
    assert other["error"] == "Unexpected status code: 422"


async def test_addresses_and_keys_can_be_asked_for_by_anybody_and_can_fail(fal, http):
    for path in ("/v1/meta", "/.well-known/jwks.json"):
        assert (await http.get(path, headers={"Authorization": ""})).status_code == 200
    assert (await http.get("/v1/meta")).json() == {"webhook_ip_ranges": ["127.0.0.0/8", "::1/128"]}
    fal.faults.add(named("keys_503"))
    fal.faults.add(named("meta_500"))
    answers = [await http.get(path) for path in ("/.well-known/jwks.json", "/v1/meta")]
    assert [one.status_code for one in answers] == [503, 500]
    assert fal.violations == []
