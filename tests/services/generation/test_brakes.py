"""The judge of whether the line may send, alone: what one trouble means for another."""

import pytest

from bot.core.errors import Halt, Trouble
from bot.services.generation.brakes import IN_A_ROW, Brakes
from tests.virtual_time import virtual


@virtual
@pytest.mark.parametrize("count", ["lost", "unclear"])
async def test_an_open_line_has_forgotten_what_went_wrong_before_it_stood(count):
    brakes = Brakes()
    for number in range(IN_A_ROW - 1):
        getattr(brakes, count)(f"before {number}")
    brakes.refused("other", Trouble.ACCOUNT)
    brakes.accepted()
    getattr(brakes, count)("after")
    assert brakes.halt is None


@virtual
async def test_a_probe_that_could_not_be_sent_changes_nothing_of_why_the_line_stands():
    brakes = Brakes()
    brakes.refused("first", Trouble.KEY)
    brakes.sent("probe")
    brakes.not_sent("probe", 100)
    assert (brakes.halt, brakes.is_probing, brakes.wait_s) == (Halt.KEY, False, 100)


@virtual
async def test_a_lost_probe_that_was_to_tell_something_else_lets_the_next_one_try():
    brakes = Brakes()
    brakes.refused("first", Trouble.KEY)
    brakes.sent("probe")
    brakes.lost("probe")
    assert (brakes.halt, brakes.is_probing) == (Halt.KEY, False)
