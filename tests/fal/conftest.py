"""A stand-in fal whose time is stopped, and the bot's own client in front of it, in a hurry."""

from dataclasses import replace

import pytest

from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.fal import FalQueue, FalSettings, Pace
from bot.services.ports import Order
from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings
from standins.fal.trouble import named

HASTE = Pace(
    connect_s=2,
    submit_s=2,
    answer_s=5,
    picture_s=5,
    stall_s=2,
    silent_s=5,
    restream_s=0.05,
    poll_first_s=0.005,
    poll_most_s=0.02,
    outage_most_s=0.02,
    repeat_first_s=0.002,
)


async def collected(queue, ticket):
    """Follow a request to its end."""
    return [report async for report in queue.follow(ticket)]


@pytest.fixture
async def fal():
    settings = StandInFalSettings(concurrency=2, reuse_pictures=True, ping_s=0.05)
    async with StandInFal(settings) as standin:
        standin.hold()
        yield standin


@pytest.fixture
def order():
    return Order("job-1", "a fox in a forest", Size(1024, 768), Quality.LOW, 1, Format.PNG)


@pytest.fixture
def settings(fal):
    return FalSettings(
        key=fal.settings.key,
        admin_key=fal.settings.admin_key,
        queue_url=fal.queue_url,
        api_url=fal.api_url,
        media_hosts=(fal.media_host,),
        pace=HASTE,
    )


@pytest.fixture
async def queue(settings):
    async with FalQueue(settings) as opened:
        yield opened


@pytest.fixture
def hurried(settings):
    """A queue of its own with another pace or other settings."""

    def open_queue(**changes):
        pace = replace(HASTE, **changes.pop("pace", {}))
        return FalQueue(replace(settings, pace=pace, **changes))

    return open_queue


@pytest.fixture
def trouble(fal):
    """Arm a fault by name."""

    def arm(name, **options):
        return fal.faults.add(named(name), **options)

    return arm


@pytest.fixture
def rendered(fal, queue, order):
    """Submit an order and let it end."""

    async def render(**changes):
        ticket = await queue.submit(replace(order, **changes))
        await fal.finish(await fal.next_job())
        return ticket

    return render


@pytest.fixture
def running(fal, queue, order):
    """Submit an order and start it."""

    async def run():
        ticket = await queue.submit(order)
        job = await fal.next_job()
        await fal.start(job)
        return ticket, job

    return run
