"""The exception tree. No exception of a library leaves the room that imports the library.

BotError
├── Refused               an expected no: a code and its values; `bot/texts` writes the sentence
│   ├── IllegalSize           a size breaks a rule of the model
│   ├── BadRequest            a prompt, count or other option is not acceptable
│   ├── OverLimit             a limit has no room
│   ├── TooManyLosses         the member's requests cost too much today and brought nothing
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
├── DiscordRefused        Discord does not let the bot in, or has put it out for good
├── BadSettings           the host's settings are not usable
└── StorageTrouble        the storage did not do what it was asked for
    ├── DatabaseUnavailable   it cannot be used now, and nothing was saved: try again
    │   └── CommitUnknown         it was saved or not: look before trying again
    ├── StaleState            somebody else was faster, as happens: nothing was changed
    └── Broken                an invariant does not hold: stop the job, tell the host
        ├── LedgerBroken          entries and totals disagree, or a hold is resolved twice
        ├── OtherDatabase         the database is not the one that this bot had
        └── WitnessUnreadable     nobody can say which database this bot had
"""

from dataclasses import KW_ONLY, dataclass, fields
from enum import StrEnum

from bot.core.codes import BrokenRule, Code, MemberCode
from bot.core.limits import Standing


class BotError(Exception):
    """The root of the tree."""


@dataclass(eq=False, repr=False)
class Refused(BotError):
    """An expected no.

    Attributes:
        code: Which one.
        typed: What a person wrote, for people alone; in no log.
        detail: What another program said of it; it may quote what a person wrote.
        given: What was asked for, or is there.
        most: What would be possible at most.
        names: Names of ours: what is possible, or what is meant.
        ids: Ids of members or channels.
        at_ms: When, for the code that has a time.
    """

    code: Code
    _: KW_ONLY
    typed: str = ""
    detail: str = ""
    given: int = 0
    most: int = 0
    names: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()
    at_ms: int | None = None

    def __post_init__(self) -> None:
        self.args = (self.code,)

    def __str__(self) -> str:
        """The code and its values for the log, without what people typed."""
        values = ((one.name, getattr(self, one.name)) for one in fields(self)[3:])
        shown = [f"{name}={value}" for name, value in values if value]
        return " ".join([f"{type(self.code).__name__}.{self.code.name}", *shown])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self})"


class IllegalSize(Refused):
    """A size breaks a rule of the model.

    Attributes:
        rule: The rule.
        size: The size as `W×H`, empty where the text was no size.
        nearest: The nearest legal size, None where the text was no size.
    """

    def __init__(self, rule: BrokenRule, size: str = "", nearest: str | None = None) -> None:
        super().__init__(rule.code, given=rule.given, most=rule.bound, names=rule.allowed)
        self.rule = rule
        self.size = size
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
        super().__init__(
            MemberCode.NO_ROOM, given=given, most=standing.left, at_ms=standing.resets_at_ms
        )
        self.standing = standing
        self.asked = asked


class TooManyLosses(Refused):
    """A member's requests have cost too much today without bringing anything."""


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

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(MemberCode.FORBIDDEN_WORD)
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


class DiscordRefused(BotError):
    """Discord does not let the bot in, or closed the door for good."""


class BadSettings(BotError):
    """The settings are not usable.

    Attributes:
        lines: One line for each problem, in the order of the settings.
    """

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class StorageTrouble(BotError):
    """The storage did not do what it was asked for."""


class DatabaseUnavailable(StorageTrouble):
    """The database cannot be used now: unreachable, locked, full, or gone in the middle.

    What was under way is certainly not saved, but for `CommitUnknown`.
    """


class CommitUnknown(DatabaseUnavailable):
    """The connection broke during the commit itself: it is saved or not, and nobody can say.

    Whoever does it again must first look whether it is there.
    """


class StaleState(StorageTrouble):
    """A job was not in the state that the change expected; nothing was changed.

    Routine where two writers race: the other one was faster.
    """


class Broken(StorageTrouble):
    """An invariant does not hold."""


class LedgerBroken(Broken):
    """Entries and totals disagree, or a hold was to be resolved twice."""


class OtherDatabase(Broken):
    """The database is not the one that this bot had; says how to go on."""


class WitnessUnreadable(Broken):
    """There is a note of which database this bot had, but it does not say anything."""
