"""Make a picture fit Discord's file limit: re-encoded at the best quality that fits, never dropped.

The work is heavy and is done in a thread.
"""

import asyncio
from io import BytesIO

from PIL import Image

from bot.chat.imagine.cards import Attached
from bot.core.jobs import Job, Picture
from bot.core.models.options import Format

REQUEST_LIMIT_BYTES = 25 * 1024 * 1024
"""Discord's documented maximum of a whole request that creates a message."""

_OVERHEAD_BYTES = 64 * 1024
_QUALITIES = (95, 90, 85, 80, 70, 60, 50, 40)
_SHRINKS = (1.0, 0.75, 0.5, 0.25, 0.125)


async def attach(job: Job, pictures: list[Picture], file_limit_bytes: int) -> list[Attached]:
    """Turn pictures into files that one message can carry.

    Args:
        job: Names the files.
        pictures: In fal's order.
        file_limit_bytes: Discord's limit for one file.
    """
    share = (REQUEST_LIMIT_BYTES - _OVERHEAD_BYTES) // len(pictures)
    if sum(len(picture.data) for picture in pictures) <= REQUEST_LIMIT_BYTES - _OVERHEAD_BYTES:
        share = REQUEST_LIMIT_BYTES
    limit = min(file_limit_bytes, share)
    attached: list[Attached] = []
    for number, picture in enumerate(pictures, 1):
        name = f"imagine-{job.id}-{number}"
        if len(picture.data) <= limit:
            note = _format_note(job.format, picture.format)
            filename = f"{name}.{picture.format}"
            attached.append(Attached(filename, picture.data, picture.format, note))
        else:
            attached.append(await asyncio.to_thread(_shrink, picture, name, limit))
    return attached


def _format_note(asked: Format, sent: Format) -> str | None:
    if asked is sent:
        return None
    return f"fal sent {_shown(sent)} instead of {_shown(asked)}."


def _shown(file_format: Format) -> str:
    return {Format.PNG: "PNG", Format.JPEG: "JPEG", Format.WEBP: "WebP"}[file_format]


def _shrink(picture: Picture, name: str, limit_bytes: int) -> Attached:
    """Encode again, as WebP (or JPEG where fal sent one), smaller and smaller until it fits."""
    target = Format.JPEG if picture.format is Format.JPEG else Format.WEBP
    with Image.open(BytesIO(picture.data)) as image:
        source = image.convert("RGB" if target is Format.JPEG else _webp_mode(image))
    encoded, note = b"", ""
    for shrink in _SHRINKS:
        size = (max(1, int(source.width * shrink)), max(1, int(source.height * shrink)))
        scaled = source if shrink == 1.0 else source.resize(size)  # pyright: ignore[reportUnknownMemberType]
        for quality in _QUALITIES:
            encoded = _encode(scaled, target, quality)
            if len(encoded) <= limit_bytes:
                note = f"quality {quality}" + ("" if shrink == 1.0 else f", {size[0]}×{size[1]}")
                break
        if note:
            break
    limit = f"{limit_bytes / 1024 / 1024:.3g} MiB"
    text = f"Sent as {_shown(target)} ({note}): the {_shown(picture.format)} was over {limit}."
    return Attached(f"{name}.{target}", encoded, target, text)


def _webp_mode(image: Image.Image) -> str:
    return "RGBA" if "A" in image.getbands() else "RGB"


def _encode(image: Image.Image, target: Format, quality: int) -> bytes:
    out = BytesIO()
    if target is Format.JPEG:
        image.save(out, "JPEG", quality=quality, optimize=True)
    else:
        image.save(out, "WEBP", quality=quality, method=2)
    return out.getvalue()
