"""What an answer of fal's, or of something in between, proves. One table; the first match wins.

A wrong belief here costs money in both directions: "it failed" about a job that fal made loses a
paid picture, "nothing was made" about a submit that was accepted pays twice. So only fal's own
word proves an end: an answer that names the request (`x-fal-request-id`, `request_id`), or has
the form of fal's errors. Everything else proves nothing and is asked again.

Three degrees of finality:
- `AT_ONCE`: only fal's model or runner can have said it, and only about the job.
- `IF_STEADY`: it is fal's word, but a gateway may say it in passing, or about the call instead of
  the job. It is the end once it has stayed the same over minutes; who asks again counts them.
- `NEVER`: it ends nothing however often it comes.

Whether a failure was billed is told by the units header beside any of these answers, and a missing
one is "unknown", never zero. Sources stand beside each row; `SOURCES` spells them out.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.core.errors import Trouble
from bot.fal.clues import Clues, Mark, clues
from bot.fal.kinds import (
    CALL_CANCEL,
    CALL_FAILURE,
    CALL_PARAMETER,
    CANCEL,
    CONTENT,
    FAILURE,
    LIMIT,
    PARAMETER,
)
from bot.fal.wire import Answer

SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "Q-DOC": "docs.fal.ai, model APIs, inference/queue: submit, cancel, result",
        "Q-ST": "docs.fal.ai, inference API, queue/status: three words, `request_id` in each",
        "Q-RES": "docs.fal.ai, inference API, queue/result: the model's own answer, repeated",
        "Q-CAN": "docs.fal.ai, inference API, queue/cancel: and the models' OpenAPI files",
        "HDR": "docs.fal.ai, common parameters: `x-fal-request-id`, queue length and 429",
        "ERR": "docs.fal.ai, errors: `detail[].type`; Pydantic's own types pass through",
        "REQERR": "docs.fal.ai, request errors: `error_type`, repeated in a header",
        "CONC": "docs.fal.ai, concurrency limits: the queue waits, a direct call gets 429",
        "CDN": "docs.fal.ai, media expiration and access controls: files are kept for days",
        "AUTH": "github.com/fal-ai/fal issues 1147, 1163, 1168 and many reports: 401, 403, locked",
        "FAL-T": "github.com/fal-ai/fal tests/e2e/test_apps.py: an early result, a cancelled one",
        "FAL-API": "github.com/fal-ai/fal fal/api: uncaught errors 500, own ones any status, 499",
        "FAL-CLI": "github.com/fal-ai/fal fal/cli/api.py: what the result call repeats is the end",
        "PY": "github.com/fal-ai/fal fal_client: 5xx is fal's own only with its request id",
        "SEEN": "several integrators' code: 404 NOT_FOUND, the text of an early result",
        "OAS": "api.fal.ai/v1/openapi.json: lists, and errors as `error.type`",
        "HTTP": "RFC 9110: what a status says of the call itself",
        "CARE": "nothing documents it, so it is taken for nothing",
    }
)


class Call(StrEnum):
    """The calls whose answers are judged."""

    SUBMIT = "submit"
    STATUS = "status"
    RESULT = "result"
    CANCEL = "cancel"
    MEDIA = "media"
    HISTORY = "history"


class Proof(StrEnum):
    """What an answer proves."""

    NOTHING = "nothing"
    ACCEPTED = "a job was made and this is its id"
    NOT_SENT = "no job was made, and a later submit may make one"
    KEY_REFUSED = "no job was made: the key is refused"
    LOCKED = "no job was made: the account is locked"
    REFUSED = "the content check said no"
    UNACCEPTABLE = "a field is not accepted"
    FAILED = "it ended without pictures; the units say what it cost"
    CANCELLED = "it ended by a cancel"
    UNKNOWN = "fal does not know the request"
    NOT_ENDED = "it waits or runs"
    ENDED = "it has ended; the result says how"
    MADE = "these are the pictures"
    REMOVED = "it was taken out of the line before it began"
    ASKED = "the cancel was heard; it may still finish"
    TOO_LATE = "it had ended before the cancel"
    MOVED = "the file lies elsewhere"
    MISSING = "the file is not there now; fal keeps files for days"
    LISTED = "this is the history"
    CANNOT_LOOK = "this key may not read the history"
    NO_LIST = "the history knows no such model"


class Final(StrEnum):
    """When what is proven is final."""

    AT_ONCE = "at once"
    IF_STEADY = "if it stays the same over minutes"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        source: A key of `SOURCES`.
        needs: Marks that must all be there.
        kinds: fal's name for the error must be one of these; None takes any, and none.
        words: The text of `status` must be one of these; None takes any, and none.
        trouble: What the answer says about more than this one request.
    """

    call: Call
    statuses: Container[int]
    proves: Proof
    final: Final
    source: str
    needs: frozenset[Mark] = frozenset()
    kinds: frozenset[str] | None = None
    words: frozenset[str] | None = None
    trouble: Trouble | None = None

    def fits(self, seen: Clues) -> bool:
        """Whether this line speaks of such an answer to its call."""
        return (
            seen.status in self.statuses
            and self.needs <= seen.marks
            and (self.kinds is None or seen.kind in self.kinds)
            and (self.words is None or seen.word in self.words)
        )


