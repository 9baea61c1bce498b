"""Why a request for pictures is refused."""

from bot.core.codes import MemberCode, OfferCode, OptionCode
from bot.core.errors import Refused
from bot.texts.limits import no_room
from bot.texts.tables import Table
from bot.texts.writing import WRITTEN_CHARS_MAX, Writing

_NAMED_CHANNELS_MAX = 5


def paused(said: str, write: Writing) -> str:
    """Say that the server is paused, with the moderators' own words."""
    shown = write.typed(said, WRITTEN_CHARS_MAX)
    words = f" They say: “{shown}”" if shown else " Try again later."
    return f"The moderators have paused pictures in this server.{words}"


def _paused(error: Refused, write: Writing) -> str:
    return paused(error.typed, write)


def _not_here(error: Refused, write: Writing) -> str:
    named = [write.channel(channel_id) for channel_id in error.ids]
    kept, rest = named[:_NAMED_CHANNELS_MAX], len(named) - _NAMED_CHANNELS_MAX
    more = f" and {rest} more" if rest > 0 else ""
    return f"No pictures are made in this channel. Ask in {', '.join(kept)}{more}."


def _blocked(error: Refused, write: Writing) -> str:
    until = "" if error.at_ms is None else f" until {write.instant(error.at_ms)}"
    reason = write.typed(error.typed, WRITTEN_CHARS_MAX)
    why = f" The reason: “{reason}”." if reason else ""
    return f"A moderator has blocked you from making pictures here{until}.{why}"


OPTIONS: Table[OptionCode] = {
    OptionCode.PROMPT_EMPTY: "The prompt is empty. Describe the picture you want in a few words.",
    OptionCode.PROMPT_TOO_LONG: (
        "The prompt has {given:,} characters; at most {most:,} are possible."
    ),
    OptionCode.COUNT: "The count must be 1 to {most}.",
    OptionCode.QUALITY: "The quality must be one of {names}.",
    OptionCode.FORMAT: "The format must be one of {names}.",
    OptionCode.MODEL: "No model is called “{typed}”.",
}

OFFERS: Table[OfferCode] = {
    OfferCode.PAUSED: _paused,
    OfferCode.NOT_HERE: _not_here,
    OfferCode.NOWHERE: "No channel of this server is open for pictures. Ask a moderator.",
    OfferCode.EXCEPT_HERE: "No pictures are made in this channel. Ask in another one.",
    OfferCode.PRIVATE: "This server does not allow private pictures. Ask without `private`.",
    OfferCode.SIZE: (
        "{first} is larger than this server allows: at most {most:,} pixels, like {second}."
    ),
    OfferCode.QUALITY: "The highest quality in this server is {first}.",
    OfferCode.COUNT: "This server makes at most {most} at once.",
}

ASKERS: Table[MemberCode] = {
    MemberCode.BLOCKED: _blocked,
    MemberCode.NO_ROOM: no_room,
    MemberCode.FORBIDDEN_WORD: (
        "This server does not allow a word in this prompt. Change the prompt, or ask a moderator "
        "if you see no harm in it."
    ),
    MemberCode.STRUCK_OUT: (
        "{given} of your requests today cost this bot's host money and brought no picture, such as "
        "prompts that the content check refused. You can go on {ahead}."
    ),
    MemberCode.RESTARTING: "The bot is restarting. Nothing was charged; try again in a minute.",
}
