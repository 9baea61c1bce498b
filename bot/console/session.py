"""How a command reaches the services: on the database that is there, beside a bot that may run."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from bot.services.clock import SystemClock
from bot.services.container import DatabaseServices
from bot.services.limits.allowance import HostLimits
from bot.settings import StorageSettings
from bot.storage import servers
from bot.storage.database import opened_database

_T = TypeVar("_T")

_NOT_NEEDED = HostLimits(default_images_per_day=0)
"""The host's own limits play no part but where a command tells what applies to a member."""


def on_services(
    work: Callable[[DatabaseServices], Awaitable[_T]], limits: HostLimits = _NOT_NEEDED
) -> _T:
    """Do something on the database that is there already, beside a bot that may run on it.

    Raises:
        BotError: It cannot be used, is older or newer than this code, or is not there.
    """
    url = StorageSettings.load().database_url

    async def opened() -> _T:
        async with opened_database(url) as database:
            return await work(DatabaseServices(database, SystemClock(), limits))

    return asyncio.run(opened())


def change(server: int, work: Callable[[DatabaseServices], Awaitable[_T]]) -> _T:
    """Do something to a server, with a note where nothing is stored of it: a slip in the id?

    Raises:
        BotError: See `on_services`.
    """

    async def noted(services: DatabaseServices) -> tuple[bool, _T]:
        async with services.database.read() as connection:
            is_known = await servers.is_known(connection, server)
        return is_known, await work(services)

    is_known, done = on_services(noted)
    if not is_known:
        note = f"Note: nothing was stored of server {server} before; is the id right?"
        click.echo(note, err=True)
    return done
