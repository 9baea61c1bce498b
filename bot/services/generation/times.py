"""How long jobs wait for what, in seconds; only tests have a reason to change it."""

from dataclasses import dataclass

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Times:
    """Bounds and pauses.

    Bounds on what happens outside are measured by a clock that no correction of the time of day
    moves, and restart with the process: no picture is given up for the time that the bot was away.
    Pauses double from the first to the longest.
    """

    held_max_s: float = 3600
    """Older than this in our line, a job is given back to the member."""
    unclear_max_s: float = 600
    """So long evidence of a lost submit is looked for before the member is told."""
    evidence_pauses_s: tuple[float, ...] = (2, 5, 10, 20, 40, 60)
    at_fal_max_s: float = 2 * 3600
    """So long fal may wait with a job and work on it; it ends by itself what has not begun after
    an hour."""
    silence_max_s: float = 3600
    """After so long without a word of fal that means anything, the member is told."""
    cancel_max_s: float = 180
    """The same, once somebody has asked to cancel."""
    same_s: float = 180
    """An answer of fal's own that stays the same for so long is the end of a job."""
    same_count: int = 4
    """It must also have been heard so often."""
    rest_first_s: float = 5
    rest_max_s: float = 60
    """Pauses before fal is asked again after an answer that proves nothing."""
    fetch_wait_s: float = 20
    """So long the pictures that are there wait for those that are late."""
    fetch_max_s: float = 3600
    """So long a job without a single picture waits for one before the member is told."""
    deliver_max_s: float = 6 * 3600
    """So long pictures or an end are posted again while Discord cannot be reached."""
    retry_first_s: float = 5
    retry_max_s: float = 60
    """Pauses between tries to fetch a picture, to post, or to tell an end."""
    search_max_s: float = 7 * _DAY_S
    """So long pictures are looked for after a member was told that there are none yet."""
    search_first_s: float = 60
    search_rest_s: float = 6 * 3600
    """Pauses between two looks: the first and the longest."""
