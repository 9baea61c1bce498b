"""What the whole suite shares, and in which order and how widely it runs."""

import os
from functools import lru_cache

import pytest

from standins.fal import gallery

pytest_plugins = ["tests.postgres", "tests.host"]

WORKERS_BESIDE_CORES = 4
"""Tests that play a scene mostly wait; so many more of them can run than there are cores."""
_LONG_S = 120.0

# To draw a picture takes longer than the rest of most scenes, and the same one is drawn again and
# again: the same drawing always gives the same bytes.
gallery.draw = lru_cache(maxsize=32)(gallery.draw)


def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers `-n auto` means."""
    given = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(given) if given else (os.cpu_count() or 1) + WORKERS_BESIDE_CORES


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: a scene that starts last would be waited for by itself."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    limit = item.get_closest_marker("timeout")
    if limit is not None and limit.args and limit.args[0] > _LONG_S:
        return 0
    return 1 if "end_to_end" in item.nodeid or "/demo/" in item.nodeid else 2
