"""What a member pays for a job: picture by picture and dollar by dollar for what arrived.

Four figures may differ: pictures asked for, pictures made (fal may list some without an address),
pictures that the bill is for, and pictures that arrived. The member pays for those that arrived
and were asked for, at fal's bill divided by the pictures that it is for, and never more than the
same share of what was held. Whatever is left of the bill is the host's.
"""

from bot.core.limits import Usage


def charge(
    *,
    arrived: int,
    asked: int,
    made: int,
    cost_microusd: int,
    held_microusd: int,
    one_microusd: int,
) -> Usage:
    """Say what the member pays, rounded in the member's favour.

    Args:
        arrived: Pictures that reached the member, or at most will; late ones are free and do not
            belong here.
        asked: Pictures that were asked for and held.
        made: Pictures that fal made, with or without an address.
        cost_microusd: fal's bill for the job.
        held_microusd: What was held for all that were asked for.
        one_microusd: The computed price of one picture with its prompt.
    """
    billed = billed_pictures(
        asked=asked, made=made, cost_microusd=cost_microusd, one_microusd=one_microusd
    )
    images = min(arrived, asked)
    # Nobody pays for more pictures than the bill is for, even where more arrived than were made.
    share = min(images, billed)
    if share <= 0:
        return Usage(max(images, 0), 0)
    return Usage(images, min(cost_microusd * share // billed, held_microusd * images // asked))


def billed_pictures(*, asked: int, made: int, cost_microusd: int, one_microusd: int) -> int:
    """Say how many pictures a bill is for.

    That is how many were made; only where fewer were made than asked for may the bill be for more
    of those that were asked for, which its height tells.
    """
    if made >= asked or one_microusd <= 0:
        return made
    by_height = (2 * cost_microusd + one_microusd) // (2 * one_microusd)
    return max(made, min(by_height, asked))
