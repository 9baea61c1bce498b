"""A job as a row and a row as a job; the only place that knows which column is which field."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter, itemgetter
from typing import Any, cast

from bot.core.jobs import Job, PictureLink, Reason, State, Ticket
from bot.core.models.options import Format, Size
from bot.storage.connection import Row, Value

# An omitted change is NULL and leaves its column alone. `held` is reached again only when nothing
# was sent; then the time of sending is forgotten. `rendered` is reached from an end by a rescue;
# then the end is forgotten.
ADVANCE_JOB = """
UPDATE jobs SET
    state = $3,
    message_id = COALESCE($4, message_id),
    fal_request_id = COALESCE($5, fal_request_id),
    fal_status_url = COALESCE($6, fal_status_url),
    fal_response_url = COALESCE($7, fal_response_url),
    fal_cancel_url = COALESCE($8, fal_cancel_url),
    links = COALESCE($9, links),
    cost_microusd = COALESCE($10, cost_microusd),
    cost_is_computed = COALESCE($11, cost_is_computed),
    possible_loss_microusd = COALESCE($12, possible_loss_microusd),
    pictures = COALESCE($13, pictures),
    reason = COALESCE($14, reason),
    message_channel_id = COALESCE($15, message_channel_id),
    made = COALESCE($16, made),
    free_pictures = COALESCE($17, free_pictures),
    search_until_ms = CASE CAST($18 AS BIGINT)
        WHEN 0 THEN NULL ELSE COALESCE($18, search_until_ms) END,
    search_due_ms = CASE CAST($18 AS BIGINT) WHEN 0 THEN NULL
        ELSE COALESCE(search_due_ms, CASE WHEN $18 > 0 THEN CAST($22 AS BIGINT) END) END,
    submitted_at_ms =
        CASE WHEN $3 = 'held' THEN NULL ELSE COALESCE($19, submitted_at_ms) END,
    rendered_at_ms = COALESCE($20, rendered_at_ms),
    ended_at_ms = CASE WHEN $3 = 'rendered' THEN NULL ELSE COALESCE($21, ended_at_ms) END,
    interaction_token =
        CASE WHEN $3 = 'delivered' THEN NULL ELSE interaction_token END
WHERE id = $1 AND state = $2
RETURNING *
"""
"""Takes id, state before and after, `change_values`, the times of sending, result and end, and now.
"""


@dataclass(frozen=True, slots=True)
class JobChanges:
    """What a move of a job changes besides its state; None leaves a field as it is.

    Attributes:
        reason: Not of a job that has ended, for it counts among the outcomes by its reason.
        search_until_ms: 0 ends the search for late pictures.
    """

    message_id: int | None = None
    message_channel_id: int | None = None
    ticket: Ticket | None = None
    links: tuple[PictureLink, ...] | None = None
    cost_microusd: int | None = None
    cost_is_computed: bool | None = None
    possible_loss_microusd: int | None = None
    pictures: int | None = None
    reason: Reason | None = None
    made: int | None = None
    free_pictures: int | None = None
    search_until_ms: int | None = None


NO_CHANGES = JobChanges()


def change_values(changes: JobChanges) -> tuple[Value, ...]:
    """Spread changes over the places from `$4` on of `ADVANCE_JOB`."""
    return (
        changes.message_id,
        *ticket_columns(changes.ticket),
        None if changes.links is None else links_text(changes.links),
        changes.cost_microusd,
        None if changes.cost_is_computed is None else int(changes.cost_is_computed),
        changes.possible_loss_microusd,
        changes.pictures,
        changes.reason.value if changes.reason else None,
        changes.message_channel_id,
        changes.made,
        changes.free_pictures,
        changes.search_until_ms,
    )


def ticket_columns(ticket: Ticket | None) -> tuple[str | None, str | None, str | None, str | None]:
    """Spread a ticket over its four columns."""
    if ticket is None:
        return None, None, None, None
    return ticket.request_id, ticket.status_url, ticket.response_url, ticket.cancel_url


_LINK_VALUES = attrgetter(*(one.name for one in fields(PictureLink)))


def links_text(links: tuple[PictureLink, ...]) -> str:
    """Write links as JSON: a list of address, type, width, height and arrival for each."""
    return json.dumps([_LINK_VALUES(link) for link in links])


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field of a job is kept.

    Attributes:
        columns: Of the table, nearly always one.
        write: The field as values for the columns.
        read: The columns of a row as the field.
    """

    columns: tuple[str, ...]
    write: Callable[[Any], tuple[Value, ...]]
    read: Callable[[Row], Any]


