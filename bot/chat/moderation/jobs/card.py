"""One job as moderators read it: what was asked, what happened when, what became of the money."""

from collections.abc import Iterable
from datetime import datetime

import discord
from discord import ui

from bot.chat.imagine.cards import cancel_row
from bot.chat.interaction.layouts import BAD, DONE, QUIET, WORKING, finished
from bot.core.jobs import Hitch, Job, State
from bot.core.limits import Usage
from bot.core.money import format_usd
from bot.core.prompts import clip, one_line, shown_prompt
from bot.services.moderation.job_inquiry import Case
from bot.services.moderation.pictures import link_to
from bot.storage.entries import Entry
from bot.storage.jobs import Step
from bot.texts.amounts import count_images, duration
from bot.texts.jobs import options_line, why_ended

_PROMPT_CHARS_MAX, _PROMPT_BYTES_MAX = 900, 1800
_NOTE_CHARS_MAX, _NOTE_BYTES_MAX = 80, 160
_FIRST_STEPS, _LAST_STEPS = 3, 8
_ENTRIES_MAX = 6
_LABEL_CHARS_MAX = 100
_CANCELLABLE = frozenset({State.HELD, State.SUBMITTING, State.UNCLEAR, State.QUEUED})

_EVENTS = {
    "create": "accepted",
    "submit": "sending to fal",
    "return": "not sent; back in line",
    "accept": "fal has it",
    "lose": "no answer from fal",
    "render": "pictures made",
    "deliver": "delivered",
    "strand": "no way to the member",
    "fail": "failed",
    "cancel": "cancelled",
    "rescue": "pictures found late",
    "add": "late pictures posted",
}
_ROUTES = {
    "answer": "in the answer",
    "message": "in the same message",
    "channel": "in a new message",
    "direct": "by direct message",
}
_DIRECT = "direct"
_HITCHES = {
    Hitch.NOTHING_SENT: "the trace was written and nothing was sent",
    Hitch.STOPPED: "stopped while submitting",
    Hitch.NO_PICTURE: "no picture could be fetched yet",
    Hitch.GAVE_UP: "gave up",
}


def job_card(case: Case) -> ui.LayoutView:
    """The whole story of a job, with a Cancel button while that can help."""
    job = case.job
    box = ui.Container[ui.LayoutView](accent_colour=_colour(job))
    box.add_item(ui.TextDisplay(_heading(case)))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join(_steps(case.steps))))
    box.add_item(ui.Separator())
    box.add_item(ui.TextDisplay("\n".join(_money(case))))
    box.add_item(ui.TextDisplay("\n".join(_small_print(job))))
    if job.state in _CANCELLABLE and job.cancel_by is None:
        box.add_item(cancel_row(job.id))
    return finished(box)


def job_label(job: Job, created: datetime, name: str) -> str:
    """A job in one line for a list of suggestions; plain text of at most 100 characters.

    Args:
        job: The job.
        created: When it was accepted, in the server's time zone.
        name: The member, as the server knows them.
    """
    who = clip(one_line(name), chars_max=20, bytes_max=80)
    head = f"{created:%d %b %H:%M} · {job.state} · {who} · "
    room = _LABEL_CHARS_MAX - len(head)
    return head + clip(one_line(job.prompt), chars_max=room, bytes_max=4 * room)


def message_link(case: Case) -> str | None:
    """The address of a job's message; None where only its member can see it, or there is none."""
    job = case.job
    is_direct = any(step.event == "deliver" and step.note == _DIRECT for step in case.steps)
    if job.message_id is None or job.private or is_direct:
        return None
    return link_to(job)


def _colour(job: Job) -> discord.Colour:
    if not job.state.is_ended:
        return WORKING
    if job.state is State.DELIVERED:
        return DONE
    return QUIET if job.state is State.CANCELLED else BAD


def _heading(case: Case) -> str:
    job = case.job
    prompt = shown_prompt(job.prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX)
    link = message_link(case)
    flags = [word for word, holds in (("private", job.private), ("spoiler", job.spoiler)) if holds]
    options = " · ".join([options_line(job), job.format.value, *flags])
    where = f"<@{job.member_id}> in <#{job.channel_id}>"
    lines = [
        f"**Job is {job.state}** · <t:{job.created_at_ms // 1000}:f>",
        f"“{prompt}”",
        f"{where} · [message]({link})" if link else where,
        f"-# {options}",
    ]
    if job.state.is_ended and job.state is not State.DELIVERED:
        lines.insert(1, why_ended(job))
    return "\n".join(lines)


