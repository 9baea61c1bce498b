"""Fetches pictures: only from hosts on the list, never more than the bound, whole or not at all.

The bytes decide what a picture is; names and types that come with them are ignored. Nothing of
ours, and above all no key, is sent along. A few redirects are followed, each to a host on the list.
No answer is the end of a picture: fal keeps files for days, so whoever asks may ask again.
"""

import asyncio
import warnings
from collections.abc import Iterable
from io import BytesIO

import httpx
import yarl
from PIL import Image

from bot.core.errors import ForeignHost, MediaRejected, TemporaryFailure, Upstream
from bot.core.jobs import Picture, PictureLink
from bot.core.models.options import Format, Size
from bot.fal.calls import TRANSPORT_FAILURES, Calls, Pace, named
from bot.fal.evidence import Call, Proof, judge
from bot.fal.failures import plain
from bot.fal.network import MediaClient, MediaResponse
from bot.fal.wire import Answer

AREA_MAX_PX = 40_000_000
"""Nearly five times what the model can make; beyond it a small file may unpack to gigabytes."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_HOST_CHARS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-:")
_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_START, _JPEG_END = b"\xff\xd8\xff", b"\xff\xd9"
_JPEG_TAIL_BYTES = 64
"""Some writers pad behind the end marker."""


class _NotNow(Exception):
    """Asking again within moments is of no use."""


class _Moved(Exception):
    """The file lies elsewhere.

    Attributes:
        url: Where, on a host that may be asked.
    """

    def __init__(self, url: httpx.URL) -> None:
        super().__init__()
        self.url = url


def allowed(url: str, hosts: Iterable[str]) -> httpx.URL | None:
    """Check the address of a picture.

    Args:
        url: As fal handed it out.
        hosts: `v3.fal.media` for one host, `*.fal.media` for it and all below it (fal has used
            both the bare name and names below it), `127.0.0.1:8123` for one with a port. A host
            on loopback that is named without a star may be plain http.

    Returns:
        The address in the form that the connection will use, None where it is not allowed.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        # Only ASCII: else the library would translate look-alikes into another host.
        return None
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return None
    host = parsed.host
    authority = url.partition("//")[2].partition("/")[0]
    if "@" in authority or parsed.userinfo or not host or not _HOST_CHARS.issuperset(host):
        return None
    if any(_matches(parsed, pattern.strip().lower()) for pattern in hosts):
        return parsed
    return None


def _matches(url: httpx.URL, pattern: str) -> bool:
    name, port = _host_and_port(pattern)
    if url.scheme == "http":
        if name not in _LOOPBACK or url.host != name:
            return False
        return (url.port or 80) == (port or 80)
    if url.scheme != "https" or (url.port or 443) != (port or 443):
        return False
    if name.startswith("*."):
        return url.host == name[2:] or url.host.endswith(name[1:])
    return url.host == name


def _host_and_port(pattern: str) -> tuple[str, int | None]:
    if pattern.startswith("["):
        name, _, rest = pattern[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = pattern.partition(":")
    return name, int(port) if port.isascii() and port.isdigit() else None


def checked(data: bytes) -> Picture:
    """Make a picture of bytes, if they are a whole one.

    Completeness is what the containers themselves can prove: every checksum of a PNG, the end
    marker of a JPEG, the length of a WebP. Nothing is decoded: that would cost a hundred times
    as much, and the member's client does it anyway.

    Raises:
        MediaRejected: They are no PNG, JPEG or WebP, broken, cut short, or absurdly large.
    """
    found = _sniffed(data)
    if found is None:
        raise MediaRejected("no PNG, JPEG or WebP")
    if not _is_whole(data, found):
        raise MediaRejected(f"a {found} that is cut short")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=[found.value]) as image:
                width, height = image.size
                if found is Format.PNG:
                    image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaRejected(f"a {found} with too many pixels") from None
    except Exception as error:  # noqa: BLE001  # Pillow documents no list of what it raises
        raise MediaRejected(f"a broken {found} ({type(error).__name__})") from None
    if not 0 < width * height <= AREA_MAX_PX:
        raise MediaRejected(f"a {found} of {width}x{height} pixels")
    return Picture(data, found, Size(width, height))


def _sniffed(data: bytes) -> Format | None:
    if data.startswith(_PNG_START):
        return Format.PNG
    if data.startswith(_JPEG_START):
        return Format.JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    return None


