"""A server's preferences as a row: JSON for most, columns for what statements ask for."""

import json
from typing import Any
from uuid import uuid4

from bot.core.models.options import Size, typed_size
from bot.core.preferences import Places, Preferences, Spoilers
from bot.storage.connection import Connection, Row

DEFAULT_ZONE = "UTC"

_SELECT = "SELECT zone, settings, log_channel_id FROM servers WHERE server_id = $1"

_PUT = """
INSERT INTO servers (server_id, zone, settings, log_channel_id, version)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (server_id) DO UPDATE SET
    zone = excluded.zone, settings = excluded.settings,
    log_channel_id = excluded.log_channel_id, version = excluded.version
"""


async def load(conn: Connection, server_id: int) -> Preferences:
    """Read a server's preferences; all defaults where it never set any."""
    row = await conn.fetch_one(_SELECT, server_id)
    return of_row(row) if row else Preferences()


async def put(conn: Connection, server_id: int, preferences: Preferences) -> None:
    """Store all of a server's preferences; the caller knows that they are possible."""
    text = json.dumps(_object(preferences), sort_keys=True)
    row = (preferences.zone, text, preferences.log_channel_id)
    await conn.execute(_PUT, server_id, *row, new_version())


def new_version() -> str:
    """Make a version that no server ever had; each change of a server's row or rules sets one."""
    return uuid4().hex


def of_row(row: Row) -> Preferences:
    """Make preferences of the three columns; NULL stands for what was never set."""
    given: dict[str, Any] = json.loads(row["settings"] or "{}")
    return Preferences(
        default_size=_size(given.get("default_size")),
        default_quality=given.get("default_quality"),
        default_count=given.get("default_count"),
        max_size=_size(given.get("max_size")),
        max_quality=given.get("max_quality"),
        max_count=given.get("max_count"),
        places=Places(given.get("places", Places.ALL)),
        channel_ids=frozenset(given.get("channel_ids", ())),
        log_channel_id=row["log_channel_id"],
        zone=row["zone"] or DEFAULT_ZONE,
        spoilers=Spoilers(given.get("spoilers", Spoilers.NEVER)),
        private_allowed=given.get("private_allowed", True),
        pause_sentence=given.get("pause_sentence"),
    )


def _object(preferences: Preferences) -> dict[str, Any]:
    size, max_size = preferences.default_size, preferences.max_size
    return {
        "default_size": str(size) if size else None,
        "default_quality": preferences.default_quality,
        "default_count": preferences.default_count,
        "max_size": str(max_size) if max_size else None,
        "max_quality": preferences.max_quality,
        "max_count": preferences.max_count,
        "places": preferences.places,
        "channel_ids": sorted(preferences.channel_ids),
        "spoilers": preferences.spoilers,
        "private_allowed": preferences.private_allowed,
        "pause_sentence": preferences.pause_sentence,
    }


def _size(text: str | None) -> Size | None:
    return typed_size(text) if text else None
