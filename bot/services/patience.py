"""Writes down what has happened already, although the database is away for a while.

What fal or Discord did cannot be undone: a request id that is forgotten is a picture that nobody
finds again, and a delivery that is forgotten is made twice.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot.storage.connection import complete
from bot.storage.database import DatabaseUnavailable

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_PAUSE_FIRST_S = 0.1
_PAUSE_MAX_S = 5.0


async def insist(change: Callable[[], Coroutine[Any, Any, _T]], job_id: str, what: str) -> _T:
    """Make a change until the database takes it; a cancellation waits for the try under way.

    Args:
        change: One transaction; called again for each try.
        job_id: For the log.
        what: For the log: what has happened.
    """
    pause_s = _PAUSE_FIRST_S
    while True:
        try:
            return await complete(change())
        except DatabaseUnavailable as error:
            about = {"job_id": job_id, "what": what, "detail": str(error)}
            _log.error("change waits for the database", extra=about)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _PAUSE_MAX_S)