def _needs(*marks: Mark) -> frozenset[Mark]:
    return frozenset(marks)


_ANY = range(1000)
_GOOD = range(200, 300)
_MOVED = frozenset({301, 302, 303, 307, 308})
_CLIENT = range(400, 500)
_SERVER = range(500, 600)
_ERRORS = range(400, 600)
_DOORS = frozenset({401, 402, 403})
_OF_THE_CALL = frozenset({401, 402, 403, 404, 408, 410, 425, 429})
"""What a gateway says about the call that asks, whoever's job it asks for."""
_OF_THE_JOB = frozenset(_ERRORS) - _OF_THE_CALL
_LATER = frozenset({408, 425, 429}) | frozenset(_SERVER)
_EARLY = frozenset({400}) | frozenset(_GOOD)
_MAYBE_MADE = frozenset({408, 409, 425, 499})
"""Of a submit: the other side gave up or saw it before, so it may have been heard."""
_NOT_MADE = frozenset(_CLIENT) - _MAYBE_MADE

_OBJECT, _FORM, _LIST = _needs(Mark.OBJECT), _needs(Mark.FORM), _needs(Mark.LIST)
_OURS, _OTHERS, _LOCKED = _needs(Mark.OURS), _needs(Mark.OTHERS), _needs(Mark.LOCKED)
_KEY, _TYPED = _needs(Mark.KEY), _needs(Mark.TYPED, Mark.FORM)

_WAITING = frozenset({"IN_QUEUE", "IN_PROGRESS"})
_ENDED = frozenset({"COMPLETED"})
_NOT_FOUND = frozenset({"NOT_FOUND"})

_SUBMIT = (
    Row(Call.SUBMIT, _GOOD, Proof.ACCEPTED, Final.AT_ONCE, "Q-DOC", _needs(Mark.TICKET)),
    # An id under any other status: somebody made something, so never "not made".
    Row(Call.SUBMIT, _ANY, Proof.NOTHING, Final.NEVER, "CARE", _needs(Mark.TICKET)),
    Row(Call.SUBMIT, {429}, Proof.NOT_SENT, Final.NEVER, "HDR"),
    Row(Call.SUBMIT, _DOORS, Proof.LOCKED, Final.AT_ONCE, "AUTH", _LOCKED),
    Row(Call.SUBMIT, {402}, Proof.LOCKED, Final.AT_ONCE, "HTTP", _FORM),
    Row(Call.SUBMIT, {401, 403}, Proof.KEY_REFUSED, Final.AT_ONCE, "AUTH", _FORM),
    Row(Call.SUBMIT, _NOT_MADE, Proof.REFUSED, Final.AT_ONCE, "ERR", _FORM, CONTENT),
    Row(Call.SUBMIT, _NOT_MADE, Proof.UNACCEPTABLE, Final.AT_ONCE, "Q-DOC", _FORM),
    # A 5xx comes from whoever broke, before or after the queue accepted; and what has not fal's
    # form comes from anybody.
    Row(Call.SUBMIT, _ANY, Proof.NOTHING, Final.NEVER, "CARE", trouble=Trouble.OUTAGE),
)

_BLOCKED_READS = tuple(
    row
    for call in (Call.STATUS, Call.RESULT, Call.CANCEL)
    for row in (
        Row(call, _ANY, Proof.NOTHING, Final.NEVER, "HDR", _OTHERS, trouble=Trouble.OUTAGE),
        Row(call, _DOORS, Proof.NOTHING, Final.NEVER, "AUTH", _LOCKED, trouble=Trouble.ACCOUNT),
    )
)
"""What stands before everything else that is said about a request."""

