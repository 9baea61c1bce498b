"""The stand-in is driven from another process by plain HTTP."""

import asyncio
import sys

import httpx
import pytest

ROOT = "/openai/gpt-image-2"


async def test_a_driver_sets_the_pace_and_reads_what_happened(fal, http, submit):
    first, second = await submit(), await submit()
    state = (await http.get("/_standin/state")).json()
    assert (state["waiting"], state["running"], state["counts"]) == (2, 0, {"submit": 2})
    await http.post(f"/_standin/jobs/{first.id}/start")
    await http.post(f"/_standin/jobs/{first.id}/requeue")
    await http.post(f"/_standin/jobs/{first.id}/finish")
    assert first.runs == 2
    await http.post("/_standin/set", json={"run_s": 0, "concurrency": 3})
    await http.post("/_standin/release")
    await fal.ended(second)
    state = (await http.get("/_standin/state")).json()
    assert state["states"] == {"COMPLETED": 2}
    assert state["billed_microusd"] == fal.billed_microusd
    assert fal.concurrency == 3
    await http.post("/_standin/hold")
    await submit()
    forgotten = (await http.post("/_standin/forget")).json()
    assert (forgotten["counts"], forgotten["waiting"]) == ({}, 1)


async def test_a_driver_arms_faults_for_some_prompts(fal, http, sent, submit):
    fault = {"name": "submit_locked", "times": None, "prompt_has": "DRAGON"}
    assert (await http.post("/_standin/faults", json=fault)).json()["armed"] == 1
    assert (await http.post(ROOT, json={**sent, "prompt": "a dragon"})).status_code == 403
    await submit()
    assert (await http.post(ROOT, json={**sent, "prompt": "Dragons"})).status_code == 403
    assert (await http.delete("/_standin/faults")).json()["armed"] == 0
    await submit(prompt="a dragon")


async def test_a_driver_moves_the_time_of_day(fal, http):
    before = fal.now_ms()
    await http.post("/_standin/advance", json={"seconds": 60})
    assert fal.now_ms() >= before + 60_000


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"name": "submit_haunted"}),
        ("set", {"run_s": -1}),
        ("set", {"colour": 1}),
        ("advance", {}),
        ("jobs/unknown/start", {}),
        ("jobs/unknown", {}),
        ("dance", {}),
    ],
)
async def test_commands_that_make_no_sense_are_refused(http, path, body):
    assert (await http.post(f"/_standin/{path}", json=body)).status_code == 400


async def test_pages_in_a_browser_cannot_drive_it(http):
    headers = {"Origin": "https://elsewhere.invalid"}
    assert (await http.post("/_standin/hold", headers=headers)).status_code == 403


async def test_it_runs_as_a_process_of_its_own():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "standins.fal",
        *("--port", "0", "--run-s", "0", "--picture-bytes-min", "50000", "--reuse-pictures"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        headers = {"Authorization": "Key demo:demo"}
        async with httpx.AsyncClient(headers=headers, trust_env=False) as http:
            answer = await http.post(url + ROOT, json={"prompt": "a fox"})
            async with http.stream("GET", answer.json()["status_url"] + "/stream") as stream:
                async for _ in stream.aiter_lines():
                    pass
            images = (await http.get(answer.json()["response_url"])).json()["images"]
            assert len((await http.get(images[0]["url"])).content) >= 50_000
    finally:
        process.terminate()
        await process.wait()
