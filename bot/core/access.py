"""Who may use a command that is hidden by default, by what a server says in its own settings.

Discord's rule (developer reference, "Application Commands", permissions; help centre, "Updates to
Command Permissions"): what is said of a command goes before what is said of all commands of the
app; a member before their roles, and of several roles one that allows; channels are asked apart
from people. What allows a member or role at a command goes before the permissions that the command
asks for by default; what allows it for the whole app, or allows @everyone, does not
(discord-api-docs, issue 5356).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Target(IntEnum):
    """Whom or what an overwrite is about; the numbers are Discord's."""

    ROLE = 1
    USER = 2
    CHANNEL = 3


@dataclass(frozen=True, slots=True)
class Overwrite:
    """One line of a command's settings in a server.

    Attributes:
        command_id: The command, or the application where it is about all commands.
        target_id: A role, user or channel; the server's id for @everyone, and the number before
            it for all channels.
    """

    command_id: int
    target: Target
    target_id: int
    allows: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a server where they call a command.

    Attributes:
        channel_id: The channel, a thread's parent; None where it does not matter.
    """

    server_id: int
    member_id: int
    role_ids: frozenset[int]
    channel_id: int | None


def grants(
    overwrites: Iterable[Overwrite], command_id: int, application_id: int, person: Person
) -> bool:
    """Tell whether a server lets a person use a command without the permissions it asks for."""
    found = list(overwrites)
    own = [one for one in found if one.command_id == command_id]
    common = [one for one in found if one.command_id == application_id]
    return _is_open_here(own, common, person) and _names(own, person)


def _is_open_here(own: list[Overwrite], common: list[Overwrite], person: Person) -> bool:
    if person.channel_id is None:
        return True
    all_channels = person.server_id - 1
    for overwrites in (own, common):
        for channel_id in (person.channel_id, all_channels):
            answers = _answers(overwrites, Target.CHANNEL, {channel_id})
            if answers:
                return all(answers)
    return True


def _names(own: list[Overwrite], person: Person) -> bool:
    """Whether the member, or else a role of theirs other than @everyone, is allowed by name."""
    answers = _answers(own, Target.USER, {person.member_id})
    if answers:
        return all(answers)
    return any(_answers(own, Target.ROLE, person.role_ids - {person.server_id}))


def _answers(
    overwrites: list[Overwrite], target: Target, ids: set[int] | frozenset[int]
) -> list[bool]:
    return [one.allows for one in overwrites if one.target is target and one.target_id in ids]
