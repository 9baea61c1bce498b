"""Tables as files of bounded size: CSV, packed once that is too large, in parts if need be.

Nothing of a table is in memory but the rows that are being written. Everything here blocks: call it
in a thread. Each part is a whole table with its heading, and no row is cut in two.
"""

import csv
import io
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

Cell = int | str | Decimal | None

_PIECE_BYTES = 64 * 1024
_ENDING_BYTES = 64
"""Room for what ends a packed part: its last block, the checksum and the length."""
_GZIP = 31
_LEFT_BEHIND_AFTER_S = 3600.0


class Workplace:
    """A folder for files that are made, sent and thrown away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> Path:
        """Make a place for one table, and clear what a process that was killed left behind.

        Raises:
            OSError: The disk does not take it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            if time.time() - old.stat().st_mtime > _LEFT_BEHIND_AFTER_S:
                shutil.rmtree(old, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=self._folder))

    def close(self, place: Path) -> None:
        """Throw a table away; a second call does nothing."""
        shutil.rmtree(place, ignore_errors=True)


class SheetWriter:
    """Writes one table. It is `name.csv`, or packed `name.csv.gz`, or that in numbered parts."""

    def __init__(
        self, place: Path, name: str, columns: Sequence[str], *, bytes_max: int, parts_max: int
    ) -> None:
        self._place = place
        self._name = name
        self._heading = _lines([columns])
        self._bytes_max = bytes_max
        self._parts_max = parts_max
        # A piece is written whole; small ones leave less of a part unused.
        self._piece_bytes = min(_PIECE_BYTES, max(1, bytes_max // 8))
        self._plain: _Plain | None = _Plain(place / f"{name}.csv")
        self._plain.write(self._heading)
        self._packed: list[_Packed] = []

    def add(self, rows: Iterable[Sequence[Cell]]) -> int:
        """Write rows until there is no room for more.

        Returns:
            How many were written; fewer than were given once all parts are full.

        Raises:
            OSError: The disk does not take them.
        """
        written = 0
        piece: list[bytes] = []
        size = 0
        for row in rows:
            piece.append(_lines([row]))
            size += len(piece[-1])
            if size >= self._piece_bytes:
                if not self._write(b"".join(piece)):
                    return written
                written += len(piece)
                piece, size = [], 0
        if piece and self._write(b"".join(piece)):
            written += len(piece)
        return written

    def finish(self) -> list[Path]:
        """Close the files; returns them in order."""
        if self._plain is not None:
            return [self._plain.close()]
        paths = [part.close() for part in self._packed]
        if len(paths) == 1:
            return [paths[0].replace(self._place / f"{self._name}.csv.gz")]
        return paths

    def close(self) -> None:
        """Let go of files that were not finished; does nothing to finished ones."""
        for part in (self._plain, *self._packed):
            if part is not None:
                part.let_go()

    def _write(self, piece: bytes) -> bool:
        if self._plain is not None:
            if self._plain.size + len(piece) <= self._bytes_max:
                self._plain.write(piece)
                return True
            plain, self._plain = self._plain, None
            for earlier in plain.taken_back():
                # The heading comes with each part by itself. All of it fitted one file unpacked.
                is_taken = self._pack(earlier)
                assert is_taken
        return self._pack(piece)

    def _pack(self, piece: bytes) -> bool:
        if self._packed and self._packed[-1].write(piece):
            return True
        if len(self._packed) == self._parts_max:
            return False
        path = self._place / f"{self._name}-part{len(self._packed) + 1}.csv.gz"
        if self._packed:
            self._packed[-1].close()
        self._packed.append(_Packed(path, self._bytes_max))
        self._packed[-1].write(self._heading + piece)
        return True


class _Plain:
    """A file that remembers its pieces, so that they can be written anew elsewhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("wb")
        self._pieces: list[int] = []
        self.size = 0

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._pieces.append(len(piece))
        self.size += len(piece)

    def taken_back(self) -> Iterable[bytes]:
        """Read the pieces but for the heading, and remove the file."""
        self._file.close()
        heading, *pieces = self._pieces
        with self._path.open("rb") as file:
            file.seek(heading)
            for length in pieces:
                yield file.read(length)
        self._path.unlink()

    def close(self) -> Path:
        self._file.close()
        return self._path

    def let_go(self) -> None:
        self._file.close()


class _Packed:
    """A gzip file that does not outgrow its bound."""

    def __init__(self, path: Path, bytes_max: int) -> None:
        self._path = path
        self._file: BinaryIO = path.open("wb")
        self._room = bytes_max - _ENDING_BYTES
        self._packer = zlib.compressobj(wbits=_GZIP)
        self._size = 0

    def write(self, piece: bytes) -> bool:
        """Write a piece unless that leaves no room; the first one is written in any case."""
        trial = self._packer.copy()
        packed = trial.compress(piece) + trial.flush(zlib.Z_SYNC_FLUSH)
        if self._size and self._size + len(packed) > self._room:
            return False
        self._packer = trial
        self._file.write(packed)
        self._size += len(packed)
        return True

    def close(self) -> Path:
        if not self._file.closed:
            self._file.write(self._packer.flush())
            self._file.close()
        return self._path

    def let_go(self) -> None:
        self._file.close()


def _lines(rows: Iterable[Sequence[Cell]]) -> bytes:
    text = io.StringIO()
    # With the line ends of RFC 4180 both of their characters are quoted inside a cell.
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    # Halves of surrogate pairs cannot be stored, so there are none; better a mark than a stop.
    return text.getvalue().encode("utf-8", "replace")
