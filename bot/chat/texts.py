"""Parts of cards that Discord itself shows: mentions that ping nobody, times, what people typed."""

from bot.core.prompts import shown_prompt
from bot.storage.audit import HOST

_REASON_CHARS_MAX = 250
_REASON_BYTES_MAX = 500


def until_when(until_ms: int) -> str:
    """An end as each reader's clock says it, with how long that is."""
    second = -(-until_ms // 1000)
    return f"until <t:{second}:f> (<t:{second}:R>)"


def by_whom(actor_id: int) -> str:
    """Name who did something; a mention shows a name and pings nobody."""
    return "the host" if actor_id == HOST else f"<@{actor_id}>"


def named_kind(kind: str) -> str:
    """The name of a kind of change: `Limit set` for `limit.set`."""
    # The stored kind is older than the one word that people read.
    words = kind.replace("image.", "picture ").replace(".", " ").replace("_", " ")
    return words.capitalize()


def quoted_reason(reason: str) -> str:
    """A reason that somebody typed, harmless and bounded."""
    shown = shown_prompt(reason, chars_max=_REASON_CHARS_MAX, bytes_max=_REASON_BYTES_MAX)
    return f"“{shown}”"
