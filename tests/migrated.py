"""Databases that have every table already: to make them anew takes longer than most tests.

Tests that are about making or opening a database begin with an empty one instead.
"""

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from bot.storage.database import migrated_database


def migrate(url: str) -> None:
    """Make all tables; in a thread, because the caller may be inside a loop."""

    async def opened() -> None:
        async with migrated_database(url):
            """Opening it is enough."""

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, opened()).result()


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bot.db")
        migrate(f"sqlite:///{path}")
        return path.read_bytes()


def put_sqlite(path: Path) -> None:
    """Put a database with all tables and nothing in them where there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_sqlite_file())
