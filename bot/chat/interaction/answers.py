"""Answers in time, short private answers, and the one place where an error becomes a sentence."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import discord

from bot.chat.interaction.layouts import BAD, NOT_TAKEN, QUIET, notice
from bot.chat.interaction.writing import DISCORD
from bot.core.codes import AccessCode
from bot.core.errors import DatabaseUnavailable, Refused
from bot.texts.refusals import sentence

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

_FIRST_ANSWER_MAX_S = 1.5
"""Discord drops an interaction after 3 s; what takes longer than this is deferred first."""

_READ_MAX_S = 1.2
"""What a form needs; whether the person may see it is asked before, for as long at most."""

_SINCE_S, _IS_PRIVATE = "came at", "deferred in private"
_NOT_FOR_ALL = "Not accepted. Only the member who asked is told why."


async def in_time(
    interaction: discord.Interaction[Any], work: Coroutine[Any, Any, _T], *, is_private: bool
) -> _T:
    """Do what an answer needs; where that takes long, Discord shows "thinking…" meanwhile."""
    doing = asyncio.ensure_future(work)
    if not await _is_quick(interaction, doing):
        await _think(interaction, is_private=is_private)
    return await doing


def arrived(interaction: discord.Interaction[Any]) -> None:
    """Note when an interaction came: asking who may takes of the time for the first answer."""
    interaction.extras[_SINCE_S] = asyncio.get_running_loop().time()


async def _is_quick(interaction: discord.Interaction[Any], doing: asyncio.Future[Any]) -> bool:
    now_s = asyncio.get_running_loop().time()
    left_s = interaction.extras.get(_SINCE_S, now_s) + _FIRST_ANSWER_MAX_S - now_s
    done, _ = await asyncio.wait({doing}, timeout=max(0, left_s))
    return bool(done)


async def answer(
    interaction: discord.Interaction[Any], making: Coroutine[Any, Any, discord.ui.LayoutView]
) -> None:
    """Answer privately with a card that may take long to make."""
    await answer_privately(interaction, await in_time(interaction, making, is_private=True))


async def turn(
    interaction: discord.Interaction[Any], making: Coroutine[Any, Any, discord.ui.LayoutView]
) -> None:
    """Show another card in place of the one that was pressed on; never raises for Discord."""
    doing = asyncio.ensure_future(making)
    if not await _is_quick(interaction, doing):
        with logged_if_not_taken("defer not taken"):
            await interaction.response.defer()
    view = await doing
    with logged_if_not_taken("card not turned"):
        if interaction.response.is_done():
            await interaction.edit_original_response(view=view)
        else:
            await interaction.response.edit_message(view=view)


async def soon(reading: Awaitable[_T]) -> _T:
    """Read what a form needs before it is shown, because a form can only be the first answer.

    Raises:
        Refused: It takes so long that Discord would not show the form any more.
    """
    try:
        async with asyncio.timeout(_READ_MAX_S):
            return await reading
    except TimeoutError:
        raise Refused(AccessCode.STORAGE_SLOW) from None


async def think_privately(interaction: discord.Interaction[Any]) -> None:
    """Show "thinking…" in private at once, before work that always takes long."""
    await _think(interaction, is_private=True)


async def _think(interaction: discord.Interaction[Any], *, is_private: bool) -> None:
    with logged_if_not_taken("defer not taken"):
        await interaction.response.defer(ephemeral=is_private, thinking=True)
        interaction.extras[_IS_PRIVATE] = is_private


@contextmanager
def logged_if_not_taken(what: str) -> Generator[None]:
    """Log what Discord does not take of an answer: nothing could tell the person any more."""
    try:
        yield
    except (*NOT_TAKEN, discord.InteractionResponded) as failed:
        _log.warning(what, extra={"detail": str(failed)})


async def guarded(
    interaction: discord.Interaction[Any],
    gate: Callable[[discord.Interaction[Any]], Awaitable[None]],
    doing: Callable[[], Awaitable[None]],
) -> None:
    """Do something if the gate lets pass, and answer with what goes wrong: nothing above does."""
    arrived(interaction)
    try:
        await gate(interaction)
        await doing()
    except Exception as error:  # noqa: BLE001 - discord.py would only log it
        await answer_error(interaction, error)


def sentence_for(error: Exception) -> str:
    """Turn an error into what the person may read; what nobody foresaw gets an id for the log."""
    if isinstance(error, Refused):
        return sentence(error, DISCORD)
    if isinstance(error, DatabaseUnavailable):
        _log.error("storage away", extra={"detail": str(error)})
        return "The bot cannot reach its storage just now. Try again in a minute."
    code = secrets.token_hex(3)
    _log.error("command failed", exc_info=error, extra={"code": code})
    return f"Something went wrong inside the bot. The host finds it in the log as `{code}`."


async def answer_error(interaction: discord.Interaction[Any], error: Exception) -> None:
    """Answer an interaction with what went wrong, privately."""
    await tell(interaction, sentence_for(error))


async def tell(
    interaction: discord.Interaction[Any], text: str, *, colour: discord.Colour = BAD
) -> None:
    """Answer privately with a sentence; see `answer_privately`."""
    await answer_privately(interaction, notice(text, colour=colour))


async def answer_privately(
    interaction: discord.Interaction[Any],
    view: discord.ui.LayoutView,
    files: Sequence[discord.File] = (),
) -> None:
    """Answer privately, whatever was deferred before; never raises for Discord.

    Each file must be shown by a part of the view.

    What thinks in public cannot become private. It is ended with a word first, because a follow-up
    would fill it, then taken away; one that is taken away while it thinks may let no follow-up
    pass any more (discord-api-docs, issues 2739 and 3087).
    """
    is_deferred = (
        interaction.response.type is discord.InteractionResponseType.deferred_channel_message
    )
    with logged_if_not_taken("answer not taken"):
        if not interaction.response.is_done():
            await interaction.response.send_message(view=view, files=files, ephemeral=True)
        elif is_deferred and interaction.extras.get(_IS_PRIVATE):
            await interaction.edit_original_response(view=view, attachments=files)
        elif is_deferred:
            await interaction.edit_original_response(view=notice(_NOT_FOR_ALL, colour=QUIET))
            await interaction.followup.send(view=view, files=files, ephemeral=True)
            await interaction.delete_original_response()
        else:
            await interaction.followup.send(view=view, files=files, ephemeral=True)
