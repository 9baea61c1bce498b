"""The sentence for any refusal."""

from collections.abc import Mapping

from bot.core.codes import Code
from bot.core.errors import Refused
from bot.texts.moderation import ACCESS, FILES, MODERATE, PANEL
from bot.texts.pictures import JOBS, POSTED
from bot.texts.requests import ASKERS, OFFERS, OPTIONS
from bot.texts.sizes import SIZES
from bot.texts.tables import Template, filled
from bot.texts.typed import TYPED
from bot.texts.words import WORDS
from bot.texts.writing import Writing

_SENTENCES: Mapping[Code, Template] = {
    **TYPED,
    **SIZES,
    **OPTIONS,
    **OFFERS,
    **ASKERS,
    **WORDS,
    **MODERATE,
    **POSTED,
    **JOBS,
    **PANEL,
    **FILES,
    **ACCESS,
}


def sentence(error: Refused, write: Writing) -> str:
    """Say why something is refused, to the person who wanted it."""
    return filled(_SENTENCES[error.code], error, write)
