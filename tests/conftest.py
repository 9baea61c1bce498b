"""What the whole suite shares, and in which order and how widely it runs."""

import os
from functools import lru_cache

import pytest

from standins.fal import gallery

pytest_plugins = ["tests.postgres", "tests.host"]

WORKERS_BESIDE_CORES = 4
"""Tests that play a scene mostly wait; so many more of them can run than there are cores."""
_LONG_S = 120.0
_SCENES_END_AT = 0.85
"""Of the whole run: a scene that starts last would be waited for by itself."""

# To draw a picture takes longer than the rest of most scenes, and the same one is drawn again and
# again: the same drawing always gives the same bytes.
gallery.draw = lru_cache(maxsize=32)(gallery.draw)


def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers `-n auto` means."""
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else (os.cpu_count() or 1) + WORKERS_BESIDE_CORES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and spread the scenes, which wait, among what computes."""
    scenes = [item for item in items if _is_scene(item)]
    others = [item for item in items if not _is_scene(item)]
    places = [(_SCENES_END_AT * at / len(scenes), item) for at, item in enumerate(scenes)]
    places += [(at / len(others), item) for at, item in enumerate(others)]
    places.sort(key=lambda place: (not _is_long(place[1]), place[0]))
    items[:] = [item for _, item in places]


def _is_scene(item: pytest.Item) -> bool:
    return "end_to_end" in item.nodeid or "/demo/" in item.nodeid


def _is_long(item: pytest.Item) -> bool:
    limit = item.get_closest_marker("timeout")
    return limit is not None and bool(limit.args) and limit.args[0] > _LONG_S
