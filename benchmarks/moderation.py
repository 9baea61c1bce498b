"""Measures what a long past and many rules cost: `python -m benchmarks.moderation`.

Deciding and holding: two databases side by side, one empty, one with a past of a million entries,
200 rules and a member of 50 roles; requests are accepted in both by turns, so that what else the
machine does meets both alike. The report: the real bot before its stand-ins over the full
database; members ask for pictures while a moderator asks for the month's report, and without.
Loopback only.
"""

import asyncio
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from benchmarks import machine
from benchmarks.bots import FAL_KEY
from benchmarks.figures import percentile
from benchmarks.past import DAYS, SERVER, seed
from benchmarks.places import Places, opened_places
from bot.core.jobs import Request
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.core.models.registry import DEFAULT
from bot.core.preferences import Defaults
from bot.services.clock import SystemClock
from bot.services.container import Services
from bot.services.generation.build import Policy
from bot.services.generation.imagine import Imagine
from bot.services.limits.allowance import HostLimits
from bot.services.ports import Ports
from bot.storage import rules
from bot.storage.database import Database, migrated_database, opened_database
from standins.process import BotProcess

RULES, ROLES = 200, 50
ROLE_FIRST = 5_000
CHANNEL, MEMBER = 2**60 + 1000, 2**60 + 100_000
"""One of the channels and the busiest member of that past."""

PLENTY_IMAGES, PLENTY_MICROUSD = 1_000_000, 10**12
_REQUESTS, _WARM = 600, 50
_PAUSE_S = 0.003
"""Between two requests: what the file system still does for one must not meet the next. Without it
two empty databases differ by half."""
_REPORTS = 5
_WAIT_S = 30.0


@click.command(help=__doc__)
@click.option("--entries", default=1_000_000, show_default=True, help="Entries of the past.")
@click.option("--only", type=click.Choice(["decide", "report"]), help="One of the two.")
def main(*, entries: int, only: str | None) -> None:
    asyncio.run(_main(entries, only))


async def _main(entries: int, only: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix="imagine-bench-") as folder:
        if only != "report":
            await _decide(Path(folder), entries)
        if only != "decide":
            await _report(Path(folder), entries)
    print(f"- {machine.described()}")


# Deciding and holding


async def _decide(folder: Path, entries: int) -> None:
    full = f"sqlite:///{folder / 'full.db'}"
    _say(f"a past of {entries:,} entries and {RULES} rules")
    # The past ends yesterday: what is held now comes after all of it, as in real life.
    await seed(full, entries, first_day=datetime.now(UTC).date() - timedelta(days=DAYS))
    async with (
        migrated_database(f"sqlite:///{folder / 'empty.db'}") as empty_db,
        opened_database(full) as full_db,
    ):
        await _put_rules(full_db)
        os.sync()  # the seed's own pages are not to be written in the middle of the measuring
        _say(f"{_REQUESTS} requests in each, by turns")
        sides = [
            (_imagine(empty_db, folder), frozenset[int]()),
            (_imagine(full_db, folder), _roles()),
        ]
        took: list[list[float]] = [[], []]
        for number in range(_REQUESTS + _WARM):
            for (imagine, role_ids), found in zip(sides, took, strict=True):
                await asyncio.sleep(_PAUSE_S)
                started_s = time.perf_counter()
                await imagine.accept(_request(role_ids))
                if number >= _WARM:
                    found.append(time.perf_counter() - started_s)
    empty, crowded = (statistics.median(found) for found in took)
    print(
        f"- deciding and holding, p50/p99 ms: empty {_ms(took[0])}; "
        f"{RULES} rules, {ROLES} roles, {entries:,} entries {_ms(took[1])}; "
        f"ratio of the medians {crowded / empty:.2f} (aim 1.5)"
    )


def _roles() -> frozenset[int]:
    return frozenset(range(ROLE_FIRST, ROLE_FIRST + ROLES))


