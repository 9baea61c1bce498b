"""The one place that builds, connects and closes everything, in order.

Order of opening: database, fal, web server, Discord's log-in, unfinished jobs, gateway. Jobs are
taken up when nothing can fail any more, and before the gateway opens, so that no new request can
meet a half-read line; closing is the reverse, and a stop by signal first lets finish what can
finish.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from bot import __version__
from bot.chat.client import ImagineClient, close_quietly, point_at
from bot.chat.delivery.courier import DiscordCourier
from bot.chat.delivery.takedowns import DiscordTakedowns
from bot.chat.moderation.log.poster import DiscordLogPoster
from bot.core.errors import Broken, StorageTrouble
from bot.fal.calls import FalSettings
from bot.fal.queue import FalQueue
from bot.ops.health import Probe, Steady, health_routes
from bot.ops.http import HttpServer, Route
from bot.ops.job_log import JobLog
from bot.services.clock import SystemClock
from bot.services.container import Services
from bot.services.generation.brakes import Brakes
from bot.services.generation.build import Policy
from bot.services.generation.runner import Runner
from bot.services.limits.allowance import Quota
from bot.services.ports import Ports
from bot.services.supervisor import Supervisor
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.disk import check_room
from bot.storage.installation import write_probe
from bot.storage.running import RunningDatabase, running_database

_log = logging.getLogger(__name__)

GRACE_S = 20.0
"""So long what is under way may finish after a stop was asked for."""

_PROBE_TIMEOUT_S = 3.0


async def run(settings: Settings, *, accepts_database: bool = False) -> None:
    """Run the bot until SIGTERM or SIGINT.

    Args:
        settings: All of them.
        accepts_database: Take the database although it is not the one that this bot had.

    Raises:
        BotError: It cannot start, or Discord closed the door for good.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()
    _stop_on_signals(stop, hurry)
    point_at(settings.discord_api_url)
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(_database(settings, accepts=accepts_database))
        database = opened.database
        queue = await stack.enter_async_context(FalQueue(fal_settings(settings)))
        client = ImagineClient(shard_count=settings.shard_count, shard_ids=settings.shard_ids)
        clock, policy = SystemClock(), _policy(settings)
        courier = DiscordCourier(client, clock, Quota(database, clock, policy.limits))
        takedowns, log_poster = DiscordTakedowns(client), DiscordLogPoster(client)
        ports = Ports(queue, courier, takedowns, log_poster, meters=(JobLog(),))
        services = Services(database, clock, policy, ports)
        probes = _probes(settings, database, client)
        notes = {"line": lambda: _line_note(services.generation.brakes)}
        http = await _open_http(settings, health_routes(probes, notes))
        stack.push_async_callback(http.close)
        stack.push_async_callback(close_quietly, client)
        stack.push_async_callback(courier.close)
        logging_in = client.open(settings.discord_token.get_secret_value(), services)
        if not await _done_before(stop, logging_in):
            return
        resumed = await services.generation.resume()
        _log.info("started", extra={"resumed_jobs": resumed, "http_port": http.port})
        supervisor = await stack.enter_async_context(Supervisor())
        supervisor.vital("gateway", client.listen)
        supervisor.vital("database", lambda: _watched(opened, hurry))
        services.keep_running(supervisor)
        await _serve(supervisor, services.runner, stop, hurry)


@asynccontextmanager
async def _database(settings: Settings, *, accepts: bool) -> AsyncGenerator[RunningDatabase]:
    """Open the database, and say in the log which one it is: a wrong one looks like a new one."""
    async with running_database(
        settings.database_url,
        Path(settings.data_dir),
        shard_ids=settings.shard_ids,
        accepts=accepts,
    ) as opened:
        facts = {
            "path": opened.where,
            "schema": opened.version,
            "installation": opened.installation,
            "caps": settings.shown_caps(),
            "model": settings.fal_model,
            "version": __version__,
        }
        if opened.migrated_from is not None:
            facts["schema_before"] = opened.migrated_from
        if opened.is_new:
            _log.warning("new database", extra=facts)
        else:
            _log.info("database opened", extra=facts)
        yield opened