def _is_whole(data: bytes, found: Format) -> bool:
    if found is Format.JPEG:
        return _JPEG_END in data[-_JPEG_TAIL_BYTES:]
    if found is Format.WEBP:
        return int.from_bytes(data[4:8], "little") + 8 <= len(data)
    return True


async def fetch(calls: Calls, hosts: Iterable[str], link: PictureLink) -> Picture:
    """Fetch one picture, trying again what may pass.

    Raises:
        ForeignHost: Its address, or where that leads, is on a host that may not be asked.
        MediaRejected: It is missing, broken or too large; that may change.
        TemporaryFailure: It could not be fetched now.
    """
    patterns = tuple(hosts)
    url = _permitted(link.url, patterns)
    pace = calls.pace
    failure: Upstream = TemporaryFailure("the picture was not asked for")
    for attempt in range(pace.tries):
        if attempt:
            await asyncio.sleep(pace.jitter(pace.repeat_first_s * 2 ** (attempt - 1)))
        try:
            return checked(await _followed(calls.media, url, patterns, pace))
        except _NotNow as error:
            raise MediaRejected(str(error)) from None
        except ForeignHost:
            raise
        except (MediaRejected, TemporaryFailure) as error:
            # Broken bytes may be what a failing network left of a picture.
            failure = error
    raise failure


def _permitted(url: str, hosts: Iterable[str]) -> httpx.URL:
    found = allowed(url, hosts)
    if found is None:
        raise ForeignHost(f"the picture lies on a host that may not be asked: {_host(url)}")
    return found


def _host(url: str) -> str:
    """Name a foreign host for whoever may put it on the list; nothing else of the address."""
    try:
        host = httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        return "no address"
    return plain(host[:100]) or "no host"


async def _followed(media: MediaClient, url: httpx.URL, hosts: Iterable[str], pace: Pace) -> bytes:
    """Fetch the bytes, from wherever the address leads within a few steps."""
    for _ in range(pace.hops + 1):
        try:
            return await _bytes(media, url, hosts, pace)
        except _Moved as moved:
            url = moved.url
    raise _NotNow(f"the picture is redirected more than {pace.hops} times")


async def _bytes(media: MediaClient, url: httpx.URL, hosts: Iterable[str], pace: Pace) -> bytes:
    try:
        async with (
            asyncio.timeout(pace.picture_s),
            media.get(_same(url), allow_redirects=False) as response,
        ):
            _check_status(response, url, hosts)
            return await _body(response, pace.picture_bytes_max)
    except TRANSPORT_FAILURES as error:
        raise TemporaryFailure(f"the picture did not arrive: {named(error)}") from None


def _same(url: httpx.URL) -> yarl.URL:
    """The checked address in the form of the library that fetches.

    Raises:
        _NotNow: The two libraries do not read it alike, so the check may not hold.
    """
    same = yarl.URL(str(url), encoded=True)
    port = url.port or (443 if url.scheme == "https" else 80)
    if (same.scheme, same.host, same.port) != (url.scheme, url.host, port):
        raise _NotNow("the picture's address can be read in two ways")
    return same


def _check_status(response: MediaResponse, url: httpx.URL, hosts: Iterable[str]) -> None:
    """Return only where the body is to be read."""
    status = response.status
    row = judge(Call.MEDIA, Answer(status, response.headers, b""))
    if row.proves is Proof.MADE:
        return
    if row.proves is Proof.MOVED:
        raise _Moved(_permitted(_target(response, url), hosts))
    if row.trouble is not None:
        raise TemporaryFailure(f"the picture's host answers {status}")
    if row.proves is Proof.MISSING:
        # A fresh file may not have reached every server yet.
        raise MediaRejected(f"the picture is not there ({status})")
    raise _NotNow(f"the picture's host answers {status}")


def _target(response: MediaResponse, url: httpx.URL) -> str:
    """Where a redirect leads, as an absolute address that is still to be checked."""
    location = response.headers.get("location", "")
    if not location or not location.isascii() or not location.isprintable():
        raise _NotNow(f"the picture's host answers {response.status} without an address")
    try:
        return location if "\\" in location else str(url.join(location))
    except (httpx.InvalidURL, ValueError):
        raise _NotNow(f"the picture's host answers {response.status} with no address") from None


async def _body(response: MediaResponse, bytes_max: int) -> bytes:
    declared = response.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > bytes_max:
        raise _NotNow(f"the picture weighs more than {bytes_max} bytes")
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > bytes_max:
            raise _NotNow(f"the picture weighs more than {bytes_max} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
