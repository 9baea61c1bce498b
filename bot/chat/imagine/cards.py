"""Cards: values in, Components V2 layout out; no I/O and no state.

Every card is one container: the prompt, what happens with it, small print.
"""

from dataclasses import dataclass

from discord import ui

from bot.chat.interaction.layouts import (
    BAD,
    DONE,
    QUIET,
    WAITING,
    WORKING,
    Row,
    button,
    finished,
)
from bot.chat.interaction.writing import DISCORD
from bot.chat.member_lines import blocked_lines, gift_lines
from bot.core.jobs import Job, Phase, State
from bot.core.limits import Account, Standing
from bot.core.models.options import Format
from bot.core.money import format_usd
from bot.core.prompts import clip, one_line, shown_prompt
from bot.services.limits.allowance import Allowance
from bot.services.ports import Balance, Place
from bot.texts.amounts import ordinal
from bot.texts.jobs import (
    WHILE_HALTED,
    footer,
    options_line,
    what_became_of_the_money,
    why_ended,
    why_halted,
    why_late,
)
from bot.texts.limits import left_of, quota_line, whose
from bot.texts.requests import paused

CANCEL_ID = r"cancel:(?P<job_id>[0-9a-z]{16})"

_PROMPT_CHARS_MAX = 400
_PROMPT_BYTES_MAX = 640
"""Scripts with more bytes a letter are wider too: the card's other lines are to stay in sight."""

_ALT_CHARS_MAX = 1024
_ALT_BYTES_MAX = 7000
"""For all alt texts of a message together, in case Discord counts them in its size ceiling."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A picture as it is posted.

    Attributes:
        note: What was changed so that it fits, None where nothing was.
    """

    filename: str
    data: bytes
    format: Format
    note: str | None = None


def quoted(job: Job) -> str:
    """The prompt as the card shows it: one line in quotation marks, harmless and bounded."""
    shown = shown_prompt(job.prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX)
    return f"“{shown}”"


def waiting_card(job: Job, place: Place, balance: Balance) -> ui.LayoutView:
    """The card of a job that has not ended."""
    held = f"up to {format_usd(job.held_microusd)} held"
    small = [options_line(job), held, quota_line(balance)]
    is_running = place.progress is not None and place.progress.phase is Phase.RUNNING
    box = ui.Container[ui.LayoutView](accent_colour=WORKING if is_running else WAITING)
    box.add_item(ui.TextDisplay(quoted(job)))
    box.add_item(ui.TextDisplay(state_line(job, place)))
    if place.halt is not None and job.state is State.HELD and job.cancel_by is None:
        box.add_item(ui.TextDisplay(WHILE_HALTED))
    box.add_item(ui.TextDisplay("-# " + " · ".join(part for part in small if part)))
    if job.cancel_by is None and job.state is not State.UNCLEAR:
        box.add_item(cancel_row(job.id))
    return finished(box)


def cancel_row(job_id: str) -> Row:
    """The button that ends a job, for its cards."""
    return Row(button("Cancel", cancel_id(job_id)))


def cancel_id(job_id: str) -> str:
    """The id of that button."""
    return f"cancel:{job_id}"


def state_line(job: Job, place: Place) -> str:
    """Where a job stands, in one line."""
    if job.state is State.UNCLEAR:
        return "**No answer from fal** · looking for the job before anything is decided"
    if job.cancel_by is not None:
        return "**Cancelling** · what fal has already started may still be finished and paid for"
    if place.halt is not None:
        where = f" · {ordinal(place.in_line)} in line" if place.in_line else ""
        return f"**Waiting**{where} · paused: {why_halted(place.halt)}."
    if place.in_line:
        return f"**Waiting** · {ordinal(place.in_line)} in line"
    return _state_at_fal(place, place.running_since_ms or job.created_at_ms)


