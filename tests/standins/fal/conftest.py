"""A stand-in fal whose time is stopped, a client with its key, and a way to submit a job."""

import httpx
import pytest

from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings

ROOT = "/openai/gpt-image-2"
AUTH = {"Authorization": "Key demo:demo"}


@pytest.fixture
def sent():
    """A legal input."""
    return {
        "prompt": "a fox in a forest",
        "image_size": {"width": 1024, "height": 768},
        "quality": "low",
        "num_images": 2,
        "output_format": "png",
    }


@pytest.fixture
async def fal():
    async with StandInFal(StandInFalSettings(concurrency=1)) as standin:
        standin.hold()
        yield standin


@pytest.fixture
async def http(fal):
    async with httpx.AsyncClient(
        base_url=fal.queue_url, headers=AUTH, timeout=5, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def submit(fal, http, sent):
    """Submit a job with changed fields; returns the stand-in's side of it."""

    async def submit_one(**changes):
        answer = await http.post(ROOT, json={**sent, **changes})
        assert answer.status_code == 200, answer.text
        return await fal.next_job()

    return submit_one


@pytest.fixture
def finished(fal, submit):
    """Submit a job and let it end."""

    async def finish_one(**changes):
        job = await submit(**changes)
        await fal.finish(job)
        return job

    return finish_one
