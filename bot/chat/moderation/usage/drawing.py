"""Draws one chart and ends: a plan as JSON on standard input, a PNG on standard output.

It runs in a process of its own (`chart.py` starts it), so that neither its time nor its memory is
the bot's. The card is opaque and dark, which reads alike in Discord's dark and light themes. It is
seen at a third of its size on a phone, hence the large letters. The colours stay apart for all
common kinds of colour blindness (differences of 20 and more in CIELAB under Machado's simulation).
"""

import io
import os
import sys

from PIL import Image, ImageDraw, ImageFont

from bot.chat.moderation.usage.chart_plan import Plan, Row, read

WIDTH = 1200
INPUT_BYTES_MAX = 200_000

_MARGIN = 48
_RIGHT = WIDTH - _MARGIN
_GROUND = "#232428"
_LINE = "#3f4147"
_TEXT = "#f2f3f5"
_SMALL_TEXT = "#b5bac1"
_PARTS = ("#3a8dde", "#e69f00", "#f7edd0")
_MEMBER, _OTHERS = "#56b4e9", "#80848e"
_SHARES = ("#56b4e9", "#d55e00", "#cc79a7", "#d5d8dd", "#0072b2", "#f0e442")

_TITLE_PX, _LABEL_PX = 42, 32
_PLOT_HEIGHT = 400
_ROW_HEIGHT = 56
_BAR_WIDTH_MAX = 150
_LABEL_GAP = 26
_STEP_IF_CROWDED = 30
_NICENESS = 10
"""The bot itself answers first."""

Font = ImageFont.FreeTypeFont


class _Sheet:
    """A picture under construction; `y` is where the next thing goes."""

    def __init__(self, height: int) -> None:
        self.image = Image.new("RGB", (WIDTH, height), _GROUND)
        self.pen = ImageDraw.Draw(self.image)
        self.large, self.small = _font(_TITLE_PX), _font(_LABEL_PX)
        self.y = _MARGIN

    def text(
        self, x: float, y: float, text: str, *, anchor: str = "lm", large: bool = False
    ) -> None:
        """Write text; `anchor` as Pillow names it, here mostly with the middle at `y`."""
        font, colour = (self.large, _TEXT) if large else (self.small, _SMALL_TEXT)
        self.pen.text((x, y), text, font=font, fill=colour, anchor=anchor)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """Fill a rectangle that is at least a pixel wide and high."""
        left, top = round(x), round(y)
        right, bottom = max(left + 1, round(x + width)), max(top + 1, round(y + height))
        self.pen.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def heading(self, left: str, right: str = "") -> None:
        """Begin a part of the chart."""
        self.text(_MARGIN, self.y + 24, left, large=True)
        self.text(_RIGHT, self.y + 24, right, anchor="rm", large=True)
        self.y += 64

    def wide(self, text: str) -> float:
        """How wide a label is."""
        return self.small.getlength(text)


def draw(plan: Plan) -> bytes:
    """Draw a chart as PNG."""
    sheet = _Sheet(3000)
    _draw_bars(sheet, plan)
    _draw_members(sheet, plan)
    _draw_shares(sheet, plan)
    file = io.BytesIO()
    sheet.image.crop((0, 0, WIDTH, sheet.y + _MARGIN - 16)).save(file, "PNG")
    return file.getvalue()


def _font(size: int) -> Font:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow has no FreeType")  # noqa: TRY004 - a lack, not a type
    return font


def _draw_bars(sheet: _Sheet, plan: Plan) -> None:
    sheet.heading(plan.title, plan.total)
    sheet.text(_MARGIN, sheet.y + 8, plan.range)
    _draw_legend(sheet, plan)
    sheet.y += 64
    top, bottom = sheet.y, sheet.y + _PLOT_HEIGHT
    left = _MARGIN + max((sheet.wide(text) for _, text in plan.ticks), default=0) + 20
    highest = max([sum(bar.parts) for bar in plan.bars] + [at for at, _ in plan.ticks] + [1])
    for at, text in plan.ticks:
        y = bottom - _PLOT_HEIGHT * at / highest
        sheet.box(left, y - 1, _RIGHT - left, 2, _LINE)
        sheet.text(left - 14, y, text, anchor="rm")
    slot = (_RIGHT - left) / max(1, len(plan.bars))
    width = min(_BAR_WIDTH_MAX, max(1, slot * 0.78))
    for number, bar in enumerate(plan.bars):
        x, y = left + slot * (number + 0.5) - width / 2, float(bottom)
        for part, colour in zip(bar.parts, _PARTS, strict=False):
            if part:
                # What there is can be seen, however small it is beside the highest.
                height = max(3.0, _PLOT_HEIGHT * part / highest)
                y = max(float(top), y - height)
                sheet.box(x, y, width, height - (2 if height > 6 else 0), colour)
    sheet.box(left, bottom - 1, _RIGHT - left, 2, _SMALL_TEXT)
    _label_bars(sheet, plan, left, slot)
    if not any(sum(bar.parts) for bar in plan.bars):
        middle = ((left + _RIGHT) / 2, (top + bottom) / 2)
        sheet.text(*middle, "nothing was spent", anchor="mm")
    sheet.y = bottom + 90


