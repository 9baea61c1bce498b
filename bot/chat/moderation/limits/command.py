"""`/imagine-admin limit`: what members, channels and the server may use."""

from typing import Any

import discord
from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.people import Person, refuse_bot
from bot.chat.interaction.permission import asker
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.limits.buttons import limits_view
from bot.chat.moderation.limits.cards import explained_card, set_card
from bot.chat.moderation.options import UNITS
from bot.core.codes import ModerationCode
from bot.core.errors import BadRequest
from bot.core.limits import Rule, Subject, Unit, Window
from bot.core.typed.amounts import parse_amount

_BUDGET_CHANNEL_TYPES = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.voice,
    discord.ChannelType.stage_voice,
    discord.ChannelType.forum,
]
"""Channels in which, or in whose threads, commands are typed: a budget for them means something."""


class _BudgetChannel(app_commands.Transformer):
    """An option for such a channel; discord.py has no class for just these types."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """The type of the option."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """What Discord offers."""
        return _BUDGET_CHANNEL_TYPES

    async def transform(
        self,
        interaction: discord.Interaction[Any],  # noqa: ARG002 - discord.py's signature
        value: Any,  # noqa: ANN401 - whatever Discord resolved
        /,
    ) -> app_commands.AppCommandChannel:
        """Take the channel as it is."""
        is_channel = isinstance(value, app_commands.AppCommandChannel)
        if not is_channel or value.type not in _BUDGET_CHANNEL_TYPES:
            raise app_commands.TransformerError(value, self.type, self)
        return value


BudgetChannel = app_commands.Transform[app_commands.AppCommandChannel, _BudgetChannel]

_WINDOWS = [app_commands.Choice(name=f"per {w.value}", value=w.value) for w in Window]
_WHERE = {
    "member": "For this member",
    "role": "For everybody with this role",
    "channel": "For this channel, all members together",
    "whole_server": "For the whole server, all members together",
    "reason": "Why; it stands in the audit",
}


def add_limit(services: Services, admin: app_commands.Group) -> None:
    """Add the commands to the group."""
    limit = app_commands.Group(
        name="limit", description="What members, channels and the server may use", parent=admin
    )
    _add_set(services, limit)
    _add_clear(services, limit)
    _add_list(services, limit)


def _add_set(services: Services, group: app_commands.Group) -> None:
    @group.command(name="set", description="Set a limit; for everyone unless you name somebody")
    @app_commands.choices(unit=UNITS, window=_WINDOWS)
    @app_commands.describe(
        amount="20, $5, 2.50 or 2,50", unit="What is counted", window="How long", **_WHERE
    )
    async def limit_set(  # noqa: PLR0913, PLR0917 - the options of the command
        interaction: Interaction,
        amount: app_commands.Range[str, 1, 30],
        unit: str,
        window: str,
        member: Person | None = None,
        role: discord.Role | None = None,
        channel: BudgetChannel | None = None,
        whole_server: bool = False,
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        refuse_bot(member)
        subject, subject_id = _subject(interaction, member, role, channel, is_server=whole_server)
        kind = Unit(unit)
        rule = Rule(subject, subject_id, kind, Window(window), parse_amount(amount, kind))
        setting = services.moderation.set_limit(
            interaction.guild_id or 0, rule, actor_id=interaction.user.id, reason=reason
        )
        before = await in_time(interaction, setting, is_private=True)
        await answer_privately(interaction, set_card(rule, before))


def _add_clear(services: Services, group: app_commands.Group) -> None:
    @group.command(name="clear", description="Clear a limit; for everyone unless you name somebody")
    @app_commands.choices(unit=UNITS, window=_WINDOWS)
    @app_commands.describe(unit="What it counts", window="How long it counts", **_WHERE)
    async def limit_clear(  # noqa: PLR0913, PLR0917 - the options of the command
        interaction: Interaction,
        unit: str,
        window: str,
        member: discord.User | None = None,
        role: discord.Role | None = None,
        channel: BudgetChannel | None = None,
        whole_server: bool = False,
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        subject, subject_id = _subject(interaction, member, role, channel, is_server=whole_server)
        rule = Rule(subject, subject_id, Unit(unit), Window(window), 0)
        clearing = services.moderation.clear_limit(
            interaction.guild_id or 0, rule, actor_id=interaction.user.id, reason=reason
        )
        before = await in_time(interaction, clearing, is_private=True)
        if before is None:
            raise BadRequest(ModerationCode.NO_LIMIT)
        await answer_privately(interaction, set_card(rule, before, is_cleared=True))


def _add_list(services: Services, group: app_commands.Group) -> None:
    @group.command(name="list", description="The server's limits, or what applies to a member")
    @app_commands.describe(member="Show what applies to this member here, and why")
    async def limit_list(interaction: Interaction, member: discord.User | None = None) -> None:
        server_id = interaction.guild_id or 0
        if member is None:
            limits = await in_time(
                interaction, services.moderation.limits(server_id), is_private=True
            )
            await answer_privately(interaction, limits_view(interaction.guild, limits))
            return
        asking = services.moderation.overview(asker(interaction, member))
        overview = await in_time(interaction, asking, is_private=True)
        await answer_privately(interaction, explained_card(member.id, overview))


def _subject(
    interaction: Interaction,
    member: Person | None,
    role: discord.Role | None,
    channel: app_commands.AppCommandChannel | None,
    *,
    is_server: bool,
) -> tuple[Subject, int]:
    named = [
        (Subject.MEMBER, member.id) if member else None,
        (Subject.ROLE, role.id) if role else None,
        (Subject.CHANNEL, channel.id) if channel else None,
        (Subject.SERVER, 0) if is_server else None,
    ]
    chosen = [one for one in named if one is not None]
    if len(chosen) > 1:
        raise BadRequest(
            ModerationCode.SEVERAL_SUBJECTS, names=("member", "role", "channel", "whole_server")
        )
    if not chosen or chosen == [(Subject.ROLE, interaction.guild_id)]:
        # The role @everyone has the server's own id.
        return Subject.EVERYONE, 0
    return chosen[0]
