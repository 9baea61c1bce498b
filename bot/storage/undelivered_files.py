"""Pictures that are paid for and could not be delivered, kept as files until they expire."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.jobs import Picture
from bot.storage.folders import sync_folder


@dataclass(frozen=True, slots=True)
class Stock:
    """What lies on the shelf."""

    jobs: int
    bytes: int


class UndeliveredFiles:
    """A folder with one sub-folder a job; the files are numbered in fal's order from 1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, job_id: str, pictures: Mapping[int, Picture]) -> None:
        """Keep pictures of a job by their numbers, on the disk for certain when this returns.

        Raises:
            OSError: The disk does not take them.
        """
        await asyncio.to_thread(self._write, job_id, pictures)

    async def numbers(self, job_id: str) -> frozenset[int]:
        """Which pictures of a job lie here, counted from 1."""
        return await asyncio.to_thread(self._numbers, job_id)

    async def clear(self, before_s: float) -> int:
        """Delete what was put there before an instant in Unix seconds; returns how many jobs."""
        return await asyncio.to_thread(self._clear, before_s)

    async def stock(self) -> Stock:
        """Count what lies there."""
        return await asyncio.to_thread(self._stock)

    def _write(self, job_id: str, pictures: Mapping[int, Picture]) -> None:
        if not pictures:
            return
        folder = self._folder / job_id
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in pictures.items():
            path = folder / f"{number}.{picture.format}"
            partial = path.with_suffix(".part")
            with partial.open("wb") as file:
                file.write(picture.data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        # A name is on the disk only once its folder is.
        for place in (folder, self._folder):
            sync_folder(place)

    def _numbers(self, job_id: str) -> frozenset[int]:
        folder = self._folder / job_id
        files = folder.iterdir() if folder.is_dir() else ()
        # A host who looks around there may leave files of other names.
        numbered = (file for file in files if file.stem.isdecimal() and file.suffix != ".part")
        return frozenset(int(file.stem) for file in numbered)

    def _clear(self, before_s: float) -> int:
        count = 0
        for folder in self._folders():
            if folder.stat().st_mtime < before_s:
                shutil.rmtree(folder)
                count += 1
        return count

    def _stock(self) -> Stock:
        folders = self._folders()
        files = [file for folder in folders for file in folder.iterdir() if file.is_file()]
        return Stock(len(folders), sum(file.stat().st_size for file in files))

    def _folders(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return [entry for entry in self._folder.iterdir() if entry.is_dir()]
