"""Pictures that a client brings."""

from dataclasses import dataclass
from uuid import uuid4


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
