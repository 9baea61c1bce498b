from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.chat.moderation.exports.card import REQUEST_BYTES_MAX, export_card, grouped
from bot.core.typed.ranges import Days
from bot.services.reporting.exports import PARTS_MAX, Export, Scope, What
from tests.chat.imagine.test_cards import assert_discord_takes, components, texts

MONTH = Days(date(2026, 3, 1), date(2026, 3, 31))
FILE = 13


def export(parts: int = 1, *, packed: bool = False, days: Days | None = MONTH, **changes) -> Export:
    scope = Scope(1, What.AUDIT, days, ZoneInfo("Europe/Berlin"))
    names = [f"audit-part{number}.csv{'.gz' if packed else ''}" for number in range(1, parts + 1)]
    given = {"rows": 1234, "parts": [Path("/somewhere") / name for name in names], **changes}
    return Export(scope, **given)


def shown(made: Export, number: int = 1, count: int = 1) -> str:
    view = export_card(made, made.parts, number, count)
    assert_discord_takes(view)
    files = [one["file"]["url"] for one in components(view) if one["type"] == FILE]
    assert files == [f"attachment://{part.name}" for part in made.parts]
    return "\n".join(texts(view))


def test_a_card_tells_the_range_its_zone_the_rows_and_the_packing():
    assert shown(export()) == ("**Audit** · 2026-03-01 to 2026-03-31, in Europe/Berlin\n1,234 rows")
    day = Days(MONTH.first, MONTH.first)
    assert shown(export(days=day, rows=1)).endswith("· 2026-03-01, in Europe/Berlin\n1 row")
    assert shown(export(packed=True, days=None)) == (
        "**Audit** · everything\n1,234 rows, packed with gzip"
    )
    assert "in 10 parts, each a whole table" in shown(export(PARTS_MAX, packed=True))
    assert "message 2 of 3" in shown(export(), 2, 3)
    assert shown(export(0, rows=0)).endswith("There is nothing in that range.")


def test_a_cut_export_says_what_to_ask_for_next():
    text = shown(export(PARTS_MAX, packed=True, is_cut=True, next_day=date(2026, 3, 20)))
    assert "later rows are missing" in text
    assert "`from: 2026-03-20` and `to: 2026-03-31`" in text
    open_end = shown(export(PARTS_MAX, days=None, is_cut=True, next_day=date(2026, 3, 20)))
    assert "starts `from: 2026-03-20`;" in open_end
    assert "A single day fills it" in shown(export(PARTS_MAX, is_cut=True))


def test_files_are_spread_over_messages_so_that_no_request_is_too_large(tmp_path):
    sizes = (10, 10, REQUEST_BYTES_MAX - 20, 1, REQUEST_BYTES_MAX, REQUEST_BYTES_MAX - 1, 1)
    parts = []
    for number, size in enumerate(sizes):
        parts.append(tmp_path / str(number))
        with parts[-1].open("wb") as file:
            file.truncate(size)

    names = [[part.name for part in group] for group in grouped(parts)]
    assert names == [["0", "1", "2"], ["3"], ["4"], ["5", "6"]]
    assert grouped([]) == []
