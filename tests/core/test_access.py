"""Who a server's own settings let use a command that is hidden by default."""

import pytest

from bot.core.access import Overwrite, Person, Target, grants

SERVER, CHANNEL, MEMBER, ROLE, OTHER_ROLE = 100, 20, 30, 40, 41
APP, COMMAND, OTHER_COMMAND = 1, 2, 3
EVERYONE, ALL_CHANNELS = SERVER, SERVER - 1


def person(**changes) -> Person:
    given = {
        "server_id": SERVER,
        "member_id": MEMBER,
        "role_ids": frozenset({ROLE, OTHER_ROLE}),
        "channel_id": CHANNEL,
        **changes,
    }
    return Person(**given)


def role(role_id: int, allows: bool, command: int = COMMAND) -> Overwrite:
    return Overwrite(command, Target.ROLE, role_id, allows)


def user(user_id: int, allows: bool, command: int = COMMAND) -> Overwrite:
    return Overwrite(command, Target.USER, user_id, allows)


def channel(channel_id: int, allows: bool, command: int = COMMAND) -> Overwrite:
    return Overwrite(command, Target.CHANNEL, channel_id, allows)


ALLOWED = role(ROLE, True)

CASES = [
    ("nothing set", [], False),
    ("a role of theirs", [ALLOWED], True),
    ("another role", [role(99, True)], False),
    ("the member", [user(MEMBER, True)], True),
    ("another member", [user(99, True)], False),
    ("the member is denied, a role allowed", [ALLOWED, user(MEMBER, False)], False),
    ("the member is allowed, a role denied", [role(ROLE, False), user(MEMBER, True)], True),
    ("one role denied, another allowed", [ALLOWED, role(OTHER_ROLE, False)], True),
    ("@everyone denied, a role allowed", [role(EVERYONE, False), ALLOWED], True),
    ("@everyone allowed", [role(EVERYONE, True)], False),
    ("a member's id as a role's", [role(MEMBER, True), user(ROLE, True)], False),
    ("another command", [role(ROLE, True, OTHER_COMMAND)], False),
    ("the whole app", [role(ROLE, True, APP)], False),
    ("the app denies, the command allows", [role(ROLE, False, APP), ALLOWED], True),
    ("this channel denied", [ALLOWED, channel(CHANNEL, False)], False),
    ("another channel denied", [ALLOWED, channel(21, False)], True),
    ("all channels denied", [ALLOWED, channel(ALL_CHANNELS, False)], False),
    (
        "all channels denied, this one allowed",
        [ALLOWED, channel(ALL_CHANNELS, False), channel(CHANNEL, True)],
        True,
    ),
    ("the app's channel denied", [ALLOWED, channel(CHANNEL, False, APP)], False),
    (
        "the app's channel denied, the command's allowed",
        [ALLOWED, channel(CHANNEL, False, APP), channel(CHANNEL, True)],
        True,
    ),
    (
        "the command's all channels go before the app's channel",
        [ALLOWED, channel(CHANNEL, False, APP), channel(ALL_CHANNELS, True)],
        True,
    ),
    ("a channel alone", [channel(CHANNEL, True)], False),
]


@pytest.mark.parametrize(
    ("overwrites", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_overwrites_decide_by_discord_s_order(overwrites, expected):
    assert grants(overwrites, COMMAND, APP, person()) is expected


def test_channels_do_not_matter_where_none_is_named():
    overwrites = [ALLOWED, channel(ALL_CHANNELS, False)]
    assert grants(overwrites, COMMAND, APP, person(channel_id=None))