def _draw_legend(sheet: _Sheet, plan: Plan) -> None:
    x = float(_RIGHT)
    for name, colour in reversed(list(zip(plan.legend, _PARTS, strict=False))):
        x -= sheet.wide(name)
        sheet.text(x, sheet.y + 8, name)
        x -= 40
        sheet.box(x, sheet.y - 6, 28, 28, colour)
        x -= 32


def _label_bars(sheet: _Sheet, plan: Plan, left: float, slot: float) -> None:
    """Write as many labels as there is room for, at equal distances, from the first one on."""
    widest = max((sheet.wide(bar.label) for bar in plan.bars), default=0)
    step = (
        max(1, -(-int(widest + _LABEL_GAP) // max(1, int(slot)))) if slot >= 1 else _STEP_IF_CROWDED
    )
    for number in range(0, len(plan.bars), step):
        text = plan.bars[number].label
        x, half = left + slot * (number + 0.5), sheet.wide(text) / 2
        x = min(max(x, left + half - slot / 2), _RIGHT - half)
        sheet.text(x, sheet.y + _PLOT_HEIGHT + 30, text, anchor="mm")


def _draw_members(sheet: _Sheet, plan: Plan) -> None:
    sheet.heading(plan.members_title)
    left = _MARGIN + max((sheet.wide(row.label) for row in plan.members), default=0) + 24
    beside = max((sheet.wide(row.text) for row in plan.members), default=0) + 24
    room = _RIGHT - left - beside
    highest = max((row.amount for row in plan.members), default=0)
    for row in plan.members:
        middle = sheet.y + _ROW_HEIGHT / 2
        sheet.text(_MARGIN, middle, row.label)
        length = room * row.amount / highest if highest else 0.0
        colour = _MEMBER if row.label.startswith("#") else _OTHERS
        if row.amount:
            sheet.box(left, middle - 18, max(3.0, length), 36, colour)
        sheet.text(left + length + 18, middle, row.text)
        sheet.y += _ROW_HEIGHT
    if not plan.members:
        sheet.text(_MARGIN, sheet.y + _ROW_HEIGHT / 2, "nobody")
        sheet.y += _ROW_HEIGHT
    sheet.y += 40


def _draw_shares(sheet: _Sheet, plan: Plan) -> None:
    sheet.heading(plan.shares_title)
    _draw_whole(sheet, plan.shares)
    sheet.y += 76
    column = (_RIGHT - _MARGIN) / 2
    for number, (row, colour) in enumerate(zip(plan.shares, _SHARES, strict=False)):
        x, y = _MARGIN + column * (number % 2), sheet.y + 46 * (number // 2)
        sheet.box(x, y, 28, 28, colour)
        sheet.text(x + 42, y + 14, row.label)
        sheet.text(x + column - (24 if number % 2 == 0 else 0), y + 14, row.text, anchor="rm")
    sheet.y += 46 * -(-len(plan.shares) // 2)


def _draw_whole(sheet: _Sheet, rows: tuple[Row, ...]) -> None:
    """One bar that is cut into shares; what is rare is still seen."""
    whole = sum(row.amount for row in rows)
    if not whole:
        sheet.box(_MARGIN, sheet.y, _RIGHT - _MARGIN, 52, _LINE)
        return
    few = [row.amount for row in rows if row.amount]
    room = _RIGHT - _MARGIN - 6 * len(few)
    x = float(_MARGIN)
    for row, colour in zip(rows, _SHARES, strict=False):
        if row.amount:
            length = 6 + room * row.amount / whole
            sheet.box(x, sheet.y, length - 2, 52, colour)
            x += length


def main() -> int:
    """Draw what standard input asks for; 2 where that is no plan."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    data = sys.stdin.buffer.read(INPUT_BYTES_MAX + 1)
    try:
        if len(data) > INPUT_BYTES_MAX:
            raise ValueError("a plan is shorter")  # noqa: TRY301 - one way out
        plan = read(data)
    except ValueError as error:
        sys.stderr.write(f"no plan: {error}\n")
        return 2
    sys.stdout.buffer.write(draw(plan))
    return 0


if __name__ == "__main__":
    sys.exit(main())
