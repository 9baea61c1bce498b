"""Gifts: what a member may use beyond what the rules allow, until an end.

A gift counts one unit. It is spent after the allowance: a request draws from gifts only what the
member's pots of that unit do not cover, from the gift that ends first. Caps hold all the same. At
the instant of its end a gift is gone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.core.limits import Account, Standing, Unit, first_without_room


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift to one member of one server.

    Attributes:
        amount: Pictures, or micro-dollars where the unit is USD.
        left: What is neither spent nor held.
        until_ms: The first instant at which it is gone.
        given_by: The moderator; 0 for the host.
    """

    id: str
    unit: Unit
    amount: int
    left: int
    until_ms: int
    given_by: int
    reason: str


@dataclass(frozen=True, slots=True)
class Draw:
    """What one request takes out of one gift."""

    gift_id: str
    unit: Unit
    amount: int


def left_in(gifts: Iterable[Gift], unit: Unit) -> int:
    """Sum what gifts of a unit have left."""
    return sum(gift.left for gift in gifts if gift.unit is unit)


def shortfall(found: Iterable[Standing], unit: Unit, asked: int) -> int:
    """Tell how much of what is asked the member's pots of a unit do not cover."""
    lacking = [
        pot.used + asked - pot.rule.amount
        for pot in found
        if pot.account is Account.MEMBER and pot.rule.unit is unit
    ]
    return min(asked, max(0, *lacking)) if lacking else 0


def cover(
    found: Iterable[Standing], gifts: Iterable[Gift], *, images: int, microusd: int
) -> list[Draw] | Standing:
    """Find out what pays for a request.

    Args:
        found: The limits that apply, pots before caps.
        gifts: The member's gifts that have not ended.
        images: Pictures that are asked for.
        microusd: The most that they can cost.

    Returns:
        What is drawn from gifts, nothing where the pots cover it all; or the limit that has no
        room for the request, of several pots of a unit the one with the least left.
    """
    found, gifts = list(found), list(gifts)
    draws: list[Draw] = []
    for unit, asked in ((Unit.IMAGES, images), (Unit.USD, microusd)):
        pots = [s for s in found if s.account is Account.MEMBER and s.rule.unit is unit]
        lacking = shortfall(pots, unit, asked)
        if lacking > left_in(gifts, unit):
            return min(pots, key=lambda pot: pot.left)
        draws += spend(gifts, unit, lacking)
    caps = [standing for standing in found if standing.account is not Account.MEMBER]
    return first_without_room(caps, images=images, microusd=microusd) or draws


def spend(gifts: Iterable[Gift], unit: Unit, amount: int) -> list[Draw]:
    """Take an amount out of gifts, the one that ends first before the others.

    The caller knows that there is enough.
    """
    draws: list[Draw] = []
    for gift in sorted(gifts, key=lambda gift: (gift.until_ms, gift.id)):
        part = min(amount, gift.left) if gift.unit is unit else 0
        if part:
            draws.append(Draw(gift.id, unit, part))
            amount -= part
    assert amount == 0
    return draws


def with_back(
    gifts: Iterable[Gift], drawn: Iterable[Draw], unit: Unit, amount: int
) -> tuple[list[Gift], int]:
    """Show gifts as they are once a part of what a job came to comes back.

    Args:
        gifts: Those that have not ended, also those with nothing left.
        drawn: What the job has drawn, out of the gift that ends last before the others.
        unit: What comes back.
        amount: How much.

    Returns:
        The gifts, and what of the amount did not come out of them.
    """
    back: dict[str, int] = {}
    for draw in drawn:
        if draw.unit is unit:
            back[draw.gift_id] = min(amount, draw.amount)
            amount -= back[draw.gift_id]
    return [replace(gift, left=gift.left + back.get(gift.id, 0)) for gift in gifts], amount


def without(gifts: Iterable[Gift], draws: Iterable[Draw]) -> list[Gift]:
    """Show gifts as they are once a request has drawn from them."""
    drawn = {draw.gift_id: draw.amount for draw in draws}
    left = [replace(gift, left=gift.left - drawn.get(gift.id, 0)) for gift in gifts]
    return [gift for gift in left if gift.left]
