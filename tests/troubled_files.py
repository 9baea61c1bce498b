"""Files and disks that a database cannot use, made with what every Linux has."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user without rights: root may write to everything."""
    if os.geteuid() != 0:
        yield
        return
    uid = pwd.getpwnam("nobody").pw_uid
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own ones are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="bot-files-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def small_disk(folder: Path, size: str = "20m") -> Iterator[Path]:
    """A disk of its own; only root can have one, and not everywhere."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk of its own to be had")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """Leave no room on a small disk."""
    with (folder / "filling").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError:
            return


def spoil_pages(path: Path, first: int, last: int | None = None) -> None:
    """Overwrite pages of a database, counted from 1."""
    page = 4096
    count = path.stat().st_size // page
    with path.open("r+b") as file:
        for number in range(first, (last or count) + 1):
            file.seek((number - 1) * page)
            file.write(b"\xa5" * page)
