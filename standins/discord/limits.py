"""Rate limits: 429 as Discord answers it (developer reference, "Rate Limits").

The sizes of the buckets are examples: Discord says never to hard-code them. A bot that reads the
headers lives with any of them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from standins.discord.routes import Route

GLOBAL_PER_S = 50
WEBHOOK = (5, 2.0)
"""Five per two seconds for one interaction's follow-up and @original routes (DOCS#2701)."""

_BUCKETS: dict[tuple[str, str], tuple[int, float]] = {
    ("POST", "create_message"): (5, 5.0),
    ("PATCH", "channel_message"): (5, 5.0),
    ("DELETE", "channel_message"): (5, 1.0),
}
_DEFAULT = (50, 1.0)
_OLD_EDITS = (3, 6.0)
"""Edits in one channel of messages that are older than an hour (discord-userdoccers)."""
OLD_EDITS_CODE = 30046


@dataclass(slots=True)
class _Window:
    ends_s: float
    used: int = 0


class RateLimited(Exception):
    """This request comes too early.

    Attributes:
        retry_after_s: When it may come again.
        everywhere: The limit of the whole bot was reached.
        headers: The headers of the answer.
        code: Discord's error code, 0 where it gives none.
    """

    def __init__(
        self,
        retry_after_s: float,
        headers: dict[str, str],
        *,
        everywhere: bool = False,
        code: int = 0,
    ) -> None:
        super().__init__(f"again in {retry_after_s:.3f} s")
        self.retry_after_s = retry_after_s
        self.headers = headers
        self.everywhere = everywhere
        self.code = code


@dataclass(slots=True)
class Limits:
    """Counts requests in fixed windows on this Discord's clock."""

    now_s: Callable[[], float]
    enforced: bool = True
    sizes: dict[tuple[str, str], tuple[int, float]] = field(default_factory=lambda: dict(_BUCKETS))
    _windows: dict[str, _Window] = field(default_factory=dict[str, _Window])

    def set(self, method: str, route: str, limit: int, period_s: float) -> None:
        """Give one route another bucket."""
        self.sizes[method, route] = (limit, period_s)

    def check(self, method: str, route: Route) -> dict[str, str]:
        """Count a request; returns the X-RateLimit headers of its answer.

        Raises:
            RateLimited: No room in its bucket, or in the bot's 50 per second.
        """
        if not route.by_token:
            self._check_global()
        elif route.name == "callback":
            return {}  # outside of every limit that was ever seen
        limit, period_s = self._size(method, route)
        bucket = hashlib.md5(f"{method} {route.template}".encode(), usedforsecurity=False)
        bucket_id = bucket.hexdigest()
        major = route.args.get("channel_id") or route.token or route.args.get("guild_id") or ""
        # one bucket for all routes of an interaction, as a webhook has it
        key = f"webhook:{major}" if route.by_token else f"{bucket_id}:{major}"
        window = self._window(key, period_s)
        left_s = window.ends_s - self.now_s()
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.used - 1)),
            "X-RateLimit-Reset": f"{window.ends_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": bucket_id,
        }
        if window.used >= limit and self.enforced:
            raise RateLimited(left_s, headers | {"X-RateLimit-Scope": "user"})
        window.used += 1
        return headers

    def check_old_edit(self, channel_id: int) -> None:
        """Count an edit of a message that is older than an hour.

        Raises:
            RateLimited: There were too many in its channel.
        """
        most, period_s = _OLD_EDITS
        window = self._window(f"old:{channel_id}", period_s)
        if window.used >= most and self.enforced:
            left_s = window.ends_s - self.now_s()
            raise RateLimited(left_s, {"X-RateLimit-Scope": "user"}, code=OLD_EDITS_CODE)
        window.used += 1

    def _size(self, method: str, route: Route) -> tuple[int, float]:
        return self.sizes.get((method, route.name), WEBHOOK if route.by_token else _DEFAULT)

    def _check_global(self) -> None:
        window = self._window("global", 1.0)
        if window.used >= GLOBAL_PER_S and self.enforced:
            headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            raise RateLimited(window.ends_s - self.now_s(), headers, everywhere=True)
        window.used += 1

    def _window(self, key: str, period_s: float) -> _Window:
        now_s = self.now_s()
        window = self._windows.get(key)
        if window is None or window.ends_s <= now_s:
            if len(self._windows) > 4096:  # forget what has ended
                self._windows = {k: w for k, w in self._windows.items() if w.ends_s > now_s}
            window = self._windows[key] = _Window(now_s + period_s)
        return window
