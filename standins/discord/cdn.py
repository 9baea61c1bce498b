"""The files of this Discord: real bytes under signed addresses that end after a day.

The shape of `store_attachment`, `store_sticker` and `get` is SimCord's; the signature form (`ex`,
`is`, `hm`) is Discord's (developer reference, "Signed Attachment CDN URLs").
"""

import hashlib
import mimetypes
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from math import inf
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from PIL import Image, UnidentifiedImageError

SIGNED_FOR_S = 24 * 3600


class Cdn:
    """Stores attachments by path and hands out signed addresses for them.

    Args:
        now: The clock of this Discord.
        uploads_kept_s: How long files of options and forms are kept.
        most_bytes: Forget the oldest files above this; None keeps all.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        uploads_kept_s: float,
        most_bytes: int | None = None,
    ) -> None:
        self._now = now
        self._uploads_kept_s = uploads_kept_s
        self._ends_s: dict[str, float] = {}
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._blobs: dict[str, bytes] = {}
        self.origin = ""

    def store_attachment(
        self,
        attachment_id: int,
        channel_id: int,
        filename: str,
        data: bytes,
        description: str | None,
    ) -> dict[str, Any]:
        """Keep the bytes of an upload; returns the attachment object of a message."""
        path = f"/attachments/{channel_id}/{attachment_id}/{quote(filename)}"
        stored = self._stored(path, attachment_id, filename, data)
        return stored if description is None else stored | {"description": description}

    def _stored(self, path: str, attachment_id: int, filename: str, data: bytes) -> dict[str, Any]:
        self._keep(unquote(path), data)
        url = self.sign(f"{self.origin}{path}")
        stored: dict[str, Any] = {
            "id": str(attachment_id),
            "filename": filename,
            "size": len(data),
            "url": url,
            "proxy_url": url,
            "content_type": content_type(filename),
        }
        size = _pixels(data)
        if size is not None:
            stored["width"], stored["height"] = size
        return stored

    def store_upload(
        self, attachment_id: int, application_id: int, filename: str, data: bytes
    ) -> dict[str, Any]:
        """Keep a file of an option or a form for a while.

        Returns:
            The attachment object of `resolved`. No message shows the file, so that its address
            can never be signed anew.
        """
        path = f"/ephemeral-attachments/{application_id}/{attachment_id}/{quote(filename)}"
        self._ends_s[unquote(path)] = self._now().timestamp() + self._uploads_kept_s
        return self._stored(path, attachment_id, filename, data) | {"ephemeral": True}

    def store_sticker(self, sticker_id: int, format_type: int, data: bytes) -> str:
        """Keep a sticker, which no bot of ours makes."""
        path = f"/stickers/{sticker_id}.{format_type}"
        self._keep(path, data)
        return f"{self.origin}{path}"

    def _keep(self, path: str, data: bytes) -> None:
        """Hold the bytes; in a benchmark the oldest make room."""
        self._blobs[path] = data
        self._held_bytes += len(data)
        while self._most_bytes is not None and self._held_bytes > self._most_bytes:
            oldest = next(iter(self._blobs))
            self._held_bytes -= len(self._blobs.pop(oldest))

    def sign(self, url: str) -> str:
        """The same address with a fresh signature, good for a day."""
        bare = url.partition("?")[0]
        issued = int(self._now().timestamp())
        ends = issued + SIGNED_FOR_S
        return f"{bare}?ex={ends:x}&is={issued:x}&hm={_mark(urlsplit(bare).path, ends, issued)}"

    def owns(self, url: str) -> bool:
        """Whether an address is one of ours."""
        return url.startswith(f"{self.origin}/")

    def get(self, url: str) -> bytes | None:
        """The bytes behind an address, whatever its signature; None if there are none."""
        path = unquote(urlsplit(url).path)
        prefix = urlsplit(self.origin).path
        return self._blobs.get(path.removeprefix(prefix))

    def fetch(self, url: str) -> bytes | None:
        """The bytes as the world gets them: None without a good signature or after its end."""
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        try:
            ends, issued = int(query["ex"][0], 16), int(query["is"][0], 16)
            is_genuine = query["hm"][0] == _mark(parts.path, ends, issued)
        except (KeyError, ValueError):
            return None
        now_s = self._now().timestamp()
        path = unquote(parts.path).removeprefix(urlsplit(self.origin).path)
        is_fresh = now_s < min(ends, self._ends_s.get(path, inf))
        return self.get(url) if is_genuine and is_fresh else None


def _mark(path: str, ends: int, issued: int) -> str:
    """What nobody else could write: changed times are seen by it."""
    return hashlib.sha256(f"{path} {ends:x} {issued:x}".encode()).hexdigest()


def content_type(filename: str) -> str:
    """The media type by the name's end, as Discord guesses it."""
    if filename.lower().endswith(".webp"):  # unknown to Python 3.11's strict table
        return "image/webp"
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _pixels(data: bytes) -> tuple[int, int] | None:
    """Width and height, read from the header alone."""
    try:
        with Image.open(BytesIO(data)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, ValueError):
        return None
