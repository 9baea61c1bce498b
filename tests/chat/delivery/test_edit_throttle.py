"""Pace runs on a clock that skips whatever time nobody uses: hours pass in milliseconds."""

import asyncio
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from bot.chat.delivery.edit_throttle import EditThrottle
from tests import virtual_time
from tests.virtual_time import now_s

FIRST_S, EVERY_S, FAR_S, ALL_S = 1.0, 2.5, 15.0, 0.1


class Stage:
    """A pace whose edits are written down with the second they began at."""

    def __init__(self):
        self.edits: list[tuple[float, Any]] = []
        self.slow: dict[Any, asyncio.Event] = {}
        self.under_way = 0
        self.most_at_once = 0
        self.pace = EditThrottle[Any](self.edit)

    async def edit(self, news):
        self.edits.append((round(now_s(), 3), news))
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            if news in self.slow:
                await self.slow[news].wait()
            if news == "broken":
                raise RuntimeError(news)
        finally:
            self.under_way -= 1

    @property
    def news(self) -> list[Any]:
        return [news for _, news in self.edits]


@pytest.fixture
def play():
    """Runs a play with a stage on the skipping clock and closes the pace."""

    def run(scene: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            stage = Stage()
            try:
                await scene(stage)
            finally:
                await stage.pace.close()

        virtual_time.play(whole())

    return run


def test_a_card_that_was_just_posted_is_left_alone_for_a_moment(play):
    async def scene(stage):
        stage.pace.want("a", "1")
        await asyncio.sleep(60)
        assert stage.edits == [(FIRST_S, "1")]

    play(scene)


def test_only_the_newest_news_is_shown(play):
    async def scene(stage):
        for number in range(50):
            stage.pace.want("a", number)
            await asyncio.sleep(0.01)
        await asyncio.sleep(60)
        assert stage.edits == [(FIRST_S, 49)]

    play(scene)


def test_edits_of_a_card_keep_their_distance(play):
    async def scene(stage):
        for number in range(200):
            stage.pace.want("a", number)
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
        times = [at_s for at_s, _ in stage.edits]
        assert all(b - a >= EVERY_S for a, b in pairwise(times))
        assert 8 <= len(times) <= 10, "and go on for as long as there is news"
        assert stage.news[-1] == 199

    play(scene)


def test_news_after_a_quiet_time_is_shown_at_once(play):
    async def scene(stage):
        stage.pace.want("a", 1)
        await asyncio.sleep(30)
        stage.pace.want("a", 2)
        await asyncio.sleep(30)
        assert stage.edits == [(FIRST_S, 1), (30.0, 2)]

    play(scene)


def test_what_is_shown_already_is_not_shown_again(play):
    async def scene(stage):
        stage.pace.want("a", "same")
        await asyncio.sleep(10)
        stage.pace.want("a", "same")
        stage.pace.want("b", "same")
        await asyncio.sleep(10)
        stage.pace.want("a", "other")
        await asyncio.sleep(0.5)
        stage.pace.want("a", "newer")
        stage.pace.want("a", "other")
        await asyncio.sleep(60)
        assert stage.news == ["same", "same", "other"]

    play(scene)


def test_all_cards_together_have_a_rate_of_their_own(play):
    async def scene(stage):
        for number in range(100):
            stage.pace.want(f"job{number}", number)
        await asyncio.sleep(60)
        assert stage.news == list(range(100)), "the oldest first"
        times = [at_s for at_s, _ in stage.edits]
        assert all(b - a >= ALL_S - 1e-6 for a, b in pairwise(times))
        assert times[-1] < FIRST_S + 101 * ALL_S

    play(scene)


def test_a_card_far_back_is_edited_seldom_but_for_as_long_as_it_moves(play):
    async def scene(stage):
        for place in range(60, 0, -1):
            stage.pace.want("a", place, is_far=True)
            await asyncio.sleep(1)
        times = [at_s for at_s, _ in stage.edits]
        assert all(b - a >= FAR_S for a, b in pairwise(times))
        assert 3 <= len(times) <= 4

    play(scene)


def test_a_card_that_comes_near_does_not_wait_as_a_far_one(play):
    async def scene(stage):
        stage.pace.want("a", "far", is_far=True)
        await asyncio.sleep(3)
        stage.pace.want("a", "near")
        await asyncio.sleep(0.5)
        assert stage.news == ["near"]

    play(scene)


def test_an_edit_that_hangs_holds_up_nobody_else(play):
    async def scene(stage):
        stage.slow["a1"] = asyncio.Event()
        stage.pace.want("a", "a1")
        await asyncio.sleep(2)
        stage.pace.want("a", "a2")
        await asyncio.sleep(5)
        stage.pace.want("b", "b1")
        await asyncio.sleep(30)
        assert stage.news == ["a1", "b1"], "and no card has two edits under way"
        stage.slow["a1"].set()
        await asyncio.sleep(1)
        assert stage.news == ["a1", "b1", "a2"]

    play(scene)


def test_few_edits_are_under_way_at_once(play):
    async def scene(stage):
        for number in range(20):
            stage.slow[number] = asyncio.Event()
            stage.pace.want(f"job{number}", number)
        await asyncio.sleep(60)
        assert len(stage.edits) == stage.most_at_once == 8
        for event in stage.slow.values():
            event.set()
        await asyncio.sleep(60)
        assert stage.news == list(range(20))
        assert stage.most_at_once == 8

    play(scene)


def test_a_finished_card_is_not_edited_any_more_whatever_comes_late(play):
    async def scene(stage):
        stage.pace.want("a", 1)
        stage.pace.want("b", 1)
        await stage.pace.finish("a")
        await stage.pace.finish("never seen")
        await asyncio.sleep(60)
        assert stage.edits == [(FIRST_S, 1)]
        await stage.pace.finish("b")
        stage.pace.want("b", 2)
        await asyncio.sleep(60)
        assert stage.edits == [(FIRST_S, 1)]

    play(scene)


def test_finishing_waits_for_an_edit_under_way_that_would_take_the_pictures_away(play):
    async def scene(stage):
        stage.slow["painting"] = asyncio.Event()
        stage.pace.want("a", "painting")
        await asyncio.sleep(10)
        finishing = asyncio.create_task(stage.pace.finish("a"))
        await asyncio.sleep(10)
        assert not finishing.done()
        stage.slow["painting"].set()
        await finishing
        assert stage.under_way == 0

    play(scene)


def test_an_edit_that_fails_stops_no_other(play, caplog):
    async def scene(stage):
        stage.pace.want("a", "broken")
        stage.pace.want("b", "fine")
        await asyncio.sleep(10)
        stage.pace.want("a", "again")
        await asyncio.sleep(10)
        assert stage.news == ["broken", "fine", "again"]

    play(scene)
    assert [record.name for record in caplog.records] == ["bot.chat.delivery.edit_throttle"]


def test_closing_ends_everything_under_way_and_to_come(play):
    async def scene(stage):
        stage.slow["hangs"] = asyncio.Event()
        stage.pace.want("a", "hangs")
        await asyncio.sleep(2)
        stage.pace.want("b", "later")
        await stage.pace.close()
        assert stage.under_way == 0
        await asyncio.sleep(60)
        assert stage.news == ["hangs"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    play(scene)


def test_closing_without_any_news_is_fine(play):
    async def scene(stage):
        await stage.pace.close()

    play(scene)
