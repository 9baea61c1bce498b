"""How long a server's command settings are kept, to the second, and that a failure never is."""

import asyncio

import discord
import pytest

from bot.chat.interaction.permission import GROUP, KEPT_S, CommandAccess
from bot.core.access import Overwrite, Person, Target
from tests.virtual_time import now_s, virtual

SERVER, MEMBER, ROLE, COMMAND, APPLICATION = 10, 30, 40, 50, 2
PERSON = Person(server_id=SERVER, member_id=MEMBER, role_ids=frozenset({ROLE}), channel_id=None)
GIVEN = [Overwrite(command_id=COMMAND, target=Target.ROLE, target_id=ROLE, allows=True)]


class Settings(CommandAccess):
    """Asks nobody: answers are made here, an exception is raised, None never comes."""

    def __init__(self):
        client = discord.Client(intents=discord.Intents.none())
        client._connection.application_id = APPLICATION
        super().__init__(client)
        self._ids = {GROUP: COMMAND}
        self.answers = [GIVEN]
        self.reads = []

    async def _read(self, server_id):
        self.reads.append(now_s())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await asyncio.sleep(10)
            return GIVEN
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def allows_at(self, at_s):
        await asyncio.sleep(at_s - now_s())
        return await self.allows(PERSON, [GROUP])


@virtual
async def test_settings_are_kept_for_a_minute_and_no_longer():
    access = Settings()
    access.answers = [GIVEN, []]
    assert await access.allows_at(0)
    assert await access.allows_at(KEPT_S - 0.1)
    assert access.reads == [0]
    assert await access.allows_at(KEPT_S) is False
    assert access.reads == [0, 60]


@pytest.mark.parametrize("error", [TimeoutError(), OSError("away")])
@virtual
async def test_a_failed_read_is_kept_for_no_time_at_all(error):
    access = Settings()
    access.answers = [error, error, GIVEN]
    assert await access.allows_at(0) is None
    assert await access.allows_at(0.5) is None
    assert await access.allows_at(1) is True
    assert access.reads == [0, 0.5, 1]


@virtual
async def test_a_read_that_takes_too_long_is_answered_and_used_afterwards():
    access = Settings()
    access.answers = [None, GIVEN]
    assert await access.allows_at(0) is None
    assert now_s() == 1.2
    assert await access.allows_at(5) is None
    assert now_s() == 6.2
    assert await access.allows_at(11) is True
    assert access.reads == [0], "one read for all who ask"
    assert await access.allows_at(69.9) is True
    assert await access.allows_at(70) is True
    assert access.reads == [0, 70]


@virtual
async def test_what_was_forgotten_while_it_was_read_is_not_kept():
    access = Settings()
    access.answers = [None, []]
    assert await access.allows_at(0) is None
    access.forget(SERVER)
    assert await access.allows_at(2) is False
    assert await access.allows_at(20) is False
    assert access.reads == [0, 2]
