"""`/imagine`: parse the options, accept the request, answer with the card in one round trip."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any, cast

import discord
from discord import app_commands

from bot.chat.imagine.buttons import has_cancel_button
from bot.chat.imagine.cards import waiting_card
from bot.chat.interaction.answers import answer_privately, in_time, sentence_for
from bot.chat.interaction.layouts import NOT_TAKEN, notice
from bot.chat.interaction.permission import role_ids
from bot.chat.interaction.services import Services, ServicesClient
from bot.core.errors import IllegalSize, OverLimit, Refused
from bot.core.jobs import Job, Request
from bot.core.models.model import Model
from bot.core.models.options import Format
from bot.core.money import format_usd
from bot.core.preferences import Defaults
from bot.core.prompts import shown_prompt
from bot.services.generation.imagine import Accepted
from bot.services.ports import Place
from bot.texts.sizes import rule_text

_log = logging.getLogger(__name__)

_Completer = Callable[
    [discord.Interaction[ServicesClient], str], Coroutine[Any, Any, list[app_commands.Choice[str]]]
]

_CHOICES_MAX = 25
_CHOICE_NAME_MAX = 100
_UNKNOWN_INTERACTION, _ALREADY_ANSWERED = 10062, 40060
_PROMPT_CHARS_MAX = 3000
_PROMPT_BYTES_MAX = 7000
"""Below Discord's limits for a message, with room for the reason of a refusal."""


def build_imagine(services: Services) -> app_commands.Command[Any, ..., None]:
    """Build the command with what the host's model offers, at its prices for the default size."""
    host = services.defaults
    model = host.model

    @app_commands.command(name="imagine", description="Make pictures from a description")
    @app_commands.guild_install()
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.describe(
        prompt="What the pictures show",
        size="A name or width x height; the server's default if left out",
        quality="More costs more; the server's default if left out",
        count="How many pictures; the server's default if left out",
        format=f"The file format, {model.formats[0]} if left out",
        private="Show card and pictures only to you; moderators can look the prompt up",
    )
    @app_commands.choices(
        quality=[
            app_commands.Choice(name=_quality_label(host, q), value=q) for q in model.qualities
        ],
        format=[app_commands.Choice(name=f.value, value=f.value) for f in model.formats],
    )
    @app_commands.autocomplete(size=_completer(model))
    async def imagine(  # noqa: PLR0913, PLR0917 - the options of the command
        interaction: discord.Interaction[ServicesClient],
        prompt: app_commands.Range[str, 1, model.prompt_max_chars],
        size: str | None = None,
        quality: str | None = None,
        count: app_commands.Range[int, 1, model.count_max] | None = None,
        format: str = model.formats[0].value,  # noqa: A002 - the option's name
        private: bool = False,
    ) -> None:
        try:
            request = Request(
                server_id=interaction.guild_id or 0,
                channel_id=interaction.channel_id or 0,
                member_id=interaction.user.id,
                role_ids=role_ids(interaction.user),
                prompt=prompt,
                size=model.parse_size(size) if size else None,
                quality=quality,
                count=count,
                format=Format(format),
                private=private,
                interaction_token=interaction.token,
                file_limit_bytes=interaction.filesize_limit,
                parent_channel_id=getattr(interaction.channel, "parent_id", None),
                is_age_restricted=_is_age_restricted(interaction.channel),
            )
        except Refused as error:
            await _refuse(interaction, error, prompt)
            return
        await _accept_and_answer(services, interaction, request)

    return cast("app_commands.Command[Any, ..., None]", imagine)


async def _accept_and_answer(
    services: Services, interaction: discord.Interaction[ServicesClient], request: Request
) -> None:
    accepting = services.imagine.accept(request)
    try:
        accepted = await in_time(interaction, accepting, is_private=request.private)
    except Exception as error:  # noqa: BLE001 - the member is to read what went wrong
        await _refuse(interaction, error, request.prompt)
        return
    message_id = None
    try:
        message_id = await _show_card(interaction, accepted)
    except NOT_TAKEN as error:
        if await _is_in_vain(interaction, accepted.job, error):
            # The member was told that the command failed and may have typed it again, or has
            # another bot's card: this one costs nothing as long as nothing was sent.
            _log.warning("interaction gone", extra={"job_id": accepted.job.id})
            await services.imagine.withdraw(accepted.job)
            return
        # The answer may stand all the same; delivery finds its own way.
        _log.warning("card not confirmed", extra={"job_id": accepted.job.id, "detail": str(error)})
    await services.imagine.start(accepted.job, message_id)


async def _is_in_vain(
    interaction: discord.Interaction[ServicesClient], job: Job, error: Exception
) -> bool:
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
    return not has_cancel_button(answer, job.id)


async def _show_card(
    interaction: discord.Interaction[ServicesClient], accepted: Accepted
) -> int | None:
    place = Place(in_line=accepted.position, halt=accepted.halt)
    view = waiting_card(accepted.job, place, accepted.balance)
    if interaction.response.is_done():
        message = await interaction.edit_original_response(view=view)
        return message.id
    answer = await interaction.response.send_message(view=view, ephemeral=accepted.job.private)
    return answer.message_id


async def _refuse(
    interaction: discord.Interaction[ServicesClient], error: Exception, prompt: str
) -> None:
    """Refuse privately, with the prompt, because Discord does not give it back to who typed it."""
    text = sentence_for(error)
    if isinstance(error, Refused) and not isinstance(error, OverLimit):
        text += " Nothing was charged."
    shown = shown_prompt(prompt, chars_max=_PROMPT_CHARS_MAX, bytes_max=_PROMPT_BYTES_MAX)
    view = notice(text, small=f"Your prompt, to copy: “{shown}”" if shown else "")
    await answer_privately(interaction, view)


def _is_age_restricted(channel: object) -> bool:
    """Whether a channel is; a thread is what its parent is."""
    ask = getattr(channel, "is_nsfw", None)
    return bool(ask()) if ask is not None else False


def _quality_label(host: Defaults, quality: str) -> str:
    price = format_usd(host.model.picture_microusd(host.size, quality))
    return f"{quality.capitalize()} · {price} a picture at {host.size.shown}"


def _completer(model: Model) -> _Completer:
    async def complete(
        _: discord.Interaction[ServicesClient], typed: str
    ) -> list[app_commands.Choice[str]]:
        return _sizes_for(model, typed)

    return complete


def _sizes_for(model: Model, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the named sizes; what is typed is judged at once."""
    wanted = typed.strip().casefold()
    named = [
        app_commands.Choice(name=f"{name} · {size.shown}", value=str(size))
        for name, size in model.named_sizes.items()
        if wanted in f"{name} {size} {size.shown}".casefold()
    ]
    if not wanted or named:
        return named[:_CHOICES_MAX]
    try:
        size = model.parse_size(typed)
    except IllegalSize as error:
        return _correction(error, typed, named)
    return [app_commands.Choice(name=size.shown, value=str(size))]


def _correction(
    error: IllegalSize, typed: str, named: list[app_commands.Choice[str]]
) -> list[app_commands.Choice[str]]:
    rule = app_commands.Choice(
        name=f"✗ not possible: {rule_text(error.rule)}"[:_CHOICE_NAME_MAX], value=typed[:100]
    )
    if error.nearest is None:
        return [rule, *named]
    nearest = app_commands.Choice(
        name=f"{error.nearest} · the nearest possible size", value=error.nearest
    )
    return [rule, nearest]