_STATUS = (
    Row(Call.STATUS, _GOOD, Proof.NOT_ENDED, Final.NEVER, "Q-ST", words=_WAITING),
    Row(Call.STATUS, _GOOD, Proof.ENDED, Final.AT_ONCE, "Q-ST", _OURS, words=_ENDED),
    # A new word of fal's is no outage, and no news.
    Row(Call.STATUS, _GOOD, Proof.NOTHING, Final.NEVER, "CARE", _OURS),
    Row(Call.STATUS, {404}, Proof.UNKNOWN, Final.IF_STEADY, "SEEN", words=_NOT_FOUND),
)

_RESULT_GOOD = (
    # It has the form of an app's own exception and may come with the request's id.
    Row(Call.RESULT, {401, 403}, Proof.NOTHING, Final.NEVER, "AUTH", _KEY, trouble=Trouble.KEY),
    Row(Call.RESULT, _GOOD, Proof.MADE, Final.AT_ONCE, "Q-RES", _needs(Mark.PICTURES)),
    Row(Call.RESULT, _EARLY, Proof.NOT_ENDED, Final.NEVER, "Q-ST", words=_WAITING | _ENDED),
    Row(Call.RESULT, _GOOD, Proof.FAILED, Final.IF_STEADY, "FAL-CLI", _needs(Mark.IMAGES)),
    Row(Call.RESULT, _GOOD, Proof.FAILED, Final.IF_STEADY, "FAL-CLI", _OURS),
)

_RESULT_TYPED = (
    Row(Call.RESULT, _OF_THE_JOB, Proof.REFUSED, Final.AT_ONCE, "ERR", _FORM, CONTENT),
    Row(Call.RESULT, _OF_THE_JOB, Proof.UNACCEPTABLE, Final.AT_ONCE, "ERR", _FORM, PARAMETER),
    Row(Call.RESULT, _OF_THE_JOB, Proof.FAILED, Final.AT_ONCE, "REQERR", _FORM, FAILURE),
    Row(Call.RESULT, _OF_THE_JOB, Proof.CANCELLED, Final.AT_ONCE, "REQERR", _FORM, CANCEL),
    Row(
        Call.RESULT,
        {504},
        Proof.FAILED,
        Final.AT_ONCE,
        "REQERR",
        _needs(Mark.FORM, Mark.OUR_LIMIT),
        LIMIT,
    ),
    # The same names where a gateway may be speaking, or without the form that goes with them.
    Row(Call.RESULT, _ERRORS, Proof.REFUSED, Final.IF_STEADY, "ERR", kinds=CONTENT),
    Row(
        Call.RESULT,
        _ERRORS,
        Proof.UNACCEPTABLE,
        Final.IF_STEADY,
        "REQERR",
        kinds=PARAMETER | CALL_PARAMETER,
    ),
    Row(
        Call.RESULT,
        _ERRORS,
        Proof.FAILED,
        Final.IF_STEADY,
        "CONC",
        kinds=FAILURE | CALL_FAILURE,
    ),
    Row(
        Call.RESULT,
        _ERRORS,
        Proof.CANCELLED,
        Final.IF_STEADY,
        "REQERR",
        kinds=CANCEL | CALL_CANCEL,
    ),
    Row(Call.RESULT, {400, 422}, Proof.UNACCEPTABLE, Final.IF_STEADY, "ERR", _LIST),
    Row(Call.RESULT, _ERRORS, Proof.FAILED, Final.IF_STEADY, "REQERR", _TYPED),
)

_UNPAID = tuple(
    Row(call, {402}, Proof.NOTHING, Final.NEVER, "HTTP", _OBJECT, trouble=Trouble.ACCOUNT)
    for call in (Call.STATUS, Call.RESULT, Call.CANCEL)
)

