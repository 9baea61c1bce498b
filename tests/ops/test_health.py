import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.ops.health import Probe, Steady, health_routes
from bot.ops.http import HttpServer


class Probes:
    """What the two probes answer in a test."""

    def __init__(self):
        self.database = True
        self.discord = True
        self.asked = 0

    async def ask_database(self) -> bool:
        self.asked += 1
        return self.database

    async def ask_discord(self) -> bool:
        return self.discord


@pytest.fixture
def probes() -> Probes:
    return Probes()


def served(named: dict[str, Probe], port: int = 0) -> HttpServer:
    return HttpServer("127.0.0.1", port, health_routes(named, {}))


@pytest.fixture
async def health(probes) -> AsyncIterator[HttpServer]:
    opened = served({"database": probes.ask_database, "discord": probes.ask_discord})
    await opened.open()
    yield opened
    await opened.close()


async def get(health: HttpServer, path: str, method: str = "GET") -> tuple[int, str, str]:
    address = f"http://127.0.0.1:{health.port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, address) as answer:
        return answer.status, answer.content_type, await answer.text()


async def test_a_living_process_says_so_and_asks_nobody(health, probes):
    probes.database = probes.discord = False

    assert await get(health, "/healthz") == (200, "application/json", '{"alive": true}')
    assert probes.asked == 0


@pytest.mark.parametrize(
    ("database", "discord", "status", "body"),
    [
        (True, True, 200, '{"database": true, "discord": true}'),
        (False, True, 503, '{"database": false, "discord": true}'),
        (True, False, 503, '{"database": true, "discord": false}'),
        (False, False, 503, '{"database": false, "discord": false}'),
    ],
)
async def test_ready_means_that_everything_answers(health, probes, database, discord, status, body):
    probes.database, probes.discord = database, discord
    assert await get(health, "/readyz") == (status, "application/json", body)


async def test_readiness_is_asked_anew_each_time(health, probes):
    statuses: list[int] = []
    for probes.discord in (False, True, False):
        statuses.append((await get(health, "/readyz"))[0])

    assert statuses == [503, 200, 503]
    assert probes.asked == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/readyz/x", 404),
        ("POST", "/healthz", 405),
        ("HEAD", "/readyz", 200),
    ],
)
async def test_there_is_nothing_else_to_see(health, method, path, status):
    assert (await get(health, path, method))[0] == status


async def test_a_taken_port_is_an_error_and_a_closed_one_is_free(health):
    second = served({}, health.port)
    with pytest.raises(OSError, match="address already in use"):
        await second.open()
    await second.close()

    port = health.port
    await health.close()

    third = served({}, port)
    await third.open()
    assert third.port == port
    assert await get(third, "/readyz") == (200, "application/json", "{}")
    await third.close()


async def test_a_steady_probe_is_asked_once_by_all_and_anew_after_its_time():
    answers = [True, False]
    asked: list[float] = []

    async def probe() -> bool:
        asked.append(time.monotonic())
        await asyncio.sleep(0.01)
        return answers[len(asked) - 1]

    steady = Steady(probe, for_s=0.2)
    assert await asyncio.gather(*(steady() for _ in range(5))) == [True] * 5
    assert len(asked) == 1
    await asyncio.sleep(0.25)
    assert await steady() is False
    assert len(asked) == 2
    assert asked[1] - asked[0] >= 0.2