def _state_at_fal(place: Place, running_since_ms: int) -> str:
    progress = place.progress
    if place.is_unheard:
        return "**Waiting for fal's answer** · none is usable yet, so it is asked again and again"
    if progress is None:
        return "**Sending to fal** …"
    if progress.phase is Phase.RUNNING:
        return f"**Painting** · started <t:{running_since_ms // 1000}:R>"
    if progress.position:
        return f"**Waiting at fal** · {progress.position} ahead"
    return "**Waiting at fal** · next"


def pictures_card(
    job: Job,
    attached: list[Attached],
    balance: Balance,
    notes: list[str],
    *,
    names_member: bool,
    is_late: bool = False,
) -> ui.LayoutView:
    """The pictures with alt text and the cost footer; late ones say first why they are late."""
    heading = f"<@{job.member_id}> {quoted(job)}" if names_member else quoted(job)
    box = ui.Container[ui.LayoutView](accent_colour=DONE)
    box.add_item(ui.TextDisplay(heading))
    if is_late:
        box.add_item(ui.TextDisplay(why_late(job)))
    gallery = ui.MediaGallery[ui.LayoutView]()
    for number, picture in enumerate(attached, 1):
        gallery.add_item(
            media=f"attachment://{picture.filename}",
            description=alt_text(job, number, len(attached)),
            spoiler=job.spoiler,
        )
    box.add_item(gallery)
    small = footer(job, len(attached), balance, is_late=is_late)
    box.add_item(ui.TextDisplay("-# " + small))
    if notes:
        box.add_item(ui.TextDisplay("-# " + " ".join(notes)))
    return finished(box)


def alt_text(job: Job, number: int, count: int) -> str:
    """What a screen reader says of a picture: which one it is and the prompt."""
    which = f"Picture {number} of {count}: " if count > 1 else ""
    bytes_max = _ALT_BYTES_MAX // count
    return clip(which + one_line(job.prompt), chars_max=_ALT_CHARS_MAX, bytes_max=bytes_max)


def ended_card(job: Job, balance: Balance, *, names_member: bool = False) -> ui.LayoutView:
    """The card of a job that ended without pictures."""
    is_cancelled = job.state is State.CANCELLED
    heading = f"<@{job.member_id}> {quoted(job)}" if names_member else quoted(job)
    box = ui.Container[ui.LayoutView](accent_colour=QUIET if is_cancelled else BAD)
    box.add_item(ui.TextDisplay(heading))
    title = "Cancelled" if is_cancelled else "No picture"
    box.add_item(ui.TextDisplay(f"**{title}** · {why_ended(job)}"))
    box.add_item(ui.TextDisplay("-# " + what_became_of_the_money(job, balance)))
    return finished(box)


def quota_card(allowance: Allowance) -> ui.LayoutView:
    """What a member has left, which limit says so and when it starts anew, and their gifts."""
    box = ui.Container[ui.LayoutView](accent_colour=WAITING)
    pots = [s for s in allowance.standings if s.account is Account.MEMBER]
    caps = [s for s in allowance.standings if s.account is not Account.MEMBER]
    if allowance.preferences.pause_sentence is not None:
        box.add_item(ui.TextDisplay(paused(allowance.preferences.pause_sentence, DISCORD)))
    if allowance.block is not None:
        box.add_item(ui.TextDisplay("\n".join(blocked_lines(allowance.block))))
    lines = [
        f"**{left_of(pot)}** · resets <t:{pot.resets_at_ms // 1000}:R>\n-# {_named(pot)}"
        for pot in pots
    ]
    box.add_item(ui.TextDisplay("\n".join(lines) or "**No limit** holds for you here."))
    if allowance.gifts:
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay("\n".join(gift_lines(allowance.gifts))))
    if caps:
        shown = [f"{_named(cap)}: {left_of(cap)}" for cap in caps]
        box.add_item(ui.Separator())
        box.add_item(ui.TextDisplay("\n".join(f"-# {line}" for line in shown)))
    return finished(box)


def _named(limit: Standing) -> str:
    text = whose(limit, DISCORD)
    return text[0].upper() + text[1:]
