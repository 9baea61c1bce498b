"""Makes a picture file heavier without another pixel, by data that decoders skip.

Benchmarks need pictures that weigh what real ones weigh; noise would cost drawing and encoding
time. The file stays legal: PNG gets a private ancillary chunk, JPEG comment segments, WebP an XMP
chunk in the extended form of its container.
"""

import struct
import zlib

from bot.core.models.options import Format, Size

_PNG_END = b"\x00\x00\x00\x00IEND\xae\x42\x60\x82"
_SEGMENT_MAX = 65_533
_XMP_FLAG = 0x04


def padded(data: bytes, picture_format: Format, size: Size, bytes_min: int) -> bytes:
    """Pad a picture file to at least a number of bytes; larger files stay as they are."""
    lacking = bytes_min - len(data)
    if lacking <= 0:
        return data
    if picture_format is Format.PNG:
        return _padded_png(data, lacking)
    if picture_format is Format.JPEG:
        return _padded_jpeg(data, lacking)
    return _padded_webp(data, size, lacking)


def _padded_png(data: bytes, lacking: int) -> bytes:
    """Insert a chunk `paDd` before the end; its letters say ancillary, private, safe to copy."""
    head = data.removesuffix(_PNG_END)
    body = b"paDd" + b" " * lacking
    chunk = struct.pack(">I", lacking) + body + struct.pack(">I", zlib.crc32(body))
    return head + chunk + _PNG_END


def _padded_jpeg(data: bytes, lacking: int) -> bytes:
    """Insert comment segments behind the first application segment."""
    first_end = 4 + struct.unpack(">H", data[4:6])[0]
    segments: list[bytes] = []
    while lacking > 0:
        length = min(lacking, _SEGMENT_MAX)
        segments.append(b"\xff\xfe" + struct.pack(">H", length + 2) + b" " * length)
        lacking -= length
    return data[:first_end] + b"".join(segments) + data[first_end:]


def _padded_webp(data: bytes, size: Size, lacking: int) -> bytes:
    """Turn the simple form, one VP8 chunk, into the extended one with metadata."""
    if data[12:16] == b"VP8X":
        raise ValueError("only the simple form of WebP is padded")
    sides = (size.width - 1).to_bytes(3, "little") + (size.height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + bytes([_XMP_FLAG, 0, 0, 0]) + sides
    length = lacking + lacking % 2
    metadata = b"XMP " + struct.pack("<I", length) + b" " * length
    chunks = b"WEBP" + extended + data[12:] + metadata
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks
