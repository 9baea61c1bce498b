"""Random lives of jobs: after every step the ledger must add up, and equal a model in memory."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from bot.core.errors import LedgerBroken
from bot.core.jobs import Event, State
from bot.core.limits import Account, Usage
from bot.storage import jobs, ledger
from bot.storage.connection import Connection
from bot.storage.database import migrate, open_database
from tests.storage.samples import NOW_MS, make_job

DAYS = ("2026-03-01", "2026-03-02")
AMOUNT = st.integers(0, 1_000_000)
COUNT = st.integers(0, 4)


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
        self.member_of: dict[str, tuple[int, str]] = {}
        self.charged: dict[str, Usage] = {}

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
        target=jobs_made,
        member=st.integers(1, 2),
        channel=st.integers(1, 2),
        count=st.integers(1, 4),
        held=AMOUNT,
        day=st.sampled_from(DAYS),
        bot_day=st.sampled_from(DAYS),
    )
    def hold(self, **kw: Any) -> str:
        job = make_job(
            server_id=1,
            channel_id=kw["channel"],
            member_id=kw["member"],
            count=kw["count"],
            held_microusd=kw["held"],
        )

        async def work(conn: Connection) -> None:
            await ledger.hold(conn, job, day=kw["day"], bot_day=kw["bot_day"], at_ms=NOW_MS)
            await jobs.insert(conn, job, NOW_MS)

        self.write(work)
        self.open_jobs.add(job.id)
        self.member_of[job.id] = (kw["member"], kw["day"])
        self.charged[job.id] = Usage(kw["count"], kw["held"])
        return job.id

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
            self.charged[job] = charged
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
        before = self.charged[job]
        self.charged[job] = Usage(
            before.images + kw["charge_images"], before.microusd + kw["charge"]
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
            assert await ledger.check(conn) == []
            for job, charged in self.charged.items():
                assert await ledger.net_charge(conn, job) == charged
            for member in (1, 2):
                found = await ledger.usage(
                    conn,
                    server_id=1,
                    member_id=member,
                    channel_id=1,
                    periods={(Account.MEMBER, day) for day in DAYS},
                )
                for day in DAYS:
                    mine = [
                        self.charged[job]
                        for job, (who, on) in self.member_of.items()
                        if who == member and on >= day
                    ]
                    assert found[Account.MEMBER, day] == Usage(
                        sum(u.images for u in mine), sum(u.microusd for u in mine)
                    )

        self.write(work)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
