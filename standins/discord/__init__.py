"""A local Discord: SimCord's model behind real HTTP and WebSocket on the loopback address.

The unmodified bot runs against it as a process of its own, in the demo, the tests and the
benchmarks. It is never imported by what the bot runs in production.
"""

from standins.discord.contract import find_openapi
from standins.discord.control import ControlledDiscord
from standins.discord.errors import ApiError, ClientRefused, NoAnswer
from standins.discord.faults import Fault
from standins.discord.interactions import Answer, SentInteraction
from standins.discord.messages import Button, DiscordMessage, Edit, Picture, Pinged, Select
from standins.discord.people import Channel, Choice, Guild, Member, Role
from standins.discord.record import Request, Violation
from standins.discord.server import StandInDiscord
from standins.discord.settings import StandInDiscordSettings

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
