"""What a person reads of a refusal in Discord."""

import re
from collections.abc import Callable

from bot.chat.interaction.writing import DISCORD
from bot.core.errors import Refused
from bot.texts.refusals import sentence


def sentence_of(error: Refused) -> str:
    return sentence(error, DISCORD)


def saying(pattern: str) -> Callable[[Refused], bool]:
    """For `pytest.raises(…, check=saying(…))`."""
    return lambda error: re.search(pattern, sentence_of(error)) is not None
