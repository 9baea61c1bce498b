"""Reads a multipart body in one pass over the bytes, so that large pictures cost little."""

import json
import re
from typing import Any

from standins.discord.errors import bad_form
from standins.discord.model import Upload
from standins.discord.shapes import as_object, as_objects

_NAME = re.compile(rb'\bname="([^"]*)"')
_FILENAME = re.compile(rb'\bfilename="([^"]*)"')
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_FILE_PART = re.compile(r"files\[(\d+)\]\Z")


def read_multipart(content_type: str, raw: bytes) -> tuple[dict[str, Any], list[Upload]]:
    """Split a body into its `payload_json` and its files, in the order of their numbers.

    Raises:
        ApiError: 400 for a body that is not what Discord asks for.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise bad_form("multipart without a boundary")
    body: dict[str, Any] = {}
    numbered: dict[int, Upload] = {}
    for header, start, end in _parts(raw, b"--" + found.group(1).encode()):
        name_found = _NAME.search(header)
        name = name_found.group(1).decode() if name_found else ""
        if name == "payload_json":
            body = json.loads(raw[start:end])
            continue
        number, filename = _FILE_PART.match(name), _FILENAME.search(header)
        if number is None or filename is None:
            raise bad_form(f"part {name!r}: files are called files[n] and have a filename")
        numbered[int(number.group(1))] = Upload(filename.group(1).decode(), raw[start:end])
    files = [numbered[index] for index in sorted(numbered)]
    _describe(body, files)
    return body, files


def _parts(raw: bytes, delimiter: bytes) -> list[tuple[bytes, int, int]]:
    """Header, start and end of every part; `find` runs over the bytes once."""
    parts: list[tuple[bytes, int, int]] = []
    position = raw.find(delimiter)
    while position >= 0:
        position += len(delimiter)
        if raw[position : position + 2] == b"--":
            return parts
        header_end = raw.find(b"\r\n\r\n", position)
        following = raw.find(b"\r\n" + delimiter, header_end)
        if header_end < 0 or following < 0:
            break
        parts.append((raw[position:header_end], header_end + 4, following))
        position = following + 2
    raise bad_form("multipart body ends too early")


def _describe(body: dict[str, Any], files: list[Upload]) -> None:
    """Give each file the name and the alt text that the list of attachments has for it."""
    data = as_object(body.get("data"))
    listed = as_objects(body.get("attachments")) or as_objects(data.get("attachments"))
    for item in listed:
        identity = str(item.get("id"))
        if identity.isdecimal() and int(identity) < len(files):
            file = files[int(identity)]
            file.description = item.get("description")
            file.filename = item.get("filename") or file.filename