async def _watched(opened: RunningDatabase, hurry: asyncio.Event) -> None:
    """Watch whose database it is; nothing more is written once it is another's."""
    try:
        await opened.watch()
    finally:
        hurry.set()


def _line_note(brakes: Brakes) -> str | None:
    return None if brakes.halt is None else f"paused: {brakes.halt.value}"


def _policy(settings: Settings) -> Policy:
    return Policy(
        limits=settings.host_limits(),
        defaults=settings.defaults,
        data_dir=Path(settings.data_dir),
        concurrency=settings.fal_concurrency,
        undelivered_days=settings.undelivered_days,
        owns=_owner(settings),
    )


async def _done_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do a part of the start, which a stop may cut short: Discord can let one wait for minutes."""
    doing, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            doing.result()
        return doing.done()
    finally:
        doing.cancel()
        stopping.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


async def _serve(
    supervisor: Supervisor, runner: Runner, stop: asyncio.Event, hurry: asyncio.Event
) -> None:
    """Serve until a stop is asked for or something vital ends, then drain."""
    ending = asyncio.create_task(supervisor.ended(), name="end")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        _log.info("stopping", extra={"at_fal": runner.at_fal, "in_line": runner.waiting})
        await _drain(runner, hurry)
        if ending.done():
            ending.result()
    finally:
        for task in (ending, stopping):
            task.cancel()
        await asyncio.gather(ending, stopping, return_exceptions=True)


async def _drain(runner: Runner, hurry: asyncio.Event) -> None:
    """Let finish what can, unless a second signal says that there is no time."""
    draining = asyncio.create_task(runner.stop(GRACE_S, hurry))
    hurrying = asyncio.create_task(hurry.wait())
    await asyncio.wait({draining, hurrying}, return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    if not draining.done():
        _log.warning("stopping at once")
        await runner.stop(0, hurry)
    await draining


def fal_settings(settings: Settings) -> FalSettings:
    """Hand fal's room the plain values it needs."""
    admin_key = settings.fal_admin_key
    return FalSettings(
        key=settings.fal_key.get_secret_value(),
        admin_key=None if admin_key is None else admin_key.get_secret_value(),
        queue_url=settings.fal_queue_url,
        api_url=settings.fal_api_url,
        media_hosts=settings.fal_media_hosts,
        concurrency=settings.fal_concurrency,
    )


def _owner(settings: Settings) -> Callable[[int], bool]:
    """Tell which servers are this process's, by Discord's rule for shards."""
    count, ids = settings.shard_count, settings.shard_ids
    if count is None or ids is None:
        return lambda _: True
    return lambda server_id: (server_id >> 22) % count in ids


def _probes(settings: Settings, database: Database, client: ImagineClient) -> dict[str, Probe]:
    async def database_writes() -> bool:
        try:
            check_room(settings.database_url)
            async with asyncio.timeout(_PROBE_TIMEOUT_S):
                await write_probe(database)
        except (StorageTrouble, TimeoutError) as error:
            why = str(error) or f"no answer in {_PROBE_TIMEOUT_S:.0f} s"
            _log.warning("database does not take writes", extra={"error": why})
            return False
        return True

    async def discord_is_connected() -> bool:
        return client.is_connected

    return {"database": Steady(database_writes), "discord": discord_is_connected}


async def _open_http(settings: Settings, routes: Sequence[Route]) -> HttpServer:
    server = HttpServer(settings.http_host, settings.http_port, routes)
    try:
        await server.open()
    except OSError as error:
        address = f"{settings.http_host}:{settings.http_port}"
        # For a taken port asyncio writes the address into the text once more.
        code = error.errno or 0
        why = os.strerror(code).lower() if code > 0 else error.strerror
        raise Broken(f"HTTP_HOST, HTTP_PORT: cannot listen on {address}: {why}") from None
    return server


def _stop_on_signals(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    """The first signal asks for a stop; the second, such as another Ctrl-C, for haste."""

    def note() -> None:
        (hurry if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, note)