_RESULT_UNTYPED = (
    Row(Call.RESULT, {404}, Proof.UNKNOWN, Final.IF_STEADY, "SEEN", words=_NOT_FOUND),
    # fal's end-to-end test expects it of an early result, and has been failing since; it never
    # ends a job, since the text that tells the two meanings apart is not documented.
    Row(Call.RESULT, {400}, Proof.NOT_ENDED, Final.NEVER, "FAL-T", _FORM),
    Row(Call.RESULT, {499}, Proof.CANCELLED, Final.IF_STEADY, "FAL-API", _FORM),
    Row(
        Call.RESULT,
        _CLIENT,
        Proof.FAILED,
        Final.IF_STEADY,
        "FAL-API",
        _needs(Mark.OURS, Mark.FORM),
    ),
    Row(Call.RESULT, _SERVER, Proof.FAILED, Final.IF_STEADY, "PY", _OURS),
)

_CANCEL = (
    Row(Call.CANCEL, {200}, Proof.REMOVED, Final.AT_ONCE, "Q-CAN", words=frozenset({"OK"})),
    Row(Call.CANCEL, {200}, Proof.REMOVED, Final.AT_ONCE, "Q-CAN", _needs(Mark.DONE)),
    Row(Call.CANCEL, {200}, Proof.ASKED, Final.NEVER, "Q-CAN", _needs(Mark.UNDONE)),
    Row(
        Call.CANCEL,
        _GOOD,
        Proof.ASKED,
        Final.NEVER,
        "Q-DOC",
        words=frozenset({"CANCELLATION_REQUESTED"}),
    ),
    Row(
        Call.CANCEL,
        {400},
        Proof.TOO_LATE,
        Final.NEVER,
        "Q-DOC",
        words=frozenset({"ALREADY_COMPLETED"}),
    ),
    Row(Call.CANCEL, {404}, Proof.UNKNOWN, Final.NEVER, "Q-DOC", words=_NOT_FOUND),
)

_UNREAD = tuple(
    row
    for call in (Call.STATUS, Call.RESULT, Call.CANCEL)
    for row in (
        Row(call, {401, 403}, Proof.NOTHING, Final.NEVER, "AUTH", _OBJECT, trouble=Trouble.KEY),
        Row(call, _ANY, Proof.NOTHING, Final.NEVER, "CARE", trouble=Trouble.OUTAGE),
    )
)
"""What is left; a page instead of JSON does not come from fal's queue, whatever its status."""

_MEDIA = (
    # The bytes decide whether it is a picture.
    Row(Call.MEDIA, {200}, Proof.MADE, Final.NEVER, "CDN"),
    Row(Call.MEDIA, _MOVED, Proof.MOVED, Final.NEVER, "HTTP"),
    Row(Call.MEDIA, {403, 404, 410}, Proof.MISSING, Final.NEVER, "CDN"),
    Row(Call.MEDIA, _LATER, Proof.NOTHING, Final.NEVER, "HTTP", trouble=Trouble.OUTAGE),
    Row(Call.MEDIA, _ANY, Proof.NOTHING, Final.NEVER, "CARE"),
)

_HISTORY = (
    Row(Call.HISTORY, _GOOD, Proof.LISTED, Final.NEVER, "OAS", _needs(Mark.ITEMS)),
    Row(Call.HISTORY, _DOORS, Proof.NOTHING, Final.NEVER, "AUTH", _LOCKED, trouble=Trouble.ACCOUNT),
    Row(Call.HISTORY, {401, 403}, Proof.CANNOT_LOOK, Final.NEVER, "OAS", _OBJECT),
    Row(Call.HISTORY, {404}, Proof.NO_LIST, Final.NEVER, "OAS", _needs(Mark.PLATFORM)),
    Row(Call.HISTORY, _ANY, Proof.NOTHING, Final.NEVER, "CARE", trouble=Trouble.OUTAGE),
)

TABLE: tuple[Row, ...] = (
    *_SUBMIT,
    *_BLOCKED_READS,
    *_STATUS,
    *_RESULT_GOOD,
    *_RESULT_TYPED,
    *_UNPAID,
    *_RESULT_UNTYPED,
    *_CANCEL,
    *_UNREAD,
    *_MEDIA,
    *_HISTORY,
)
"""Every line. The last one of each call takes whatever is left."""


def judge(call: Call, answer: Answer, request_id: str | None = None) -> Row:
    """Find the line that speaks of an answer.

    Args:
        call: What was asked.
        answer: What came.
        request_id: Which request was asked about, None for calls that are about none.
    """
    seen = clues(answer, request_id)
    return next(row for row in TABLE if row.call is call and row.fits(seen))
