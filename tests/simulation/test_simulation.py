"""A bounded part of the simulation; `python -m simulation` tells as many histories as one likes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation import report
from simulation.history import Stage, tell
from simulation.report import Wanted
from simulation.weather import SET_PIECES, TROUBLES

SEEDS = int(os.environ.get("SIMULATION_SEEDS", "100"))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("simulation"))


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_every_promise_holds_in_every_history(stage: Stage, first: int):
    for seed in range(first, first + 25):
        outcome = tell(stage, seed)
        assert outcome.broken is None, "\n".join(
            (
                *outcome.story[-40:],
                f"BROKEN {outcome.broken.invariant}: {outcome.broken.what}",
                Wanted(seed, 1).command(seed),
            )
        )


@pytest.mark.parametrize("trouble", TROUBLES + SET_PIECES)
def test_every_promise_holds_where_one_thing_goes_wrong(stage: Stage, trouble: str):
    for seed in range(2):
        outcome = tell(stage, seed, (trouble,))
        assert outcome.broken is None, "\n".join(outcome.story[-40:])


@pytest.mark.parametrize("seed", [3, 8, 51])
def test_a_seed_tells_the_same_history_twice(stage: Stage, seed: int):
    first, second = tell(stage, seed), tell(stage, seed)
    assert first.story == second.story
    assert (first.digest, first.steps) == (second.digest, second.steps)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_history_does_not_depend_on_the_process(tmp_path: Path, stage: Stage, hash_seed: str):
    code = (
        "import sys; from pathlib import Path; from simulation.history import Stage, tell; "
        "print(tell(Stage(Path(sys.argv[1])), 51).digest)"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert told.stdout.strip() == tell(stage, 51).digest


def test_it_says_what_it_found_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def never_charge(self, *_args, **_kwargs):
        return 0

    monkeypatch.setattr("simulation.fal.Fal.bill", never_charge)
    wanted = Wanted(first=0, count=4, only=("gifts",))
    assert report.run(wanted, shows_stories=False, shows_causes=True) == 1
    shown = capsys.readouterr().out
    assert "bill equals books" in shown
    assert "python -m simulation --from" in shown
