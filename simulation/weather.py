"""What goes wrong in one history, chosen by its seed.

A history with everything at once says little about anything, so each has only a few kinds of
trouble, which also tells afterwards what a broken promise is due to.
"""

import random
from dataclasses import dataclass, field

FAL_TROUBLES = (
    "result noise",
    "status noise",
    "not found for a while",
    "framework error",
    "gateway after acceptance",
    "submit answer lost",
    "submit refused",
    "foreign host",
    "billed refusals",
    "zero units",
    "missing units",
    "huge units",
    "nameless picture",
    "extra pictures",
    "fewer pictures",
    "media trouble",
    "broken media",
    "failures",
    "late results",
    "account locked",
    "key refused",
    "cancel noise",
    "fal outage",
)
HOUSE_TROUBLES = (
    "statement fails",
    "other database error",
    "commit answer lost",
    "database away",
    "disk full",
    "crash",
    "impatient stop",
    "two processes",
    "clock jump",
    "zone change",
)
DISCORD_TROUBLES = ("discord busy", "discord answer lost", "discord closed")
PEOPLE_TROUBLES = ("cancels", "moderators", "gifts", "insistent member", "tight caps")

TROUBLES = FAL_TROUBLES + HOUSE_TROUBLES + DISCORD_TROUBLES + PEOPLE_TROUBLES

SET_PIECES = ("crash after an answer", "living on gifts", "not found for hours", "twins")
"""Rare coincidences, brought about on purpose; only where they are asked for."""

_CONSTANT = 0.5
"""So often what can happen to each job happens to nearly each."""


@dataclass(frozen=True)
class Weather:
    """The troubles of a history.

    Attributes:
        troubles: Which kinds there are.
        odds: How likely a job meets those that concern single jobs.
        can_look: Whether fal shows its request history to the normal key.
        has_admin_key: Whether the host has given a key that may always look.
        streams: Whether fal's status streams work.
        is_slow: Whether latencies are in seconds now and then.
    """

    troubles: frozenset[str]
    odds: float
    can_look: bool
    has_admin_key: bool
    streams: bool
    is_slow: bool
    extra: dict[str, float] = field(default_factory=dict)

    def has(self, trouble: str) -> bool:
        """Whether there is this kind of trouble in this history at all."""
        return trouble in self.troubles


def choose(dice: random.Random, only: tuple[str, ...] = ()) -> Weather:
    """Choose the weather of a history.

    Args:
        dice: Of the seed.
        only: Just these troubles, for a closer look; empty for any mixture.
    """
    count = dice.choices((1, 2, 3, 5, 7), (10, 20, 30, 25, 15))[0]
    mixed = frozenset(dice.sample(TROUBLES, count))
    odds = 0.95 if dice.random() < _CONSTANT else dice.choice((0.3, 0.6))
    return Weather(
        troubles=frozenset(only) if only else mixed,
        odds=odds,
        can_look=dice.random() < 0.6,
        has_admin_key=dice.random() < 0.3,
        streams=dice.random() < 0.5,
        is_slow=dice.random() < 0.3,
    )
