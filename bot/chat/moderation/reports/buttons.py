"""The buttons of a report's card, and the forms that they open."""

import re

from bot.chat.interaction.answers import answer_privately, logged_if_not_taken, soon
from bot.chat.interaction.buttons import Button
from bot.chat.interaction.forms import Form, reason_field, until_field
from bot.chat.interaction.layouts import WORKING, notice
from bot.chat.interaction.services import Interaction
from bot.chat.moderation.reports.card import REPORT_ID, report_card
from bot.core.errors import TooLate
from bot.services.moderation.outbox import News
from bot.services.moderation.picture_reports import ReportCase, already_decided
from bot.storage.reports import Outcome

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


class ReportButton(Button, template=REPORT_ID):
    """Decides a report; for moderators."""

    async def pressed(self, interaction: Interaction, found: re.Match[str]) -> None:
        """Ask for what the decision needs, or decide at once."""
        form = FORMS.get(Outcome(found["outcome"]))
        if form is None:
            await _decide(interaction, found, {})
            return
        reports = interaction.client.services.picture_reports
        case = await soon(reports.case(interaction.guild_id or 0, found["id"]))
        if case.outcome is not None:
            await interaction.response.edit_message(view=report_card(case))
            raise already_decided(case)
        await form.open(interaction, found[0])


async def _decide(interaction: Interaction, found: re.Match[str], typed: dict[str, str]) -> None:
    """Decide, then show the outcome on the card that was pressed on, whoever decided."""
    server_id, services = interaction.guild_id or 0, interaction.client.services
    outcome, report_id = Outcome(found["outcome"]), found["id"]
    # The card is answered for before the work, so that it can be changed however long that takes.
    await interaction.response.defer()
    until = typed.get("until")
    until_ms = await services.gifts.until(server_id, until) if until else None
    try:
        case, news = await services.picture_reports.decide(
            server_id,
            report_id,
            outcome,
            actor_id=interaction.user.id,
            reason=typed.get("reason", ""),
            until_ms=until_ms,
        )
    except TooLate:
        await _show(interaction, await services.picture_reports.case(server_id, report_id))
        raise
    await _show(interaction, case)
    text = _NEWS.get((outcome, news))
    if text is not None:
        await answer_privately(interaction, notice(text, colour=WORKING))


async def _show(interaction: Interaction, case: ReportCase) -> None:
    # If it is not taken the decision stands all the same, and the next press shows it.
    with logged_if_not_taken("decision not shown"):
        await interaction.edit_original_response(view=report_card(case))


FORMS = {
    Outcome.REMOVE: Form(
        r"report:(?P<outcome>remove):(?P<id>[0-9a-z]{16})",
        "Remove these pictures",
        [reason_field("Stands in place of the pictures. Nothing is refunded.")],
        _decide,
    ),
    Outcome.WARN: Form(
        r"report:(?P<outcome>warn):(?P<id>[0-9a-z]{16})",
        "Warn the member",
        [reason_field("The member reads it in a direct message.")],
        _decide,
    ),
    Outcome.BLOCK: Form(
        r"report:(?P<outcome>block):(?P<id>[0-9a-z]{16})",
        "Block the member",
        [
            reason_field("The member reads it with every refusal."),
            until_field("3d, 2 weeks or 2026-12-31; without an end if left out"),
        ],
        _decide,
    ),
}
