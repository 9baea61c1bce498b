"""The card of a reported picture in the log channel.

A button carries the report's id; everything else is looked up, so it works for whoever presses
second, who is shown what the first has decided.
"""

from collections.abc import Sequence

import discord
from discord import ui

from bot.chat.interaction.layouts import BAD, DONE, QUIET, Row, button, finished
from bot.chat.texts import quoted_reason
from bot.core.prompts import shown_prompt
from bot.services.moderation.picture_reports import ReportCase
from bot.storage.notices import Notice
from bot.storage.reports import Outcome
from bot.texts.amounts import count_images

REPORT_ID = r"report:(?P<outcome>remove|warn|block|dismiss):(?P<id>[0-9a-z]{16})"

_PROMPT_CHARS_MAX, _PROMPT_BYTES_MAX = 400, 900

_BUTTONS = {
    Outcome.REMOVE: ("Remove", discord.ButtonStyle.danger),
    Outcome.WARN: ("Warn", discord.ButtonStyle.secondary),
    Outcome.BLOCK: ("Block", discord.ButtonStyle.secondary),
    Outcome.DISMISS: ("Dismiss", discord.ButtonStyle.secondary),
}
_DONE_TITLES = {
    Outcome.REMOVE: "Removed",
    Outcome.WARN: "Member warned; the pictures stand",
    Outcome.BLOCK: "Member blocked; the pictures stand",
    Outcome.DISMISS: "Dismissed; the pictures stand",
}


def reported_card(notices: Sequence[Notice]) -> ui.LayoutView:
    """The card of a report as the log channel posts it."""
    [one] = notices
    return report_card(ReportCase(**one.body))


def report_card(case: ReportCase) -> ui.LayoutView:
    """A report with its buttons, or with what was decided."""
    outcome = None if case.outcome is None else Outcome(case.outcome)
    colour = BAD if outcome is None else QUIET if outcome is Outcome.DISMISS else DONE
    box = ui.Container[ui.LayoutView](accent_colour=colour)
    link = f"https://discord.com/channels/{case.server_id}/{case.channel_id}/{case.message_id}"
    images = count_images(case.pictures)
    box.add_item(
        ui.TextDisplay(f"**Reported** · [{images}]({link}) by <@{case.member_id}>\n{_why(case)}")
    )
    if outcome is None:
        prompt = shown_prompt(case.prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX)
        box.add_item(ui.TextDisplay(f"-# Prompt: “{prompt}”"))
        box.add_item(Row(*(_button(one, case.report_id) for one in Outcome)))
    else:
        at = (case.closed_at_ms or 0) // 1000
        by = f"by <@{case.closed_by}> <t:{at}:R>"
        box.add_item(ui.TextDisplay(f"**{_DONE_TITLES[outcome]}** · {by}"))
    return finished(box)


def _button(outcome: Outcome, report_id: str) -> ui.Button[ui.LayoutView]:
    label, style = _BUTTONS[outcome]
    return button(label, f"report:{outcome.value}:{report_id}", style)


def _why(case: ReportCase) -> str:
    others = case.voices - 1
    more = "" if not others else " and 1 other" if others == 1 else f" and {others} others"
    return f"{quoted_reason(case.reason)} · <@{case.reporter_id}>{more}"
