"""How messages of Discord write people, channels and times; mentions show names and ping nobody."""

from bot.core.prompts import shown_prompt
from bot.texts.writing import TYPED_CHARS_MAX, Writing


class _Discord:
    def __init__(self, bytes_per_char: int) -> None:
        self._bytes_per_char = bytes_per_char

    def member(self, member_id: int) -> str:
        return f"<@{member_id}>"

    def role(self, role_id: int) -> str:
        return f"<@&{role_id}>"

    def channel(self, channel_id: int) -> str:
        return f"<#{channel_id}>"

    def instant(self, at_ms: int) -> str:
        return f"<t:{-(-at_ms // 1000)}:f>"

    def ahead(self, at_ms: int) -> str:
        # Rounded up, so that it is true when the time has come.
        return f"<t:{-(-at_ms // 1000)}:R>"

    def ago(self, at_ms: int) -> str:
        return f"<t:{at_ms // 1000}:R>"

    def typed(self, text: str, chars_max: int = TYPED_CHARS_MAX) -> str:
        return shown_prompt(text, chars_max=chars_max, bytes_max=self._bytes_per_char * chars_max)


DISCORD: Writing = _Discord(bytes_per_char=4)

MANY: Writing = _Discord(bytes_per_char=2)
"""For many typed texts in one message, which Discord bounds together, in bytes as well."""
