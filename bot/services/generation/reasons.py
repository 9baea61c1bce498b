"""Which reason a member reads for what fal said."""

from bot.core.errors import (
    AccountLocked,
    BadParameter,
    CancelledAtFal,
    ContentRefused,
    Gone,
    KeyRejected,
    MediaRejected,
    TemporaryFailure,
    Upstream,
)
from bot.core.jobs import Reason

_REASONS: tuple[tuple[type[Upstream], Reason], ...] = (
    (ContentRefused, Reason.CONTENT),
    (BadParameter, Reason.PARAMETER),
    (AccountLocked, Reason.ACCOUNT),
    (KeyRejected, Reason.KEY),
    (TemporaryFailure, Reason.TEMPORARY),
    (MediaRejected, Reason.MEDIA),
    (Gone, Reason.GONE),
    (CancelledAtFal, Reason.GONE),
)


def reason_for(error: Upstream) -> Reason:
    """Find the reason for an error of fal; `UNEXPECTED` for what nobody foresaw."""
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), Reason.UNEXPECTED)
