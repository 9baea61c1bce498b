"""The exception tree. No exception of a library leaves the room that imports the library.

BotError
├── Refused               an expected no; carries the sentence that the person may read
│   ├── IllegalSize           a size breaks a rule of the model
│   ├── BadRequest            a prompt, count or other option is not acceptable
│   ├── OverLimit             a limit has no room
│   ├── NotAllowed            the person may not do this
│   │   └── Blocked               a moderator keeps the person from making pictures
│   ├── NotOffered            the server does not offer this here, or not so large, good or many
│   ├── Paused                the server is paused
│   ├── ForbiddenPrompt       the server's words forbid the prompt
│   └── TooLate               the job has gone too far for this
├── Upstream              fal said no, or nothing; carries what fal billed for it, if it said so
│   ├── NotSent               nothing was sent, or fal asked to come again: safe to repeat
│   ├── SubmitUnclear         bytes were sent and no answer that decides came: never repeat
│   ├── ContentRefused        the content check said no
│   ├── BadParameter          fal does not accept a field
│   ├── AccountLocked         the host's account is locked or out of balance
│   ├── KeyRejected           the host's key is wrong or may not do this
│   ├── TemporaryFailure      fal or the model failed; the next try may succeed
│   ├── Unproven              an answer, or none, that proves nothing: ask again
│   ├── CannotLook            the key may not read the request history
│   ├── CancelledAtFal        the request ended by a cancel
│   ├── Gone                  fal no longer knows the request
│   └── MediaRejected         a picture is missing, broken, too large or from a foreign host
│       └── ForeignHost           its host is not on the host's list
├── Undeliverable         no route to the member is open
├── RouteBusy             Discord cannot be reached now; a later try may succeed
└── Broken                an invariant does not hold: stop the job, tell the host
    ├── LedgerBroken          entries and totals disagree, or a hold is resolved twice
    └── StaleState            a job was not in the state that the change expected
"""

from enum import StrEnum

from bot.core.limits import Standing, show_amount


class BotError(Exception):
    """The root of the tree."""


class Refused(BotError):
    """An expected no.

    Attributes:
        sentence: What the person may read, in plain words.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class IllegalSize(Refused):
    """A size breaks a rule of the model.

    Attributes:
        rule: The rule, in plain words.
        nearest: The nearest legal size as `W×H`, or None where the text was no size.
    """

    def __init__(self, rule: str, nearest: str | None, size: str | None = None) -> None:
        what = f"{size} is not possible: {rule}" if size else f"{rule[0].upper()}{rule[1:]}"
        advice = f"; the nearest possible size is {nearest}" if nearest else ""
        super().__init__(f"{what}{advice}.")
        self.rule = rule
        self.nearest = nearest


class BadRequest(Refused):
    """An option of a request is not acceptable."""


class OverLimit(Refused):
    """A limit has no room.

    Attributes:
        standing: The limit that refused, with what is used under it.
        asked: What the request needs, in the limit's unit.
        given: What the member's gifts have left beside it, in the same unit.
    """

    def __init__(self, standing: Standing, asked: int, given: int = 0) -> None:
        unit = standing.rule.unit
        super().__init__(
            f"That needs {show_amount(unit, asked)}; {show_amount(unit, standing.left)} of "
            f"{show_amount(unit, standing.rule.amount)} are left."
        )
        self.standing = standing
        self.asked = asked
        self.given = given


class NotAllowed(Refused):
    """The person may not do this."""


class Blocked(NotAllowed):
    """A moderator keeps the person from making pictures."""


class NotOffered(Refused):
    """The server does not offer this here, or not so large, good or many."""


class Paused(Refused):
    """The server is paused."""


class ForbiddenPrompt(Refused):
    """The server's words forbid the prompt.

    Attributes:
        kind: How the entry of the list that matched is meant.
        text: Its text; for moderators, never for the member.
    """

    def __init__(self, sentence: str, kind: str, text: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.text = text


class TooLate(Refused):
    """The job has gone too far for this."""


class Upstream(BotError):
    """fal said no, or nothing.

    Attributes:
        detail: What fal said, shortened; for logs and the host, never for a card.
        cost_microusd: What fal says it billed for the failure, None where it does not say.
        may_be_billed: fal does not say, and it is no failure that is known to be free.
    """

    def __init__(
        self, detail: str, *, cost_microusd: int | None = None, may_be_billed: bool = False
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.cost_microusd = cost_microusd
        self.may_be_billed = may_be_billed


class NotSent(Upstream):
    """Nothing was sent, or fal asked to come again: the submit is safe to repeat.

    Attributes:
        retry_after_s: How long fal asks to wait, None where it does not say.
    """

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class SubmitUnclear(Upstream):
    """Bytes were sent and no answer that decides came back: the submit is never repeated."""


class ContentRefused(Upstream):
    """The model's content check said no."""


