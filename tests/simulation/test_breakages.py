"""The deliberate breakages still fit the bot, and the simulation notices them."""

import pytest

from bot.fal import evidence
from simulation import breakages
from simulation.breakage_table import BREAKAGES, Breakage
from simulation.breakages import DoesNotFit, broken, caught_after
from simulation.history import Stage

QUICK = (
    "a gateway's 502 proves that nothing was sent",
    "what is given back stays in the totals",
    "pictures that did not arrive are charged",
    "a lost job opens no doubt",
    "the journal is not written",
    "one late picture holds back the others",
)
"""Caught within a few histories."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("breakages"))


def named(name: str) -> Breakage:
    return next(one for one in BREAKAGES if one.name == name)


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: one.name)
def test_every_breakage_fits_the_source(breakage: Breakage):
    with broken(breakage):
        pass


def test_their_names_are_distinct():
    assert len({one.name for one in BREAKAGES}) == len(BREAKAGES) >= 25


@pytest.mark.parametrize("name", QUICK)
def test_a_breakage_is_noticed(stage: Stage, name: str):
    assert caught_after(stage, named(name), 15) is not None


def test_a_breakage_is_over_with_its_block():
    before = evidence.TABLE
    with broken(named("a gateway's 502 proves that nothing was sent")):
        assert len(evidence.TABLE) == len(before) + 1
    assert evidence.TABLE is before


@pytest.mark.parametrize(
    ("where", "old"),
    [
        ("bot.fal.evidence:TABLE", "*_SUBMITS,"),
        ("bot.fal.evidence:TABEL", "*_SUBMIT,"),
        ("bot.fal.evidence:judge", "seen"),
        ("bot.services.generation.times:Times.held_max_s", "3600"),
        ("bot.fal.queue:FalQueue.nothing", "x"),
        ("bot.fal.queue:Nothing.submit", "x"),
        ("bot.services.limits.bills:model_of", "return returned"),
        ("bot.services.generation.books:Event", "HELD"),
    ],
)
def test_what_does_not_fit_says_so(where: str, old: str):
    breakage = Breakage("a test", where, old, "x")
    with pytest.raises(DoesNotFit, match="a test"):
        broken(breakage)


def test_a_history_that_fails_anyway_catches_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simulation.fal.Fal.bill", lambda _self, _job: 0)
    assert caught_after(stage, named("a lost job opens no doubt"), 4) is None


def test_the_command_says_what_was_not_noticed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    harmless = Breakage("a rename", "bot.fal.evidence:judge", "def judge(", "def judge( ")
    monkeypatch.setattr(breakages, "BREAKAGES", (harmless,))
    assert breakages.main(["--seeds", "1"]) == 1
    assert "NOT NOTICED" in capsys.readouterr().out