def _steps(steps: list[Step]) -> list[str]:
    """What happened, with the time and how long it took; the middle of a long story is left out."""
    lines = [
        _step_line(step, steps[number - 1] if number else None) for number, step in enumerate(steps)
    ]
    skipped = len(lines) - _FIRST_STEPS - _LAST_STEPS
    if skipped > 1:
        lines[_FIRST_STEPS:-_LAST_STEPS] = [f"-# … {skipped} steps …"]
    return lines


def _step_line(step: Step, before: Step | None) -> str:
    line = f"<t:{step.at_ms // 1000}:T> **{_EVENTS.get(step.event, step.event)}**"
    if before is not None:
        took_ms = max(0, step.at_ms - before.at_ms)
        line += f" · after {f'{took_ms} ms' if took_ms < 1000 else duration(took_ms)}"
    if step.event == "deliver" and step.note in _ROUTES:
        return f"{line} · {_ROUTES[step.note]}"
    if step.event == "submit":
        # It names the attempt, which says something to this bot only.
        return line
    if isinstance(step.note, Hitch):
        return f"{line} · {_HITCHES[step.note]}"
    note = shown_prompt(step.note, chars_max=_NOTE_CHARS_MAX, bytes_max=_NOTE_BYTES_MAX)
    return f"{line} · “{note}”" if note else line


def _money(case: Case) -> list[str]:
    lines = [_entry_line(entry) for entry in case.entries[:_ENTRIES_MAX]]
    if case.cost_microusd is None:
        return [*lines, "**Not settled yet**"]
    gifts = case.paid_by_gifts
    paid = f", of that by gifts {_amount(gifts)}" if gifts != Usage() else ""
    total = f"**Cost {format_usd(case.cost_microusd)} · charged {_amount(case.charge)}**{paid}"
    if case.job.possible_loss_microusd:
        loss = format_usd(case.job.possible_loss_microusd)
        doubt = f"fal may have billed up to {loss} more; it counts against the budgets until known"
        return [*lines, total, f"-# {doubt}"]
    return [*lines, total]


def _entry_line(entry: Entry) -> str:
    gifts = Usage(abs(entry.gift_images), abs(entry.gift_microusd))
    of_gifts = f" · gifts: {_amount(gifts)}" if gifts != Usage() else ""
    match entry.kind:
        case "hold":
            text = f"held: up to {format_usd(entry.microusd)}, {count_images(entry.images)}"
        case "settle":
            how = "as fal bills it" if entry.source == "billed" else "computed, fal did not say it"
            text = f"settled: {format_usd(entry.microusd)}, {count_images(entry.images)}, {how}"
        case "release":
            text = "released: all of it is back"
        case "adjust":
            text = _adjusted(entry)
        case other:
            text = other
    return f"{text}{of_gifts}"


def _adjusted(entry: Entry) -> str:
    """What was corrected: the member's side, the host's, or both."""
    back = Usage(-entry.charge_images, -entry.charge_microusd)
    cost = Usage(entry.images, entry.microusd)
    parts = [f"back to the member: {_amount(back)}"] if back != Usage() or cost == Usage() else []
    if cost != Usage():
        parts.append(f"cost for the host: {_amount(cost)}")
    return " · ".join(parts)


def _amount(usage: Usage) -> str:
    if usage == Usage():
        return "nothing"
    return f"{format_usd(usage.microusd)}, {count_images(usage.images)}"


def _small_print(job: Job) -> Iterable[str]:
    if job.cancel_by is not None:
        yield f"-# Cancel asked for by <@{job.cancel_by}>"
    if job.removed_by is not None:
        when = f" <t:{job.removed_at_ms // 1000}:f>" if job.removed_at_ms else ""
        yield f"-# Pictures removed by <@{job.removed_by}>{when}"
    if job.search_until_ms is not None:
        yield f"-# Late pictures are looked for until <t:{job.search_until_ms // 1000}:f>"
    if job.ticket is not None:
        request_id = shown_prompt(job.ticket.request_id, chars_max=80, bytes_max=160)
        yield f"-# fal {request_id}"
    yield f"-# job {job.id}"
