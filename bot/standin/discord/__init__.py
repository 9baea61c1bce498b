"""A local Discord: SimCord's model behind real HTTP and WebSocket on the loopback address.

The unmodified bot runs against it as a process of its own, in the demo, the tests and the
benchmarks. It is never imported by what the bot runs in production.
"""

from bot.standin.discord.contract import find_openapi
from bot.standin.discord.control import ControlledDiscord
from bot.standin.discord.errors import ApiError, ClientRefused, NoAnswer
from bot.standin.discord.faults import Fault
from bot.standin.discord.interactions import Answer, Choice, SentInteraction
from bot.standin.discord.messages import Button, DiscordMessage, Edit, Picture, Pinged, Select
from bot.standin.discord.people import Channel, Guild, Member, Role
from bot.standin.discord.record import Request, Violation
from bot.standin.discord.server import StandInDiscord
from bot.standin.discord.settings import StandInDiscordSettings

__all__ = [
    "Answer",
    "ApiError",
    "Button",
    "Channel",
    "Choice",
    "ClientRefused",
    "ControlledDiscord",
    "DiscordMessage",
    "Edit",
    "Fault",
    "Guild",
    "Member",
    "NoAnswer",
    "Picture",
    "Pinged",
    "Request",
    "Role",
    "Select",
    "SentInteraction",
    "StandInDiscord",
    "StandInDiscordSettings",
    "Violation",
    "find_openapi",
]
