"""How a place where people read writes what is no plain word: people, channels, times."""

from typing import Protocol

from bot.core.prompts import clip, one_line
from bot.core.typed.durations import shown_instant

TYPED_CHARS_MAX = 200
"""What people typed is cut to this where it is shown back to them."""

WRITTEN_CHARS_MAX = 400
"""What moderators wrote for members to read."""


class Writing(Protocol):
    """A place where people read."""

    def member(self, member_id: int) -> str:
        """Name a member."""
        ...

    def role(self, role_id: int) -> str:
        """Name a role."""
        ...

    def channel(self, channel_id: int) -> str:
        """Name a channel."""
        ...

    def instant(self, at_ms: int) -> str:
        """Write a date with its time."""
        ...

    def ahead(self, at_ms: int) -> str:
        """Write when something will be: in how long, where that stays true by itself."""
        ...

    def ago(self, at_ms: int) -> str:
        """Write when something was: how long ago, where that stays true by itself."""
        ...

    def typed(self, text: str, chars_max: int = TYPED_CHARS_MAX) -> str:
        """Show what a person typed on one line, so that it does nothing there."""
        ...


class _Plain:
    """A terminal, or a line of a settings error: ids, and times in UTC."""

    def member(self, member_id: int) -> str:
        return f"member {member_id}"

    def role(self, role_id: int) -> str:
        return f"role {role_id}"

    def channel(self, channel_id: int) -> str:
        return f"channel {channel_id}"

    def instant(self, at_ms: int) -> str:
        return shown_instant(at_ms)

    def ahead(self, at_ms: int) -> str:
        return f"at {shown_instant(at_ms)}"

    def ago(self, at_ms: int) -> str:
        return f"at {shown_instant(at_ms)}"

    def typed(self, text: str, chars_max: int = TYPED_CHARS_MAX) -> str:
        # Whoever prints it spells controls out.
        return clip(one_line(text), chars_max=chars_max, bytes_max=4 * chars_max)


PLAIN: Writing = _Plain()


class _Exact(_Plain):
    def typed(self, text: str, chars_max: int = 0) -> str:  # noqa: ARG002 - nothing is cut
        return text


EXACT: Writing = _Exact()
"""The same for files and tables, in which what people typed stands as it is."""
