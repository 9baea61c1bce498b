"""What goes over the wire to fal and back: payloads, addresses and the parsing of answers.

Pure: no call is made here. Whatever JSON comes in, parsing returns None or raises `Garbled`,
never anything else. Shapes are those of fal's queue reference (`Q-*` in the project's notes).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from bot.core.jobs import Phase, PictureLink, Progress, Rendering, Ticket
from bot.core.models.model import SizeForm
from bot.core.models.registry import model_of
from bot.core.money import MICROUSD_PER_USD, microusd_from_decimal
from bot.services.ports import Order

JsonObject = dict[str, object]

UNITS_HEADER = "x-fal-billable-units"
KEEP_FILES_S = 30 * 24 * 3600
"""How long fal keeps the picture files: as long as it keeps the request's JSON. Without a wish
they may stay public for ever under an address that nobody else knows."""
START_WITHIN_S = 3600
"""A request that has not begun by then is not wanted any more; fal ends it with an unbilled 504,
even while the bot is down."""

_PHASES = {
    "IN_QUEUE": Phase.WAITING,
    "IN_PROGRESS": Phase.RUNNING,
    "COMPLETED": Phase.ENDED,
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_PATH = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*")
_UNITS = re.compile(r"\d{1,12}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_URL_MAX_CHARS = 2048
_POSITION_MAX = 10**9
_LINKS_MAX = 10
"""As many files as a message of Discord's takes; more pictures than asked for are kept."""
_SIDE_MAX_PX = 100_000


class Garbled(Exception):
    """fal, or something in between, sent what nobody can read. Never leaves this room."""


@dataclass(frozen=True)
class Answer:
    """An answer, read to its end.

    Attributes:
        headers: Looked up without regard to case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether the status is any 2xx."""
        return 200 <= self.status < 300

    def object(self) -> JsonObject | None:
        """The body as a JSON object, None where it is none; for reading only."""
        return self._object

    @cached_property
    def _object(self) -> JsonObject | None:
        # Every answer is looked at for a dozen marks.
        return parse_object(self.body)


def parse_object(body: bytes) -> JsonObject | None:
    """Read a JSON object, or return None for anything else."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("JsonObject", value) if isinstance(value, dict) else None


def objects(value: object) -> list[JsonObject]:
    """Pick the objects out of what should be a list of objects."""
    if not isinstance(value, list):
        return []
    return [
        cast("JsonObject", entry)
        for entry in cast("list[object]", value)
        if isinstance(entry, dict)
    ]


def text_of(value: object) -> str:
    """The text, or the empty text for anything that is none."""
    return value if isinstance(value, str) else ""


def is_request_id(text: str) -> bool:
    """Whether a text is an id that cannot play tricks with a path."""
    return _REQUEST_ID.fullmatch(text) is not None


def order_input(order: Order) -> JsonObject:
    """The model's input: its own fields and nothing else, without a wrapper."""
    fields = model_of(order.model).fields
    size = {"width": order.size.width, "height": order.size.height}
    known = (
        (fields.prompt, order.prompt),
        (fields.size, size if fields.size_form is SizeForm.OBJECT else str(order.size)),
        (fields.quality, fields.qualities.get(order.quality, str(order.quality))),
        (fields.count, order.count),
        (fields.format, order.format.value),
        (fields.inputs, list(order.inputs)),
    )
    return {**{name: value for name, value in known if name is not None}, **fields.constants}


def payload(order: Order) -> bytes:
    """Write the body of a submit. Escaped to ASCII, so that a lone surrogate cannot break it."""
    return json.dumps(order_input(order), separators=(",", ":")).encode("ascii")


def submit_headers(job_id: str) -> dict[str, str]:
    """The headers of a submit, beyond the key.

    - `X-Fal-No-Retry` is not sent. fal repeats a run (up to 10 times) only after 503, 504 or a
      lost runner; it bills the one answer that the request ends with and never a 5xx, so its
      retries cost time, not money, and without them members would see failures that pass.
    - `X-Fal-Tags` is in fal's own clients by now; the gateway drops what it does not like. It
      names our job in the bill of accounts with tagged reports, and can do no harm elsewhere.
    - The start limit goes under both of its names: fal's newest page knows the first, its
      clients and its end-to-end test the second, and sending both is safe.
    - Another model than the one asked for has another price; so fal may not fall back to one.
    - The start limit and the files' lifetime are explained at their constants.
    """
    return {
        "Content-Type": "application/json",
        "X-Fal-Request-Start-Timeout": str(START_WITHIN_S),
        "X-Fal-Request-Timeout": str(START_WITHIN_S),
        "x-app-fal-disable-fallback": "true",
        "X-Fal-Object-Lifecycle-Preference": f'{{"expiration_duration_seconds":{KEEP_FILES_S}}}',
        "X-Fal-Tags": f"job={re.sub(r'[^A-Za-z0-9._-]', '', job_id)[:128]}",
    }


