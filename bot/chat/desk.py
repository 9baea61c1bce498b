"""What the commands and buttons are given: the services and the host's defaults."""

from dataclasses import dataclass

import discord

from bot.core.catalogue import Quality, Size
from bot.services.allowance import Quota
from bot.services.imagine import Imagine
from bot.services.moderation import Moderation
from bot.services.ports import Clock
from bot.services.runner import Runner


@dataclass(frozen=True, slots=True)
class Desk:
    """The services that stand behind every command."""

    imagine: Imagine
    quota: Quota
    moderation: Moderation
    runner: Runner
    clock: Clock
    default_size: Size
    default_quality: Quality


class DeskClient(discord.AutoShardedClient):
    """A client that commands and buttons find the services by."""

    desk: Desk
    """Set once, before the client connects."""
