"""Released migrations are frozen: databases out there have run them as they were."""

from hashlib import sha256

import pytest

from bot.storage.schema import migrations

RELEASED = {
    1: "11470d4e4d6645f89cb1bda364263d801a648557109c284362b100475f11bab4",
    2: "2e68119c6b8c855fb42ffde3ead6b59a5ae6d82b4fc3d378ea1e1e0b6881ce20",
    3: "ff6373a645d9ab01997aadedf0f042f106150bc0cef3fe85ea35930214fff9c5",
    4: "b4214e8795d0f320e9a4028fc9d073eb721b8b0aa5456047455d3b81bbaee3eb",
    5: "2cf486a18e02ca8e2fdc978cb481720f448013d820d6e676dcb9b5e3a9475c05",
    6: "5b32ad0f17ecec5dc85ca30aaa31226abfa9a340c6754f0f0e4032b65ddb968f",
}
"""By version. A migration joins this list once it is on main for hosts to run, and never changes
again; until then it may."""


@pytest.mark.parametrize("version", RELEASED)
def test_a_released_migration_is_never_edited(version: int):
    _, text = migrations()[version]
    assert sha256(text.encode()).hexdigest() == RELEASED[version]


def test_versions_follow_one_another():
    assert sorted(migrations()) == list(range(1, len(migrations()) + 1))