async def _put_rules(database: Database) -> None:
    """Rules of every sort; several of them hold for the member, and all leave room."""
    kinds = itertools.product(Unit, Window)
    sorts = itertools.cycle([
        (Subject.ROLE, ROLE_FIRST), (Subject.ROLE, ROLE_FIRST + 25), (Subject.MEMBER, MEMBER),
        (Subject.CHANNEL, CHANNEL),
    ])  # fmt: skip
    spread = itertools.cycle(kinds)
    async with database.write(SERVER) as connection:
        for number in range(RULES):
            subject, first = next(sorts)
            unit, window = next(spread)
            amount = PLENTY_IMAGES if unit is Unit.IMAGES else PLENTY_MICROUSD
            rule = Rule(subject, first + number // 8, unit, window, amount + number)
            await rules.put(connection, SERVER, rule, reason="", set_by=1, at_ms=1)
        known, _ = await rules.load(connection, SERVER)
    assert len(known) == RULES


def _imagine(database: Database, folder: Path) -> Imagine:
    limits = HostLimits(default_images_per_day=PLENTY_IMAGES)
    policy = Policy(limits, Defaults(DEFAULT, Size(1024, 1024), Quality.MEDIUM), folder)
    nothing: Any = None  # requests are accepted and never started
    ports = Ports(nothing, nothing, nothing, nothing)
    return Services(database, SystemClock(), policy, ports).imagine


def _request(role_ids: frozenset[int]) -> Request:
    return Request(
        server_id=SERVER,
        channel_id=CHANNEL,
        member_id=MEMBER,
        role_ids=role_ids,
        prompt="a lighthouse at dusk",
        size=None,
        quality=None,
        count=None,
        format=Format.PNG,
        private=False,
        interaction_token="token",
        file_limit_bytes=10_000_000,
    )


# The report


async def _report(folder: Path, entries: int) -> None:
    async with _crowded_bot(folder, entries) as (places, moderator):
        _say("first answers without a report")
        quiet = await _answers(places, 5.0)
        _say(f"{_REPORTS} reports, and first answers meanwhile")
        first = (datetime.now(UTC).date() - timedelta(days=DAYS - 1)).isoformat()
        busy, reports = [], []
        for _ in range(_REPORTS):
            asked = {"member": moderator, "channel": places.channel}
            options = {"from": first}
            answer = await places.discord(
                "slash", **asked, name="imagine-admin usage", options=options
            )
            meanwhile = asyncio.create_task(_answers(places, 2.0))
            timings = await places.discord("timings", ids=answer["ids"], pictures=1, wait_s=_WAIT_S)
            reports.append(timings["timings"][0]["pictures_s"])
            busy += await meanwhile
    print(
        f"- the month's report over {entries:,} entries: p50 {statistics.median(reports):.2f} s, "
        f"longest {max(reports):.2f} s (aim 2); first answers meanwhile, p50/p99 ms: {_ms(busy)}; "
        f"without it {_ms(quiet)}; ratio of the medians "
        f"{statistics.median(busy) / statistics.median(quiet):.2f}"
    )


async def _answers(places: Places, for_s: float) -> list[float]:
    """Ask for pictures ten times a second and time the first answers."""
    ids: list[str] = []
    until_s = time.monotonic() + for_s
    while time.monotonic() < until_s:
        command = places.command(len(ids), "a lighthouse at dusk")
        ids += (await places.discord("slash", **command))["ids"]
        await asyncio.sleep(0.1)
    timings = await places.discord("timings", ids=ids, wait_s=_WAIT_S)
    return [one["answer_s"] for one in timings["timings"]]


@asynccontextmanager
async def _crowded_bot(folder: Path, entries: int) -> AsyncGenerator[tuple[Places, str]]:
    """The real bot over a past of the server that its Discord has."""
    database_url = f"sqlite:///{folder / 'report.db'}"
    async with opened_places() as places:
        await places.settle()
        asked = {"guild": places.guild, "name": "moderator", "role": "moderator"}
        moderator = (await places.discord("member", **asked))["id"]
        _say(f"a past of {entries:,} entries")
        await seed(database_url, entries, server_id=int(places.guild))
        settings = {
            "DISCORD_TOKEN": places.token,
            "DISCORD_API_URL": places.api_url,
            "FAL_KEY": FAL_KEY,
            "FAL_QUEUE_URL": places.fal_url,
            "FAL_MEDIA_HOSTS": places.fal_url.removeprefix("http://"),
            "FAL_CONCURRENCY": "40",
            "DATABASE_URL": database_url,
            "DATA_DIR": str(folder / "data"),
            "DEFAULT_IMAGES_PER_DAY": str(PLENTY_IMAGES),
            "HTTP_PORT": "0",
        }
        async with BotProcess(folder, settings):
            await places.discord("ready", timeout_s=30)
            yield places, moderator


def _ms(values: list[float]) -> str:
    return f"{percentile(values, 0.5) * 1000:.1f} / {percentile(values, 0.99) * 1000:.1f}"


def _say(text: str) -> None:
    click.echo(f"… {text}", err=True)


if __name__ == "__main__":
    main()
