"""What a model's runner does with the pictures of an input: it fetches them and looks at them.

Names of failures and limits are those of fal's error page and of its download helper; whether
`openai/gpt-image-2/edit` uses that helper, and what it says of a mask, fal does not tell.
"""

import asyncio
import base64
import binascii
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from PIL import Image, UnidentifiedImageError

from bot.core.models.model import Model
from bot.core.models.options import Size
from standins.fal.clock import FalClock
from standins.fal.gallery import Gallery
from standins.fal.inbox import Inbox
from standins.fal.inputs import JsonObject, problem
from standins.fal.jobs import Fetched
from standins.fal.outside import NotFetched, Outside
from standins.fal.settings import StandInFalSettings

_READABLE = frozenset({"PNG", "JPEG", "WEBP"})
_TIMEOUT_S = 30.0
_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)
MASK = "mask_url"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the runner sees of a picture: its first frame, turned as its camera says."""

    size: Size
    is_png: bool
    has_alpha: bool


@dataclass(frozen=True, slots=True)
class Named:
    """An address and where in the input it stands."""

    field: str
    where: tuple[int, ...]
    url: str

    def problem(self, kind: str, message: str = "") -> JsonObject:
        """Write an entry of a 422 list about it."""
        said = message or f"The picture cannot be used ({kind})"
        return problem(self.field, kind, said, value=self.url, where=self.where)


def addresses(sent: Mapping[str, object], model: Model) -> list[Named]:
    """Find the addresses of pictures in an input of a model; the mask comes last."""
    field = model.fields.inputs
    value = sent.get(field) if field is not None else None
    listed = cast("list[object]", value) if isinstance(value, list) else []
    found = [
        Named(field or "", (at,), url) for at, url in enumerate(listed) if isinstance(url, str)
    ]
    mask = sent.get(MASK)
    return [*found, Named(MASK, (), mask)] if found and isinstance(mask, str) else found


class Fetcher:
    """Fetches from this stand-in itself, from the address's own data, and over loopback."""

    def __init__(
        self,
        settings: StandInFalSettings,
        clock: FalClock,
        inbox: Inbox,
        gallery: Gallery,
        outside: Outside,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._inbox = inbox
        self._gallery = gallery
        self._outside = outside

    async def fetch(self, named: list[Named], base_url: str) -> Fetched:
        """Fetch and look at all pictures of an input."""
        found = await asyncio.gather(*(self._look(one.url, base_url) for one in named))
        looked = list(zip(named, found, strict=True))
        bad = [(one, kind) for one, kind in looked if isinstance(kind, str)]
        if bad:
            problems = tuple(one.problem(kind) for one, kind in bad)
            return Fetched(problems=problems, refused_url=bad[0][0].url)
        pictures = [seen for seen in found if isinstance(seen, Seen)]
        if named[-1].field != MASK:
            return Fetched(tuple(seen.size for seen in pictures))
        *pictures, mask = pictures
        fits = mask.is_png and mask.has_alpha and mask.size == pictures[0].size
        if self._settings.checks_mask and not fits:
            said = "The mask must be a PNG with alpha, of the same sides as the first picture"
            wrong = named[-1].problem("value_error", said)
            return Fetched(problems=(wrong,), refused_url=named[-1].url)
        return Fetched(tuple(seen.size for seen in pictures), mask.size)

    async def _look(self, url: str, base_url: str) -> Seen | str:
        """Look at one picture; fal's name of what is wrong where it cannot be used."""
        try:
            data = await self._data(url, base_url)
        except NotFetched as error:
            return error.kind
        return await asyncio.to_thread(_seen, data)

    async def _data(self, url: str, base_url: str) -> bytes:
        if url.startswith("data:"):
            return _inline(url, self._settings.data_uri_bytes_max)
        if url.startswith(f"{base_url}/"):
            return await self._own(url.removeprefix(base_url))
        bytes_max = self._settings.input_bytes_max
        return await self._outside.fetch(url, bytes_max=bytes_max, timeout_s=_TIMEOUT_S)

    async def _own(self, path: str) -> bytes:
        """Read what was uploaded here, or what was made here."""
        now_ms = self._clock.now_ms()
        upload, exhibit = self._inbox.find(path, now_ms), self._gallery.find(path, now_ms)
        if upload is not None and upload.data is not None:
            return upload.data
        if exhibit is None:
            raise NotFetched("file_download_error")
        return await self._gallery.picture(exhibit.drawing)


def _inline(url: str, bytes_max: int) -> bytes:
    head, comma, text = url.partition(",")
    if not comma or not head.endswith(";base64"):
        raise NotFetched("file_download_error")
    if len(url) > bytes_max:
        raise NotFetched("file_too_large")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NotFetched("file_download_error") from None


def _seen(data: bytes) -> Seen | str:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            if image.format not in _READABLE:
                return "unsupported_image_format"
            width, height = image.size
            if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
                width, height = height, width
            has_alpha = image.has_transparency_data
            return Seen(Size(width, height), image.format == "PNG", has_alpha)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "image_load_error"
