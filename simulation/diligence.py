"""More promises: what the bot owes to whoever relies on its books, and to fal."""

from collections.abc import Iterator

from simulation.scene import Scene
from simulation.world import BrokenPromise

_SILENCE_S = 3600.0
_REFUSED_MAX = 20
_REFUSED_PER_S = 60.0
"""So many submits may meet a closed door in a minute: three places, several starts, and probes."""


def what_is_known_is_not_in_doubt(scene: Scene) -> Iterator[BrokenPromise]:
    """What a job cost is either known or in doubt; both would count it twice."""
    for account in scene.accounts.values():
        is_known = account.cost or account.state in ("rendered", "delivered", "undelivered")
        if account.doubt and is_known:
            yield scene.broken(
                f"{account.doubt} in doubt beside {account.cost} that are known; "
                f"it is {account.state}",
                account.id,
            )


def accepted_means_stored(scene: Scene) -> Iterator[BrokenPromise]:
    """Whoever was told that their request was taken has a job."""
    for press in scene.people.presses:
        if press.answer == "accepted" and press.job_id not in scene.accounts:
            yield scene.broken(f"press {press.number} was accepted, and nobody knows its job")


def a_closed_door_is_left_alone(scene: Scene) -> Iterator[BrokenPromise]:
    """While fal takes nothing, it is asked a few times a minute and no more."""
    refused = [one.at_s for one in scene.fal.attempts if one.is_proof][-_REFUSED_MAX - 1 :]
    if len(refused) > _REFUSED_MAX and refused[-1] - refused[0] < _REFUSED_PER_S:
        span_s = refused[-1] - refused[0]
        yield scene.broken(f"{len(refused)} submits that fal refused within {span_s:.0f} s")


def nobody_is_told_again(scene: Scene) -> Iterator[BrokenPromise]:
    """Once a member knows how a job ended, the next start has nothing to tell them."""
    if "clock jump" in scene.world.fired:
        # What ended longer ago than a day is not told by a start, and its note is not made up for.
        return
    for account in scene.accounts.values():
        is_told = scene.inbox(account.id).told_s is not None
        if account.is_ended and is_told and account.token is not None:
            yield scene.broken(f"the member knows that it {account.state}, the bot does not")


def silence_is_waited_out(scene: Scene) -> Iterator[BrokenPromise]:
    """No job at fal is given up as silent before an hour of true time is over."""
    for account in scene.accounts.values():
        told_s = scene.inbox(account.id).told_s
        requests = scene.requests[account.id]
        if account.reason != "silent" or told_s is None or not requests:
            continue
        waited_s = told_s - max(one.sent_s for one in requests)
        if waited_s < _SILENCE_S:
            yield scene.broken(f"given up as silent after {waited_s / 60:.0f} minutes", account.id)