def _kept(column: str) -> _Field:
    """A field that is kept as it is."""
    return _Field((column,), lambda value: (value,), itemgetter(column))


def _as(column: str, read: Callable[[Any], Any], write: Callable[[Any], Value] = str) -> _Field:
    """A field that is kept in another form; None stays None."""
    return _Field(
        (column,),
        lambda value: (None if value is None else write(value),),
        lambda row: None if row[column] is None else read(row[column]),
    )


def _listed(column: str, read: Callable[[str], Any]) -> _Field:
    """Several short values with commas between them."""
    return _Field(
        (column,),
        lambda values: (",".join(str(value) for value in values),),
        lambda row: tuple(read(part) for part in row[column].split(",") if part),
    )


def _links(text: str) -> tuple[PictureLink, ...]:
    return tuple(PictureLink(*link) for link in json.loads(text))


def _ticket_of(row: Row) -> Ticket | None:
    request_id, status_url, response_url, cancel_url = (row[column] for column in _TICKET)
    if request_id is None:
        return None
    return Ticket(request_id, status_url, response_url, cancel_url, row["model"])


_TICKET = ("fal_request_id", "fal_status_url", "fal_response_url", "fal_cancel_url")

_OTHERWISE: dict[str, _Field] = {
    "state": _as("state", State),
    "size": _Field(
        ("width", "height"),
        lambda size: (size.width, size.height),
        lambda row: Size(row["width"], row["height"]),
    ),
    "quality": _as("quality", str),
    "format": _as("format", Format),
    "private": _as("private", bool, int),
    "role_ids": _Field(
        ("role_ids",),
        lambda ids: (",".join(str(one) for one in sorted(ids)),),
        lambda row: frozenset(int(part) for part in row["role_ids"].split(",") if part),
    ),
    "ticket": _Field(_TICKET, ticket_columns, _ticket_of),
    "links": _as("links", _links, links_text),
    "cost_is_computed": _as("cost_is_computed", bool, int),
    "reason": _as("reason", Reason),
    "spoiler": _as("spoiler", bool, int),
    "inputs": _listed("inputs", str),
}
"""The fields that are not kept as they are under their own name."""

_FIELDS = {one.name: _OTHERWISE.get(one.name) or _kept(one.name) for one in fields(Job)}
"""Every field of a job; a new one needs its column in a migration and nothing else."""

_READ_APART = {name: one.read for name, one in _FIELDS.items() if name in _OTHERWISE}
_READ_AS_KEPT = tuple(name for name in _FIELDS if name not in _OTHERWISE)
_KEPT_VALUES = cast("Callable[[Row], tuple[Any, ...]]", itemgetter(*_READ_AS_KEPT))

_COLUMNS = [column for one in _FIELDS.values() for column in one.columns]

INSERT_JOB = (
    f"INSERT INTO jobs ({', '.join(_COLUMNS)}) "  # noqa: S608 - column names only
    f"VALUES ({', '.join(f'${number}' for number in range(1, len(_COLUMNS) + 1))})"
)
"""The values are those of `values_of`, in its order."""


def values_of(job: Job) -> tuple[Value, ...]:
    """Spread a job over the columns of `INSERT_JOB`."""
    return tuple(value for name, one in _FIELDS.items() for value in one.write(getattr(job, name)))


def job_of(row: Row) -> Job:
    """Make a job of a row."""
    # The fields that are kept as they are in one go: a job is read many times on its way.
    kept = zip(_READ_AS_KEPT, _KEPT_VALUES(row), strict=True)
    return Job(**dict(kept), **{name: read(row) for name, read in _READ_APART.items()})
