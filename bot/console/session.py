"""How a command reaches the database: the one that is there, beside a bot that may run on it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from bot.settings import StorageSettings
from bot.storage import servers
from bot.storage.database import Database, opened_database

_T = TypeVar("_T")


def on_database(work: Callable[[Database], Awaitable[_T]]) -> _T:
    """Do something on the database that is there already, beside a bot that may run on it.

    Raises:
        BotError: It cannot be used, is older or newer than this code, or is not there.
    """
    url = StorageSettings.load().database_url

    async def opened() -> _T:
        async with opened_database(url) as database:
            return await work(database)

    return asyncio.run(opened())


def change(server: int, work: Callable[[Database], Awaitable[_T]]) -> _T:
    """Do something to a server, with a note where nothing is stored of it: a slip in the id?

    Raises:
        BotError: See `on_database`.
    """

    async def noted(database: Database) -> tuple[bool, _T]:
        async with database.read() as connection:
            is_known = await servers.is_known(connection, server)
        return is_known, await work(database)

    is_known, done = on_database(noted)
    if not is_known:
        note = f"Note: nothing was stored of server {server} before; is the id right?"
        click.echo(note, err=True)
    return done
