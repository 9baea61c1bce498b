"""What the commands and buttons are given: the services and the host's defaults."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bot.chat.interaction.names import Names
from bot.chat.interaction.permission import CommandAccess
from bot.core.preferences import Defaults
from bot.services.generation.imagine import Imagine
from bot.services.generation.runner import Runner
from bot.services.limits.allowance import Quota
from bot.services.limits.blocks import Blocks
from bot.services.limits.gifts import Gifts
from bot.services.limits.words import Words
from bot.services.moderation.housekeeping import Housekeeping
from bot.services.moderation.job_inquiry import JobInquiry
from bot.services.moderation.limits import Moderation
from bot.services.moderation.member_activity import MemberActivity
from bot.services.moderation.picture_reports import PictureReports
from bot.services.moderation.pictures import Pictures
from bot.services.moderation.preferences import ServerPreferences
from bot.services.ports import Clock
from bot.services.reporting.exports import Exports
from bot.services.reporting.usage import UsageReports


@dataclass(frozen=True, slots=True)
class Services:
    """The services that stand behind every command."""

    imagine: Imagine
    quota: Quota
    moderation: Moderation
    gifts: Gifts
    blocks: Blocks
    words: Words
    preferences: ServerPreferences
    usage: UsageReports
    cases: JobInquiry
    pictures: Pictures
    reports: PictureReports
    members: MemberActivity
    exports: Exports
    runner: Runner
    housekeeping: Housekeeping
    clock: Clock
    defaults: Defaults


class ServicesClient(discord.AutoShardedClient):
    """A client that commands and buttons find the services by."""

    services: Services
    """Set once, before the client connects."""
    names: Names
    """The members' names that were seen last."""

    access: CommandAccess
    """What servers say in their settings about who may use the commands."""


Interaction = discord.Interaction[ServicesClient]
"""What commands, buttons and forms are called with."""

Suggest = Callable[[Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]
"""Makes suggestions from what was typed so far."""
