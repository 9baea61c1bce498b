"""Runs a stand-in fal by itself, for benchmarks: `python -m standins.fal --port 8099`."""

import asyncio
from pathlib import Path

import click

from standins.fal.server import StandInFal
from standins.fal.settings import StandInFalSettings

_DEFAULTS = StandInFalSettings()


@click.command(help="Serve a local fal on 127.0.0.1 until interrupted.")
@click.option("--port", default=8099, show_default=True, help="0 lets the system choose.")
@click.option("--key", default=_DEFAULTS.key, show_default=True)
@click.option("--admin-key", default=_DEFAULTS.admin_key, show_default=True)
@click.option("--run-s", default=2.0, show_default=True, help="Seconds that a job runs.")
@click.option("--concurrency", default=_DEFAULTS.concurrency, show_default=True)
@click.option("--picture-bytes-min", default=0, show_default=True, help="Pad pictures to this.")
@click.option("--reuse-pictures", is_flag=True, help="Draw one picture per size and format.")
@click.option("--url-file", type=click.Path(path_type=Path), help="Write the address here.")
def main(url_file: Path | None, **choices: str | float | bool) -> None:
    """Start and wait."""
    settings = StandInFalSettings(**choices)  # pyright: ignore[reportArgumentType]  # as declared
    asyncio.run(_serve(settings, url_file))


async def _serve(settings: StandInFalSettings, url_file: Path | None) -> None:
    async with StandInFal(settings) as fal:
        click.echo(fal.queue_url)
        if url_file is not None:
            await asyncio.to_thread(url_file.write_text, fal.queue_url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    main()
