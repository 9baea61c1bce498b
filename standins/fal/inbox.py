"""Pictures that a client brings, and what a model's runner finds when it fetches its inputs.

The stand-in calls nobody. It reads what was uploaded to it and what an input carries itself; any
other address counts as a picture that was fetched.
"""

import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from PIL import Image, UnidentifiedImageError

from standins.fal.inputs import problem

_READABLE = frozenset({"PNG", "JPEG", "WEBP"})


@dataclass(slots=True)
class Upload:
    """A file that was announced.

    Attributes:
        path: Where it is found.
        put_path: Where it is put; who knows it needs no key.
        expires_at_ms: On the stand-in's clock; None keeps it for good.
        data: None until it was put.
    """

    path: str
    put_path: str
    content_type: str
    expires_at_ms: int | None
    data: bytes | None = None


class Inbox:
    """Every announced file, by either of its addresses."""

    def __init__(self) -> None:
        self._by_path: dict[str, Upload] = {}
        self._tokens: dict[str, int] = {}

    def token(self, expires_at_ms: int) -> str:
        """Make a token that lets its holder bring files without the key."""
        token = uuid4().hex
        self._tokens[token] = expires_at_ms
        return token

    def accepts(self, token: str, now_ms: int) -> bool:
        """Whether a token is known and has not expired."""
        return self._tokens.get(token, 0) > now_ms

    def announce(self, name: str, content_type: str, expires_at_ms: int | None) -> Upload:
        """Give a file two addresses that nobody can guess."""
        path, put_path = f"/files/u/{uuid4().hex}/{name}", f"/uploads/{uuid4().hex}"
        upload = Upload(path, put_path, content_type, expires_at_ms)
        self._by_path[path] = self._by_path[put_path] = upload
        return upload

    def announced(self, put_path: str) -> Upload | None:
        """Look up where a file is to be put."""
        return self._by_path.get(put_path)

    def find(self, path: str, now_ms: int) -> Upload | None:
        """Look up a file that is there and has not expired."""
        upload = self._by_path.get(path)
        if upload is None or upload.data is None or upload.path != path:
            return None
        has_ended = upload.expires_at_ms is not None and upload.expires_at_ms <= now_ms
        return None if has_ended else upload

    def problems(self, sent: Mapping[str, object], base_url: str, now_ms: int) -> list[object]:
        """What is wrong with the pictures of an input, as entries of a 422 list."""
        urls = sent.get("image_urls")
        listed = cast("list[object]", urls) if isinstance(urls, list) else []
        named: list[tuple[str, tuple[int, ...], object]] = [
            ("image_urls", (at,), url) for at, url in enumerate(listed)
        ]
        named.append(("mask_url", (), sent.get("mask_url")))
        found: list[object] = []
        for field, where, url in named:
            kind = self._trouble(url, base_url, now_ms) if isinstance(url, str) else None
            if kind is not None:
                message = f"The picture cannot be used ({kind})"
                found.append(problem(field, kind, message, value=url, where=where))
        return found

    def _trouble(self, url: str, base_url: str, now_ms: int) -> str | None:
        """fal's name for what is wrong with one picture."""
        if url.startswith("data:"):
            data = _inline(url)
        elif url.startswith(f"{base_url}/files/u/"):
            upload = self.find(url.removeprefix(base_url), now_ms)
            data = upload.data if upload is not None else None
        else:
            return None
        return "file_download_error" if data is None else _unreadable(data)


def _inline(url: str) -> bytes | None:
    head, comma, text = url.partition(",")
    if not comma or not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _unreadable(data: bytes) -> str | None:
    """fal's name for what is wrong with a picture's bytes; None where they can be read."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            return None if image.format in _READABLE else "unsupported_image_format"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "image_load_error"
