"""The card of a reported picture in the log channel, its buttons, and the forms that they open.

A button carries the report's id; everything else is looked up, so it works after a restart and for
whoever presses second, who is shown what the first has decided.
"""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord
from discord import ui

from bot.chat.interaction.answers import answer_error, answer_privately, soon
from bot.chat.interaction.fields import Field, filled_in, form, reason_field, until_field
from bot.chat.interaction.layouts import BAD, DONE, NOT_TAKEN, QUIET, WORKING, finished, notice
from bot.chat.interaction.permission import require_moderator
from bot.chat.interaction.services import ServicesClient
from bot.chat.texts import quoted_reason
from bot.core.errors import TooLate
from bot.core.prompts import shown_prompt
from bot.services.moderation.outbox import News
from bot.services.moderation.picture_reports import ReportCase, already_decided
from bot.storage.notices import Notice
from bot.storage.reports import Outcome
from bot.texts.amounts import count_images

_PROMPT_CHARS_MAX, _PROMPT_BYTES_MAX = 400, 900

_LABELS = {
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
FORMS: dict[Outcome, tuple[str, list[Field]]] = {
    Outcome.REMOVE: (
        "Remove these pictures",
        [reason_field("Stands in place of the pictures. Nothing is refunded.")],
    ),
    Outcome.WARN: ("Warn the member", [reason_field("The member reads it in a direct message.")]),
    Outcome.BLOCK: (
        "Block the member",
        [
            reason_field("The member reads it with every refusal."),
            until_field("3d, 2 weeks or 2026-12-31; without an end if left out"),
        ],
    ),
}
FORM_ID = re.compile(r"report:(?P<outcome>remove|warn|block):(?P<id>[0-9a-z]{16})")

_NEWS = {
    (Outcome.REMOVE, News.LATER): (
        "Noted, but Discord could not be reached: the message is changed as soon as it can be."
    ),
    (Outcome.REMOVE, News.CLOSED): (
        "Noted, but Discord does not let the bot change that message. Let the bot see the channel "
        "and it is done soon, or delete the message yourself."
    ),
    (Outcome.WARN, News.LATER): (
        "Noted, but Discord could not be reached: the warning is sent as soon as it can be."
    ),
    (Outcome.WARN, News.CLOSED): (
        "Noted, but the member takes no direct messages from the bot, so they have not read the "
        "warning. Tell them yourself if they should."
    ),
}
"""What moderators must know besides what the card shows."""


def removal_news(news: News) -> str | None:
    """What a moderator must know of a removal that its message does not show yet."""
    return _NEWS.get((Outcome.REMOVE, news))


class ReportButton(
    ui.DynamicItem[ui.Button[ui.LayoutView]],
    template=r"report:(?P<outcome>remove|warn|block|dismiss):(?P<id>[0-9a-z]{16})",
):
    """Decides a report; for moderators."""

    def __init__(self, outcome: Outcome, report_id: str) -> None:
        label, style = _LABELS[outcome]
        custom_id = f"report:{outcome.value}:{report_id}"
        super().__init__(ui.Button[ui.LayoutView](label=label, style=style, custom_id=custom_id))
        self._outcome = outcome
        self._report_id = report_id

    @classmethod
    async def from_custom_id(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls,
        interaction: discord.Interaction[ServicesClient],  # noqa: ARG003 - discord.py's signature
        item: ui.Item[ui.LayoutView],  # noqa: ARG003 - discord.py's signature
        match: re.Match[str],
        /,
    ) -> Self:
        """Build the item from the id that was pressed."""
        return cls(Outcome(match["outcome"]), match["id"])

    async def callback(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, interaction: discord.Interaction[ServicesClient]
    ) -> None:
        """Ask for what the decision needs, or decide at once."""
        try:
            await require_moderator(interaction)
            if self._outcome is Outcome.DISMISS:
                await _decide(interaction, self._outcome, self._report_id, {})
                return
            reports = interaction.client.services.reports
            case = await soon(reports.case(interaction.guild_id or 0, self._report_id))
            if case.outcome is not None:
                await interaction.response.edit_message(view=report_card(case))
                await answer_error(interaction, already_decided(case))
                return
            title, fields = FORMS[self._outcome]
            custom_id = f"report:{self._outcome.value}:{self._report_id}"
            await interaction.response.send_modal(form(custom_id, title, *fields))
        except Exception as error:  # noqa: BLE001 - nothing above this answers the person
            await answer_error(interaction, error)


async def take_form(interaction: discord.Interaction[ServicesClient], match: re.Match[str]) -> None:
    """Decide as a form says that a button opened."""
    await require_moderator(interaction)
    await _decide(interaction, Outcome(match["outcome"]), match["id"], filled_in(interaction))


async def _decide(
    interaction: discord.Interaction[ServicesClient],
    outcome: Outcome,
    report_id: str,
    typed: dict[str, str],
) -> None:
    """Decide, then show the outcome on the card that was pressed on, whoever decided."""
    server_id, services = interaction.guild_id or 0, interaction.client.services
    # The card is answered for before the work, so that it can be changed however long that takes.
    await interaction.response.defer()
    until = typed.get("until")
    until_ms = await services.gifts.until(server_id, until) if until else None
    try:
        case, news = await services.reports.decide(
            server_id,
            report_id,
            outcome,
            actor_id=interaction.user.id,
            reason=typed.get("reason", ""),
            until_ms=until_ms,
        )
    except TooLate:
        await _show(interaction, await services.reports.case(server_id, report_id))
        raise
    await _show(interaction, case)
    text = _NEWS.get((outcome, news))
    if text is not None:
        await answer_privately(interaction, notice(text, colour=WORKING))


async def _show(interaction: discord.Interaction[Any], case: ReportCase) -> None:
    try:
        await interaction.edit_original_response(view=report_card(case))
    except NOT_TAKEN:
        # The decision stands, and the next press shows it.
        return


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
        row = ui.ActionRow[ui.LayoutView]()
        for one in Outcome:
            row.add_item(ReportButton(one, case.report_id))
        box.add_item(row)
    else:
        at = (case.closed_at_ms or 0) // 1000
        by = f"by <@{case.closed_by}> <t:{at}:R>"
        box.add_item(ui.TextDisplay(f"**{_DONE_TITLES[outcome]}** · {by}"))
    return finished(box)


def _why(case: ReportCase) -> str:
    others = case.voices - 1
    more = "" if not others else " and 1 other" if others == 1 else f" and {others} others"
    return f"{quoted_reason(case.reason)} · <@{case.reporter_id}>{more}"