class BadParameter(Upstream):
    """fal does not accept a field of the request."""


class AccountLocked(Upstream):
    """The host's account at fal is locked or out of balance."""


class KeyRejected(Upstream):
    """The host's key is wrong, or may not call this model."""


class TemporaryFailure(Upstream):
    """fal or the model failed; another try may succeed."""


class Trouble(StrEnum):
    """What stands between the bot and fal, where it is not the single job's own matter."""

    KEY = "key"
    """fal rejects the host's key."""
    ACCOUNT = "account"
    """fal says that the host's account is locked or out of balance."""
    OUTAGE = "outage"
    """No answer, or one that cannot come from fal's queue."""


class Halt(StrEnum):
    """Why nothing is sent to fal for now, for every member."""

    BUSY = "busy"
    """fal could not be reached, or asked to come again."""
    KEY = "key"
    """fal rejects the host's key."""
    ACCOUNT = "account"
    """The host's account at fal is locked or out of balance."""
    OUTAGE = "outage"
    """What fal answers makes no sense, for several jobs in a row."""
    UNCLEAR = "unclear"
    """The answers to several submits in a row were lost."""
    LOSSES = "losses"
    """Several jobs in a row were paid and brought nothing."""
    MEDIA = "media"
    """fal keeps its pictures on a host that is not on the host's list."""

    @property
    def is_hard(self) -> bool:
        """Whether people are to be told: it will hardly pass in a minute."""
        return self not in (Halt.BUSY, Halt.OUTAGE)


class Unproven(Upstream):
    """An answer, or none, that proves nothing about the job: it is asked again, without an end.

    Attributes:
        trouble: What is wrong beyond this job, None where nothing points to that.
        word: What fal itself said, as a text that is equal for equal answers; None where the
            answer may come from anybody.
        end: How the job ended, should fal's word stay the same over minutes; None without a word.
    """

    def __init__(
        self,
        detail: str,
        *,
        trouble: Trouble | None = None,
        word: str | None = None,
        end: Upstream | None = None,
    ) -> None:
        super().__init__(detail)
        assert (word is None) == (end is None)
        self.trouble = trouble
        self.word = word
        self.end = end


class CannotLook(Upstream):
    """The key may not read the request history: not found there means nothing."""


class CancelledAtFal(Upstream):
    """The request ended by a cancel."""


class Gone(Upstream):
    """fal does not know the request, or no longer."""


class MediaRejected(Upstream):
    """A picture is missing, broken, too large, or from a host that is not allowed."""


class ForeignHost(MediaRejected):
    """A picture lies on a host that is not on the host's list; the list may be changed."""


class Undeliverable(BotError):
    """No route to the member is open.

    Attributes:
        routes: Each route that was tried and why it is closed, for the log.
    """

    def __init__(self, routes: list[str]) -> None:
        super().__init__("; ".join(routes) or "no route")
        self.routes = routes


class RouteBusy(BotError):
    """Discord cannot be reached now; a later try may succeed."""


class Broken(BotError):
    """An invariant does not hold."""


class LedgerBroken(Broken):
    """Entries and totals disagree, or a hold was to be resolved twice."""


class StaleState(Broken):
    """A job was not in the state that the change expected; nothing was changed."""
