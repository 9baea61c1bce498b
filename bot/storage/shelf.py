"""Pictures that are paid for and could not be delivered, kept as files until they are picked up."""

import asyncio
from pathlib import Path

from bot.core.jobs import Picture


class Shelf:
    """A folder with one sub-folder a job; the files are numbered in fal's order from 1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, job_id: str, pictures: list[Picture]) -> None:
        """Keep the pictures of a job; a second call replaces them.

        Raises:
            OSError: The disk does not take them.
        """
        await asyncio.to_thread(self._write, job_id, pictures)

    def _write(self, job_id: str, pictures: list[Picture]) -> None:
        folder = self._folder / job_id
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(pictures, 1):
            path = folder / f"{number}.{picture.format}"
            partial = path.with_suffix(".part")
            partial.write_bytes(picture.data)
            partial.replace(path)
