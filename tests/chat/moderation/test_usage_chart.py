"""The chart: what stands in it, and the process that draws it, which may fail in any way."""

import asyncio
import io
import logging
import os
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.chat.moderation.usage.chart import ChartDrawer, percent, plan_of, shown_days
from bot.chat.moderation.usage.chart_plan import LABEL_CHARS_MAX, Bar, Plan, Row, read, written
from bot.chat.moderation.usage.drawing import INPUT_BYTES_MAX, WIDTH, draw
from bot.core.typed.ranges import DAYS_MAX, Days
from bot.services.reporting.usage import UsageReport
from bot.storage.usage import Figures, Report

FIRST = date(2026, 1, 30)
HUGE = 10**15


def make_report(count: int = 31, *, outlier: bool = False, **found) -> UsageReport:
    """Days with all three qualities, unless days are given."""
    days = {
        ((FIRST + timedelta(days=n)).isoformat(), quality): Figures(2, 3, 1000 * (n + number), 3, 7)
        for n in range(count)
        for number, quality in enumerate(("high", "low", "medium"))
    }
    if outlier:
        days[FIRST.isoformat(), "high"] = Figures(1, 1, HUGE, 1, HUGE)
    given = {"days": days, "members_in_all": 8, "outcomes": {"delivered": 9, "content": 1}, **found}
    given.setdefault("members", {n: Figures(3, 3, 10_000 - n, 3, 3) for n in range(8)})
    last = FIRST + timedelta(days=count - 1)
    return UsageReport(1, Days(FIRST, last), "UTC", Report(**given))


def opened(picture: bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture)) as image:
        image.load()
    assert image.format == "PNG"
    assert image.width == WIDTH
    assert 700 < image.height < 1600
    return image


REPORTS = {
    "one day": make_report(1),
    "a week": make_report(7),
    "a month": make_report(31),
    "a quarter": make_report(90),
    "a year": make_report(DAYS_MAX),
    "an outlier": make_report(31, outlier=True),
    "nothing": make_report(31, days={}, members={}, members_in_all=0, outcomes={}),
    "only refusals": make_report(1, days={}, members={}, outcomes={}, refusals={"limit": 3}),
    "free jobs": make_report(
        2, days={(FIRST.isoformat(), "low"): Figures(1)}, members={1: Figures(1)}
    ),
    "one member": make_report(7, members={1: Figures(1, 1, 5)}, members_in_all=1),
    "two models": make_report(
        2,
        days={
            ((FIRST + timedelta(days=n)).isoformat(), quality): Figures(1, 1, 10**number)
            for n in range(2)
            for number, quality in enumerate(("draft", "final", "high", "low", "medium"))
        },
        members={1: Figures(10, 10, 22_222)},
        members_in_all=1,
    ),
    "millions": make_report(
        31,
        outlier=True,
        members={1: Figures(10**7, 10**8, HUGE)},
        members_in_all=1,
        outcomes={"delivered": 10**9, "failed": 1},
    ),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_report_makes_a_picture_that_is_not_empty(report):
    image = opened(draw(plan_of(report)))
    assert len(image.getcolors(1 << 16) or []) > 10
    assert image.mode == "RGB"


def test_qualities_of_another_model_stand_together_and_nothing_is_left_out():
    plan = plan_of(REPORTS["two models"])
    assert read(written(plan)) == plan
    assert plan.legend == ("low", "medium", "others")
    assert [bar.parts for bar in plan.bars] == [(1_000, 10_000, 111)] * 2


def test_the_same_plan_makes_the_same_picture():
    assert draw(plan_of(REPORTS["a month"])) == draw(plan_of(REPORTS["a month"]))


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_nothing_reaches_the_edge(report):
    """A margin without ink on each side: no label is cut off."""
    image = opened(draw(plan_of(report)))
    ground = image.getpixel((0, 0))
    for strip in ((0, 0, 30, image.height), (WIDTH - 30, 0, WIDTH, image.height)):
        colours = image.crop(strip).getcolors() or []
        assert [colour for _, colour in colours] == [ground]


def test_bars_add_up_to_the_total_whatever_a_bar_is():
    for count, unit in ((1, "day"), (31, "day"), (45, "day"), (46, "week"), (190, "week"),
                        (191, "month"), (DAYS_MAX, "month")):  # fmt: skip
        report = make_report(count)
        plan = plan_of(report)
        assert plan.title == f"Spending per {unit}"
        assert sum(sum(bar.parts) for bar in plan.bars) == report.total.microusd
        assert len(plan.bars) <= 45


def test_weeks_begin_on_mondays_but_for_the_first_one():
    assert [bar.label for bar in plan_of(make_report(50)).bars][:3] == ["30 Jan", "2 Feb", "9 Feb"]
    assert plan_of(make_report(DAYS_MAX)).bars[0].label == "Jan 26"


def test_the_scale_ends_at_or_above_the_highest_bar():
    for report in REPORTS.values():
        plan = plan_of(report)
        places = [at for at, _ in plan.ticks]
        assert places == sorted(set(places))
        assert 2 <= len(places) <= 5
        assert places[-1] >= max(sum(bar.parts) for bar in plan.bars)


def test_members_are_numbers_and_the_rest_is_one_row():
    rows = plan_of(make_report(31)).members
    assert [row.label for row in rows] == ["#1", "#2", "#3", "#4", "#5", "others"]
    assert sum(row.amount for row in rows) == make_report(31).total.microusd
    assert [row.label for row in plan_of(REPORTS["one member"]).members] == ["#1"]


def test_shares_are_of_all_requests():
    shares = plan_of(make_report(outcomes={"delivered": 3}, refusals={"limit": 1})).shares
    assert (shares[0].label, shares[0].text) == ("Delivered", "3 · 75%")
    assert (shares[-1].label, shares[-1].text) == ("Refused at once", "1 · 25%")


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, "0%"), (0, 9, "0%"), (9, 9, "100%"), (1, 1000, "<1%"), (999, 1000, ">99%"),
     (1, 3, "33%"), (994, 1000, "99%"), (996, 1000, ">99%")],
)  # fmt: skip
def test_a_share_never_claims_that_something_rare_is_nothing(part, whole, text):
    assert percent(part, whole) == text


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_only_all_and_nothing_are_said_to_be_so(a, b):
    part, whole = min(a, b), max(a, b)
    assert (percent(part, whole) == "100%") == (part == whole)
    assert percent(part, whole) != "0%"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((2026, 11, 1), (2026, 11, 1), "1 Nov 2026"),
        ((2026, 11, 1), (2026, 11, 15), "1 - 15 Nov 2026"),
        ((2026, 10, 30), (2026, 11, 2), "30 Oct - 2 Nov 2026"),
        ((2025, 12, 30), (2026, 1, 2), "30 Dec 2025 - 2 Jan 2026"),
        ((2025, 11, 1), (2026, 11, 2), "1 Nov 2025 - 2 Nov 2026"),
    ],
)
def test_a_range_is_written_shortly(first, last, text):
    assert shown_days(Days(date(*first), date(*last))) == text


