"""Random lives of jobs and gifts: after every step the ledger must add up, and equal a model.

The model takes single things out of gifts and puts single things back, one after the other.
"""

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from bot.core.errors import Broken, LedgerBroken
from bot.core.gifts import Draw, Gift
from bot.core.jobs import Event, State
from bot.core.limits import Account, Unit, Usage
from bot.storage import gifts, jobs, ledger
from bot.storage.connection import Connection
from bot.storage.database import migrate, open_database
from tests.storage.samples import NOW_MS, ledger_problems, make_job

DAYS = ("2026-03-01", "2026-03-02")
AMOUNT = st.integers(0, 1_000_000)
COUNT = st.integers(0, 4)
STEP_MICROUSD = 50_000
"""The model counts money in steps of this size, so that it need not count to a million."""


@dataclass
class Life:
    """What the model knows of one job: its charge, and the gift that each single thing is of."""

    member: int
    day: str
    charged: Usage
    drawn: dict[Unit, Counter[str]] = field(default_factory=dict)

    def own(self, unit: Unit) -> int:
        return self.charged.of(unit) - self.drawn[unit].total()


class LedgerMachine(RuleBasedStateMachine):
    jobs_made = Bundle("jobs_made")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.runner = asyncio.Runner()
        self.database = self.runner.run(open_database(f"sqlite:///{self.folder}/bot.db"))
        self.runner.run(migrate(self.database))
        self.open_jobs: set[str] = set()
        self.rendered: set[str] = set()
        self.lives: dict[str, Life] = {}
        self.gifts: dict[str, Gift] = {}
        self.owner: dict[str, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.database.close())
            self.runner.close()
            shutil.rmtree(self.folder)

    def write(self, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            async with self.database.write(1) as conn:
                return await work(conn)

        return self.runner.run(run())

    @rule(
        member=st.integers(1, 2),
        unit=st.sampled_from(Unit),
        amount=st.integers(1, 6),
        until=st.integers(1, 3),
    )
    def give(self, member: int, unit: Unit, amount: int, until: int) -> None:
        amount *= STEP_MICROUSD if unit is Unit.USD else 1
        given = Gift(f"gift{len(self.gifts):012}", unit, amount, amount, NOW_MS + until, 7, "")

        async def work(conn: Connection) -> None:
            await ledger.gift(conn, 1, member, given, days=(DAYS[0], DAYS[0]), at_ms=NOW_MS)

        self.write(work)
        self.gifts[given.id] = given
        self.owner[given.id] = member

    @rule(member=st.integers(1, 2), unit=st.sampled_from(Unit))
    def end(self, member: int, unit: Unit) -> None:
        """What is held of an ended gift stays held, and what comes back to it is gone."""
        ended = self.write(lambda conn: gifts.end(conn, 1, member, unit, NOW_MS))
        mine = {one.id: one for one in self.of(member) if one.unit is unit}
        assert {one.id: one.left for one in ended} == {one.id: one.left for one in mine.values()}
        for name, one in mine.items():
            self.gifts[name] = replace(one, until_ms=NOW_MS)

    def of(self, member: int) -> list[Gift]:
        """The gifts of a member that have not ended, the earliest end first."""
        mine = [one for one in self.gifts.values() if self.owner[one.id] == member]
        live = [one for one in mine if one.until_ms > NOW_MS]
        return sorted(live, key=lambda one: (one.until_ms, one.id))

    def draw(self, member: int, unit: Unit, wanted: int) -> Counter[str]:
        """Take single steps out of gifts, as far as they go."""
        step = STEP_MICROUSD if unit is Unit.USD else 1
        drawn: Counter[str] = Counter()
        while drawn.total() + step <= wanted:
            having = [one for one in self.of(member) if one.unit is unit and one.left >= step]
            if not having:
                break
            self.move(having[0].id, -step)
            drawn[having[0].id] += step
        return drawn

    def move(self, gift_id: str, amount: int) -> None:
        self.gifts[gift_id] = replace(self.gifts[gift_id], left=self.gifts[gift_id].left + amount)

    @rule(
        target=jobs_made,
        member=st.integers(1, 2),
        channel=st.integers(1, 2),
        count=st.integers(1, 4),
        held=AMOUNT,
        day=st.sampled_from(DAYS),
        bot_day=st.sampled_from(DAYS),
        shares=st.tuples(st.integers(0, 4), st.integers(0, 20)),
    )
    def hold(self, **kw: Any) -> str:
        """Hold; of the charge, up to so many pictures and steps of money come out of gifts."""
        job = make_job(
            server_id=1,
            channel_id=kw["channel"],
            member_id=kw["member"],
            count=kw["count"],
            held_microusd=kw["held"],
        )
        images, steps = kw["shares"]
        drawn = {
            Unit.IMAGES: self.draw(kw["member"], Unit.IMAGES, min(images, kw["count"])),
            Unit.USD: self.draw(kw["member"], Unit.USD, min(steps * STEP_MICROUSD, kw["held"])),
        }
        draws = [Draw(name, unit, part) for unit in Unit for name, part in drawn[unit].items()]

        async def work(conn: Connection) -> None:
            await ledger.hold(
                conn, job, day=kw["day"], bot_day=kw["bot_day"], at_ms=NOW_MS, draws=draws
            )
            await jobs.insert(conn, job, NOW_MS)

        self.write(work)
        self.open_jobs.add(job.id)
        charged = Usage(kw["count"], kw["held"])
        self.lives[job.id] = Life(kw["member"], kw["day"], charged, drawn)
        return job.id

    def recharge(self, job: str, charged: Usage) -> None:
        """Change a job's charge; what comes back goes to gifts first, the latest end first."""
        life = self.lives[job]
        for unit in Unit:
            back = life.charged.of(unit) - charged.of(unit)
            drawn = life.drawn[unit]
            while back > 0 and drawn.total():
                last = max(+drawn, key=lambda name: (self.gifts[name].until_ms, name))
                part = min(back, drawn[last], STEP_MICROUSD)
                drawn[last] -= part
                self.move(last, part)
                back -= part
        life.charged = charged

    @rule(member=st.integers(1, 2), too_much=st.integers(1, 3))
    def overdraw(self, member: int, too_much: int) -> None:
        """No hold gets more out of a gift than it has left."""
        job = make_job(server_id=1, member_id=member, count=4)
        for one in self.of(member)[:1]:
            draws = [Draw(one.id, one.unit, one.left + too_much)]

            async def work(conn: Connection, draws: list[Draw] = draws) -> None:
                await ledger.hold(
                    conn, job, day=DAYS[0], bot_day=DAYS[0], at_ms=NOW_MS, draws=draws
                )

            with pytest.raises(Broken, match="gifts_drawn"):
                self.write(work)

    @rule(job=jobs_made, cost=AMOUNT, images=COUNT, charge_images=COUNT, charge=AMOUNT)
    def settle(self, job: str, **kw: Any) -> None:
        async def work(conn: Connection) -> None:
            outcome = ledger.Settlement(
                kw["cost"], kw["images"], kw["charge_images"], kw["charge"], is_computed=False
            )
            await ledger.settle(conn, job, outcome, NOW_MS)
            path = (
                (State.HELD, Event.SUBMIT),
                (State.SUBMITTING, Event.ACCEPT),
                (State.QUEUED, Event.RENDER),
            )
            for expected, event in path:
                cost = kw["cost"] if event is Event.RENDER else None
                await jobs.advance(
                    conn,
                    job,
                    expected=expected,
                    event=event,
                    at_ms=NOW_MS,
                    changes=jobs.JobChanges(cost_microusd=cost),
                )

        self.resolve(job, work, Usage(kw["charge_images"], kw["charge"]))

    @rule(job=jobs_made)
    def release(self, job: str) -> None:
        async def work(conn: Connection) -> None:
            await ledger.release(conn, job, NOW_MS)
            await jobs.advance(conn, job, expected=State.HELD, event=Event.CANCEL, at_ms=NOW_MS)

        self.resolve(job, work, Usage())

    def resolve(
        self, job: str, work: Callable[[Connection], Awaitable[None]], charged: Usage
    ) -> None:
        if job in self.open_jobs:
            self.write(work)
            self.open_jobs.remove(job)
            self.recharge(job, charged)
        else:
            with pytest.raises(LedgerBroken):
                self.write(work)

    @rule(
        job=jobs_made,
        images=st.integers(-2, 2),
        microusd=st.integers(-(10**6), 10**6),
        charge_images=st.integers(-2, 2),
        charge=st.integers(-(10**6), 10**6),
    )
    def adjust(self, job: str, **kw: Any) -> None:
        """What is refused (an open hold, a total below zero) must leave everything alone."""

        async def work(conn: Connection) -> None:
            change = ledger.Adjustment(
                kw["images"], kw["microusd"], kw["charge_images"], kw["charge"]
            )
            await ledger.adjust(conn, job, change, NOW_MS)

        try:
            self.write(work)
        except LedgerBroken:
            return
        assert job not in self.open_jobs
        before = self.lives[job].charged
        self.recharge(
            job, Usage(before.images + kw["charge_images"], before.microusd + kw["charge"])
        )

    @rule(job=jobs_made, settles=st.booleans())
    def crash(self, job: str, settles: bool) -> None:
        """A booking whose transaction fails afterwards never was."""

        async def work(conn: Connection) -> None:
            if settles:
                await ledger.settle(
                    conn, job, ledger.Settlement(1, 1, 1, 1, is_computed=True), NOW_MS
                )
            else:
                await ledger.release(conn, job, NOW_MS)
            raise KeyError

        with pytest.raises((KeyError, LedgerBroken)):
            self.write(work)

    @invariant()
    def adds_up(self) -> None:
        if not hasattr(self, "runner"):
            return

        async def work(conn: Connection) -> None:
            assert await ledger_problems(conn) == []
            for job, life in self.lives.items():
                assert await ledger.net_charge(conn, job) == life.charged
                drawn = {draw.gift_id: draw.amount for draw in await gifts.drawn_by(conn, job)}
                assert drawn == dict(+sum(life.drawn.values(), Counter()))
            for member in (1, 2):
                live = [one for one in self.of(member) if one.left]
                assert await gifts.live(conn, 1, member, NOW_MS) == live
                await self.own_parts_add_up(conn, member)
            rows = await conn.fetch("SELECT id, amount - drawn AS left_ FROM gifts")
            assert {row["id"]: row["left_"] for row in rows} == {
                name: one.left for name, one in self.gifts.items()
            }
            assert all(0 <= one.left <= one.amount for one in self.gifts.values())

        self.write(work)

    async def own_parts_add_up(self, conn: Connection, member: int) -> None:
        """What gifts pay counts in no window of the member's own."""
        found = await ledger.usage(
            conn,
            server_id=1,
            member_id=member,
            channel_id=1,
            periods={(Account.MEMBER, day) for day in DAYS},
        )
        for day in DAYS:
            mine = [one for one in self.lives.values() if one.member == member and one.day >= day]
            assert found[Account.MEMBER, day] == Usage(
                sum(one.own(Unit.IMAGES) for one in mine), sum(one.own(Unit.USD) for one in mine)
            )


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
