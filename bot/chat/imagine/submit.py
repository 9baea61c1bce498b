"""A request, wherever it comes from: accepted, answered with its card in one round trip, started.

A command, a button and a form all end here, so what goes wrong on the way ends the same for each.
"""

import logging
from dataclasses import dataclass
from typing import Any

import discord

from bot.chat.imagine.cards import cancel_id, waiting_card
from bot.chat.interaction.answers import answer_privately, in_time, sentence_for
from bot.chat.interaction.layouts import NOT_TAKEN, notice
from bot.chat.interaction.permission import role_ids
from bot.chat.interaction.services import Interaction
from bot.core.errors import OverLimit, Refused
from bot.core.jobs import Job, Request
from bot.core.models.options import Format
from bot.core.prompts import shown_prompt
from bot.services.generation.imagine import Accepted
from bot.services.ports import Place

_log = logging.getLogger(__name__)

_UNKNOWN_INTERACTION, _ALREADY_ANSWERED = 10062, 40060
_PROMPT_CHARS_MAX = 3000
_PROMPT_BYTES_MAX = 7000
"""Below Discord's limits for a message, with room for the reason of a refusal."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as it is typed; None where the server's preferences or the model are to say it.

    Attributes:
        size: As people type it: a name, or width x height.
    """

    prompt: str
    size: str | None = None
    quality: str | None = None
    count: int | None = None
    format: Format | None = None
    private: bool = False


async def submit(interaction: Interaction, draft: Draft) -> None:
    """Take a request and answer with its card, or in private with why not; never raises.

    Args:
        interaction: A command, a button or a form, not answered yet.
        draft: What is asked for; whoever interacts asks, and where they do.
    """
    imagine = interaction.client.services.imagine
    try:
        accepting = imagine.accept(_request(interaction, draft))
        accepted = await in_time(interaction, accepting, is_private=draft.private)
    except Exception as error:  # noqa: BLE001 - the member is to read what went wrong
        await _refuse(interaction, error, draft.prompt)
        return
    message_id = None
    try:
        message_id = await _show_card(interaction, accepted)
    except NOT_TAKEN as error:
        if await _is_in_vain(interaction, accepted.job, error):
            # The member was told that it failed and may have asked again, or has another bot's
            # card: this one costs nothing as long as nothing was sent.
            _log.warning("interaction gone", extra={"job_id": accepted.job.id})
            await imagine.withdraw(accepted.job)
            return
        # The answer may stand all the same; delivery finds its own way.
        _log.warning("card not confirmed", extra={"job_id": accepted.job.id, "detail": str(error)})
    await imagine.start(accepted.job, message_id)


def _request(interaction: Interaction, draft: Draft) -> Request:
    """Put together what was typed, by whom and where.

    Raises:
        IllegalSize: The size is none, or the model does not make it.
    """
    model = interaction.client.services.defaults.model
    return Request(
        server_id=interaction.guild_id or 0,
        channel_id=interaction.channel_id or 0,
        member_id=interaction.user.id,
        role_ids=role_ids(interaction.user),
        prompt=draft.prompt,
        size=model.parse_size(draft.size) if draft.size else None,
        quality=draft.quality,
        count=draft.count,
        format=draft.format or model.formats[0],
        private=draft.private,
        interaction_token=interaction.token,
        file_limit_bytes=interaction.filesize_limit,
        parent_channel_id=getattr(interaction.channel, "parent_id", None),
        is_age_restricted=_is_age_restricted(interaction.channel),
    )


def _is_age_restricted(channel: object) -> bool:
    """Whether a channel is; a thread is what its parent is."""
    ask = getattr(channel, "is_nsfw", None)
    return bool(ask()) if ask is not None else False


async def _show_card(interaction: Interaction, accepted: Accepted) -> int | None:
    place = Place(in_line=accepted.position, halt=accepted.halt)
    view = waiting_card(accepted.job, place, accepted.balance)
    if interaction.response.is_done():
        message = await interaction.edit_original_response(view=view)
        return message.id
    answer = await interaction.response.send_message(view=view, ephemeral=accepted.job.private)
    return answer.message_id


async def _is_in_vain(interaction: Interaction, job: Job, error: Exception) -> bool:
    """Tell whether a card that was not taken will never be seen.

    "Already answered" can mean our own first try, or a second bot with the same token, as in a
    change of versions without a gap: whose card it is, its Cancel button tells.
    """
    code = error.code if isinstance(error, discord.HTTPException) else None
    if code != _ALREADY_ANSWERED:
        return code == _UNKNOWN_INTERACTION
    try:
        answer = await interaction.original_response()
    except NOT_TAKEN:
        return False
    return not _has_button(answer, cancel_id(job.id))


def _has_button(message: discord.Message, custom_id: str) -> bool:
    waiting: list[Any] = list(message.components)
    while waiting:
        part = waiting.pop()
        if getattr(part, "custom_id", None) == custom_id:
            return True
        waiting += getattr(part, "children", ())
    return False


async def _refuse(interaction: Interaction, error: Exception, prompt: str) -> None:
    """Refuse privately, with the prompt, because Discord does not give it back to who typed it."""
    text = sentence_for(error)
    if isinstance(error, Refused) and not isinstance(error, OverLimit):
        text += " Nothing was charged."
    shown = shown_prompt(prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX)
    view = notice(text, small=f"Your prompt, to copy: “{shown}”" if shown else "")
    await answer_privately(interaction, view)
