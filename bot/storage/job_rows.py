"""A job as a row and a row as a job; the only place that knows which column is which field."""

import json
from dataclasses import astuple

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
    removed_by, removed_at_ms
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37
)
"""
"""The values are those of `values_of`, in its order."""


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
    )