LABELS = st.text(max_size=LABEL_CHARS_MAX)
AMOUNTS = st.integers(0, 2**63 - 1)
ROWS = st.lists(st.builds(Row, LABELS, AMOUNTS, LABELS), max_size=6).map(tuple)
PLANS = st.builds(
    Plan,
    title=LABELS, total=LABELS, range=LABELS, members_title=LABELS, shares_title=LABELS,
    bars=st.lists(
        st.builds(Bar, LABELS, st.lists(AMOUNTS, max_size=3).map(tuple)), max_size=40
    ).map(tuple),
    ticks=st.lists(st.tuples(AMOUNTS, LABELS), max_size=5).map(tuple),
    legend=st.lists(LABELS, max_size=3).map(tuple),
    members=ROWS, shares=ROWS,
)  # fmt: skip


@given(PLANS)
def test_a_plan_is_read_as_it_was_written(plan):
    assert read(written(plan)) == plan


@given(st.one_of(st.binary(max_size=60), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["bars", "ticks", "title", "parts", "label"]), inner),
).map(lambda value: repr(value).encode())))  # fmt: skip
def test_anything_else_is_no_plan(data):
    with pytest.raises(ValueError, match=r"."):
        read(data)


async def test_a_process_of_its_own_draws_it():
    drawer = ChartDrawer()
    plan = plan_of(REPORTS["a month"])
    pictures = await asyncio.gather(*(drawer.draw(plan) for _ in range(3)))
    assert set(pictures) == {draw(plan)}


def run(data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bot.chat.moderation.usage.drawing"],
        input=data,
        capture_output=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", b"null", b" " * (INPUT_BYTES_MAX + 1)]
)
def test_the_process_refuses_garbage(data):
    done = run(data)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"no plan")


def is_gone(note: Path) -> bool:
    try:
        os.kill(int(note.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_process_that_hangs_is_killed(tmp_path, caplog):
    note = tmp_path / "pid"
    hangs = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid()))"
    drawer = ChartDrawer((sys.executable, "-c", f"{hangs}; time.sleep(60)"), time_max_s=1.0)
    started_s = time.monotonic()

    with caplog.at_level(logging.WARNING):
        assert await drawer.draw(plan_of(REPORTS["one day"])) is None

    assert time.monotonic() - started_s < 10
    assert "takes too long" in caplog.text
    assert is_gone(note)


@pytest.mark.parametrize(
    "command",
    [
        (sys.executable, "-c", "raise SystemExit(3)"),
        (sys.executable, "-c", "print('no picture')"),
        (sys.executable, "-c", "import sys; sys.stdin.close()"),
        ("/nowhere/python",),
    ],
)
async def test_a_process_that_fails_costs_only_the_picture(command, caplog):
    with caplog.at_level(logging.WARNING):
        assert await ChartDrawer(command).draw(plan_of(REPORTS["one day"])) is None
    assert "chart given up" in caplog.text


async def test_the_process_is_ended_with_the_one_who_waits_for_it(tmp_path):
    note = tmp_path / "pid"
    hangs = f"import os, pathlib, time; pathlib.Path({str(note)!r}).write_text(str(os.getpid()))"
    drawer = ChartDrawer((sys.executable, "-c", f"{hangs}; time.sleep(60)"))
    drawing = asyncio.create_task(drawer.draw(plan_of(REPORTS["one day"])))
    async with asyncio.timeout(10):
        while not note.exists() or not note.read_text():  # noqa: ASYNC110 - a file rings no bell
            await asyncio.sleep(0.01)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert is_gone(note)


async def test_the_process_is_given_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "secret-token")
    note = tmp_path / "env"
    told = f"import os, pathlib; pathlib.Path({str(note)!r}).write_text(repr(dict(os.environ)))"
    await ChartDrawer((sys.executable, "-c", told)).draw(plan_of(REPORTS["one day"]))
    assert os.environ["DISCORD_TOKEN"] == "secret-token"
    assert "secret-token" not in note.read_text()
