"""What the stand-in has seen: every request, and everything a real fal would frown upon.

It never stores a key.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_SECRET_HEADERS = frozenset({"authorization", "cookie", "x-fal-key"})


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. Header names are lower case, the key is replaced by stars.

    Attributes:
        call: What it was: the stage's name, or `unknown`.
        at_ms: When it came, in milliseconds since 1970 on the stand-in's clock.
    """

    call: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    at_ms: int


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Copy headers without secrets."""
    return {
        name.lower(): f"{value.partition(' ')[0]} ***" if name.lower() in _SECRET_HEADERS else value
        for name, value in headers.items()
    }


class Journal:
    """Requests, counts and violations, in the order they came.

    Attributes:
        violations: One sentence each; an honest client leaves this empty.
    """

    def __init__(self, record_max: int) -> None:
        self.requests: list[Received] = []
        self.counts: Counter[str] = Counter()
        self.violations: list[str] = []
        self._record_max = record_max

    def note(self, received: Received) -> None:
        """Record a request."""
        self.counts[received.call] += 1
        if len(self.requests) < self._record_max:
            self.requests.append(received)

    def frown(self, sentence: str) -> None:
        """Record a violation."""
        if len(self.violations) < self._record_max:
            self.violations.append(sentence)

    def clear(self) -> None:
        """Forget everything."""
        self.requests.clear()
        self.counts.clear()
        self.violations.clear()
