"""A small file of facts that the database has not taken yet.

What fal or Discord said once and will not say again (a ticket, a result, a posted message) is
appended here and forced to the disk when the database cannot take it. The next start reads what is
left. The file is empty nearly always; one that cannot be written costs a line in the log, which
then holds the fact as well.
"""

import asyncio
import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bot.storage.folders import sync_folder

_log = logging.getLogger(__name__)

_NAME = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something from outside that cannot be learned twice.

    Attributes:
        kind: `ticket`, `rendering`, `posted` or `added`.
        body: What it says, as JSON.
    """

    job_id: str
    kind: str
    body: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def key(self) -> tuple[str, str]:
        """Which fact it is; a later one of the same key replaces it."""
        return self.job_id, self.kind


class Journal:
    """The file in a folder of the host's."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME
        self._pending: dict[tuple[str, str], Fact] = {}
        self._writing = asyncio.Lock()

    async def note(self, fact: Fact) -> bool:
        """Write a fact down; False where the disk does not take it."""
        self._pending[fact.key] = fact
        _log.error("fact kept", extra={"job_id": fact.job_id, "kind": fact.kind, "fact": fact.body})
        async with self._writing:
            try:
                await asyncio.to_thread(self._append, fact)
            except OSError as error:
                about = {"job_id": fact.job_id, "detail": error.strerror}
                _log.error("the journal cannot be written", extra=about)
                return False
        return True

    async def settle(self, fact: Fact) -> None:
        """Forget a fact that the database has; the file is emptied with the last one."""
        self._pending.pop(fact.key, None)
        if self._pending:
            return
        async with self._writing:
            if self._pending:
                return
            try:
                await asyncio.to_thread(self._empty)
            except OSError as error:
                _log.error("the journal cannot be emptied", extra={"detail": error.strerror})

    async def read(self) -> list[Fact]:
        """Read what an earlier process left, in the order it was written."""
        async with self._writing:
            try:
                text = await asyncio.to_thread(self._path.read_text, "utf-8", "replace")
            except FileNotFoundError:
                return []
        for line in filter(None, text.splitlines()):
            fact = _fact_of(line)
            if fact is None:
                # The last line of a process that died while it wrote.
                _log.error("a line of the journal cannot be read", extra={"chars": len(line)})
                continue
            self._pending[fact.key] = fact
        return list(self._pending.values())

    def _append(self, fact: Fact) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        line = json.dumps([fact.job_id, fact.kind, fact.body])
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            # A torn line of before must not swallow this one.
            file.write(f"\n{line}\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._path.parent)

    def _empty(self) -> None:
        if self._path.exists():
            os.truncate(self._path, 0)


def _fact_of(line: str) -> Fact | None:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    parts = cast("list[Any]", value) if isinstance(value, list) else []
    if len(parts) != 3 or not all(isinstance(one, str) for one in parts[:2]):
        return None
    return Fact(*parts) if isinstance(parts[2], dict) else None
