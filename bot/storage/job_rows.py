"""A job as a row and a row as a job; the only place that knows which column is which field."""

import json
from dataclasses import astuple, dataclass

from bot.core.catalogue import Format, Quality, Size
from bot.core.jobs import Job, PictureLink, Reason, State, Ticket
from bot.storage.connection import Row, Value

INSERT_JOB = """
INSERT INTO jobs (
    id, state, server_id, channel_id, member_id, prompt, width, height, quality, count, format,
    private, held_microusd, created_at_ms, interaction_token, file_limit_bytes, message_id,
    role_ids, fal_request_id, fal_status_url, fal_response_url, fal_cancel_url, links,
    cost_microusd, cost_is_computed, possible_loss_microusd, pictures, reason, cancel_by,
    submitted_at_ms, rendered_at_ms, ended_at_ms, parent_channel_id, spoiler, message_channel_id,
    removed_by, removed_at_ms, made, free_pictures, search_until_ms, search_due_ms, search_tries
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38,
    $39, $40, $41, $42
)
"""
"""The values are those of `values_of`, in its order."""

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


def values_of(job: Job) -> tuple[Value, ...]:
    """Spread a job over the columns of `INSERT_JOB`."""
    return (
        job.id,
        job.state.value,
        job.server_id,
        job.channel_id,
        job.member_id,
        job.prompt,
        job.size.width,
        job.size.height,
        job.quality.value,
        job.count,
        job.format.value,
        int(job.private),
        job.held_microusd,
        job.created_at_ms,
        job.interaction_token,
        job.file_limit_bytes,
        job.message_id,
        ",".join(str(role_id) for role_id in sorted(job.role_ids)),
        *ticket_columns(job.ticket),
        links_text(job.links),
        job.cost_microusd,
        int(job.cost_is_computed),
        job.possible_loss_microusd,
        job.pictures,
        job.reason.value if job.reason else None,
        job.cancel_by,
        job.submitted_at_ms,
        job.rendered_at_ms,
        job.ended_at_ms,
        job.parent_channel_id,
        int(job.spoiler),
        job.message_channel_id,
        job.removed_by,
        job.removed_at_ms,
        job.made,
        job.free_pictures,
        job.search_until_ms,
        job.search_due_ms,
        job.search_tries,
    )


def ticket_columns(ticket: Ticket | None) -> tuple[str | None, str | None, str | None, str | None]:
    """Spread a ticket over its four columns."""
    if ticket is None:
        return None, None, None, None
    return ticket.request_id, ticket.status_url, ticket.response_url, ticket.cancel_url


def links_text(links: tuple[PictureLink, ...]) -> str:
    """Write links as JSON: a list of address, type, width, height and arrival for each."""
    return json.dumps([list(astuple(link)) for link in links])


def job_of(row: Row) -> Job:
    """Make a job of a row; the only place that knows how."""
    ticket = None
    if row["fal_request_id"] is not None:
        ticket = Ticket(
            row["fal_request_id"],
            row["fal_status_url"],
            row["fal_response_url"],
            row["fal_cancel_url"],
        )
    return Job(
        id=row["id"],
        state=State(row["state"]),
        server_id=row["server_id"],
        channel_id=row["channel_id"],
        member_id=row["member_id"],
        prompt=row["prompt"],
        size=Size(row["width"], row["height"]),
        quality=Quality(row["quality"]),
        count=row["count"],
        format=Format(row["format"]),
        private=bool(row["private"]),
        held_microusd=row["held_microusd"],
        created_at_ms=row["created_at_ms"],
        interaction_token=row["interaction_token"],
        file_limit_bytes=row["file_limit_bytes"],
        role_ids=frozenset(int(text) for text in row["role_ids"].split(",") if text),
        message_id=row["message_id"],
        ticket=ticket,
        links=tuple(PictureLink(*link) for link in json.loads(row["links"])),
        cost_microusd=row["cost_microusd"],
        cost_is_computed=bool(row["cost_is_computed"]),
        possible_loss_microusd=row["possible_loss_microusd"],
        pictures=row["pictures"],
        reason=Reason(row["reason"]) if row["reason"] else None,
        cancel_by=row["cancel_by"],
        submitted_at_ms=row["submitted_at_ms"],
        rendered_at_ms=row["rendered_at_ms"],
        ended_at_ms=row["ended_at_ms"],
        parent_channel_id=row["parent_channel_id"],
        spoiler=bool(row["spoiler"]),
        message_channel_id=row["message_channel_id"],
        removed_by=row["removed_by"],
        removed_at_ms=row["removed_at_ms"],
        made=row["made"],
        free_pictures=row["free_pictures"],
        search_until_ms=row["search_until_ms"],
        search_due_ms=row["search_due_ms"],
        search_tries=row["search_tries"],
    )