class Addresses:
    """Where a model's calls go; the only source of addresses that the key is sent to."""

    def __init__(self, queue_url: str) -> None:
        self.base = queue_url.rstrip("/")

    def submit_url(self, model: str) -> str:
        """Where a model is asked."""
        return f"{self.base}/{model.strip('/')}"

    def _app_url(self, model: str) -> str:
        # Only submit carries a subpath: the rest lives under owner and app.
        return f"{self.base}/{'/'.join(model.strip('/').split('/')[:2])}"

    def ticket(self, request_id: str, told: Mapping[str, object], model: str) -> Ticket | None:
        """Make a ticket of an id and of the addresses that came with it.

        An address that is missing, or not plainly below the configured queue, is rebuilt from
        the id: the key goes nowhere else.

        Returns:
            None where the id itself is not one, so that it cannot play tricks with a path.
        """
        if not is_request_id(request_id):
            return None
        own = f"{self._app_url(model)}/requests/{request_id}"

        def checked(name: str, rebuilt: str) -> str:
            url = told.get(name)
            return url if isinstance(url, str) and self._owns(url, request_id) else rebuilt

        return Ticket(
            request_id=request_id,
            status_url=checked("status_url", f"{own}/status"),
            response_url=checked("response_url", own),
            cancel_url=checked("cancel_url", f"{own}/cancel"),
            model=model,
        )

    def trusted(self, ticket: Ticket) -> Ticket | None:
        """Check a ticket again that comes from storage; the settings may have changed since."""
        return self.ticket(
            ticket.request_id,
            {
                "status_url": ticket.status_url,
                "response_url": ticket.response_url,
                "cancel_url": ticket.cancel_url,
            },
            ticket.model,
        )

    def _owns(self, url: str, request_id: str) -> bool:
        # Compared as text, not parsed: what begins with our base and a slash has our scheme,
        # host and port for every parser, and the rest may hold neither `?#%\@` nor dot segments.
        if not url.startswith(f"{self.base}/") or len(url) > _URL_MAX_CHARS:
            return False
        path = url.removeprefix(f"{self.base}/")
        parts = path.split("/")
        return bool(_PATH.fullmatch(path)) and ".." not in parts and request_id in parts


def submitted_ticket(addresses: Addresses, answer: Answer, model: str) -> Ticket | None:
    """Read the answer to a submit; None where no usable request id is in it."""
    told = answer.object() or {}
    return addresses.ticket(text_of(told.get("request_id")), told, model)


def progress_from(body: bytes) -> Progress | None:
    """Read a status answer or event.

    Returns:
        None where fal uses a word that we do not know: that is no news, and no fault.

    Raises:
        Garbled: It is no JSON object with a status.
    """
    told = parse_object(body)
    status = told.get("status") if told is not None else None
    if told is None or not isinstance(status, str):
        raise Garbled("a status without a status")
    phase = _PHASES.get(status)
    if phase is None:
        return None
    return Progress(phase, _position(told) if phase is Phase.WAITING else None)


def _position(told: JsonObject) -> int | None:
    position = told.get("queue_position")
    if isinstance(position, bool) or not isinstance(position, int):
        return None
    return position if 0 <= position <= _POSITION_MAX else None


def billed_microusd(headers: Mapping[str, str], model: str) -> int | None:
    """Read what fal bills: units at the model's price of one, rounded up.

    None is unknown, which is not the same as zero.
    """
    text = headers.get(UNITS_HEADER, "").strip()
    # The form is checked first: `Decimal` also takes exponents that overflow.
    units = microusd_from_decimal(text) if _UNITS.fullmatch(text) else None
    if units is None:
        return None
    # Millionths of a unit times what a unit costs.
    return -(-units * model_of(model).unit_microusd // MICROUSD_PER_USD)


def rendering_from(answer: Answer, model: str) -> Rendering:
    """Read the result of a request that succeeded; picture addresses are not judged here.

    Raises:
        Garbled: There is no picture in it.
    """
    told = answer.object() or {}
    links = links_in(told)
    if not links:
        raise Garbled("a result without pictures")
    # Whatever stands in the list was made and is billed, with or without a way to fetch it.
    nameless = len(cast("list[object]", told["images"])) - len(links[:_LINKS_MAX])
    return Rendering(tuple(links[:_LINKS_MAX]), billed_microusd(answer.headers, model), nameless)


def links_in(told: JsonObject) -> list[PictureLink]:
    """The pictures of a result that have a usable address."""
    entries = objects(told.get("images"))
    return [link for link in map(_picture_link, entries) if link is not None]


def _picture_link(entry: JsonObject) -> PictureLink | None:
    url = entry.get("url")
    if not isinstance(url, str) or not 0 < len(url) <= _URL_MAX_CHARS:
        return None
    content_type = text_of(entry.get("content_type"))[:100]
    return PictureLink(url, content_type, _side(entry.get("width")), _side(entry.get("height")))


def _side(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 < value <= _SIDE_MAX_PX else 0


class EventReader:
    """Cuts a `text/event-stream` into the data of its events; comments and names are skipped.

    Attributes:
        bytes_max: How much of an unfinished event is kept before the stream is given up.
    """

    _LINE_END = re.compile(rb"\r\n|\n|\r")

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self._rest = b""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._is_after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take bytes as they come and return the data of the events that they complete.

        Raises:
            Garbled: An event is larger than `bytes_max`.
        """
        if self._is_after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._is_after_cr = chunk.endswith(b"\r")
        *lines, self._rest = self._LINE_END.split(self._rest + chunk)
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
                self._data_bytes += len(line)
            elif not line and self._data:
                events.append(b"\n".join(self._data))
                self._data, self._data_bytes = [], 0
            if self._data_bytes > self.bytes_max:
                break
        if self._data_bytes + len(self._rest) > self.bytes_max:
            raise Garbled("an event without an end")
        return events
