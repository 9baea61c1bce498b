"""What the commands and buttons are given: the services and the host's defaults."""

from dataclasses import dataclass

import discord

from bot.chat.names import Names
from bot.chat.permission import CommandAccess
from bot.core.preferences import Defaults
from bot.services.allowance import Quota
from bot.services.blocks import Blocks
from bot.services.cases import Cases
from bot.services.exports import Exports
from bot.services.gifts import Gifts
from bot.services.housekeeping import Housekeeping
from bot.services.imagine import Imagine
from bot.services.members import Members
from bot.services.moderation import Moderation
from bot.services.picture_reports import PictureReports
from bot.services.pictures import Pictures
from bot.services.ports import Clock
from bot.services.preferences import ServerPreferences
from bot.services.runner import Runner
from bot.services.usage import UsageReports
from bot.services.words import Words


@dataclass(frozen=True, slots=True)
class Desk:
    """The services that stand behind every command."""

    imagine: Imagine
    quota: Quota
    moderation: Moderation
    gifts: Gifts
    blocks: Blocks
    words: Words
    preferences: ServerPreferences
    usage: UsageReports
    cases: Cases
    pictures: Pictures
    reports: PictureReports
    members: Members
    exports: Exports
    runner: Runner
    housekeeping: Housekeeping
    clock: Clock
    defaults: Defaults


class DeskClient(discord.AutoShardedClient):
    """A client that commands and buttons find the services by."""

    desk: Desk
    """Set once, before the client connects."""
    names: Names
    """The members' names that were seen last."""

    access: CommandAccess
    """What servers say in their settings about who may use the commands."""
