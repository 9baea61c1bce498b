"""What stands in a chart: figures and finished labels, as they go to the process that draws.

Labels are plain ASCII with middle dots, because that is what the font has; people are numbers here
and names in the table below the picture.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

BARS_MAX = 400
PARTS_MAX = 3
ROWS_MAX = 12
TICKS_MAX = 12
LABEL_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class Bar:
    """A day, week or month: micro-dollars by quality, the lowest quality first."""

    label: str
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line with an amount, and what is written beside it."""

    label: str
    amount: int
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One chart.

    Attributes:
        ticks: Lines of the scale: where, in micro-dollars, and what stands there.
        legend: The names of the parts of each bar.
        members: Those who cost the most; the last one may be the others together.
        shares: How requests ended, in the order of the colours.
    """

    title: str
    total: str
    range: str
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[int, str], ...]
    legend: tuple[str, ...]
    members_title: str
    members: tuple[Row, ...]
    shares_title: str
    shares: tuple[Row, ...]


def written(plan: Plan) -> bytes:
    """Write a plan as JSON."""
    return json.dumps(asdict(plan)).encode()


def read(data: bytes) -> Plan:
    """Read what `written` wrote.

    Raises:
        ValueError: It is anything else.
    """
    given = json.loads(data)
    if not isinstance(given, dict):
        raise ValueError("a plan is an object")  # noqa: TRY004 - all that is wrong is one error
    try:
        return _plan(given)
    except (KeyError, TypeError) as error:
        raise ValueError("a plan lacks something") from error


def _plan(given: Any) -> Plan:  # noqa: ANN401 - raw JSON
    return Plan(
        title=_label(given["title"]),
        total=_label(given["total"]),
        range=_label(given["range"]),
        bars=tuple(
            Bar(
                _label(bar["label"]), tuple(_amount(part) for part in _few(bar["parts"], PARTS_MAX))
            )
            for bar in _few(given["bars"], BARS_MAX)
        ),
        ticks=tuple((_amount(at), _label(text)) for at, text in _few(given["ticks"], TICKS_MAX)),
        legend=tuple(_label(text) for text in _few(given["legend"], PARTS_MAX)),
        members_title=_label(given["members_title"]),
        members=_rows(given["members"]),
        shares_title=_label(given["shares_title"]),
        shares=_rows(given["shares"]),
    )


def _rows(given: Any) -> tuple[Row, ...]:  # noqa: ANN401 - raw JSON
    return tuple(
        Row(_label(row["label"]), _amount(row["amount"]), _label(row["text"]))
        for row in _few(given, ROWS_MAX)
    )


def _few(given: Any, most: int) -> list[Any]:  # noqa: ANN401 - raw JSON
    if not isinstance(given, list) or len(given) > most:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError(f"a plan has at most {most} of this")
    return given  # pyright: ignore[reportUnknownVariableType]


def _amount(given: Any) -> int:  # noqa: ANN401 - raw JSON
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given < 2**63:
        raise ValueError("an amount is a number of 64 bits, not below 0")
    return given


def _label(given: Any) -> str:  # noqa: ANN401 - raw JSON
    if not isinstance(given, str) or len(given) > LABEL_CHARS_MAX:
        raise ValueError(f"a label is a text of at most {LABEL_CHARS_MAX} characters")
    return given
