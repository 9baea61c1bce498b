"""The report's card: narrow tables, names that ping nobody, and an alt text that says it all."""

import re
from datetime import date, timedelta

import pytest

from bot.chat.moderation.usage.buttons import read_days
from bot.chat.moderation.usage.card import (
    SHEET_ID,
    TABLE_WIDTH_MAX,
    alt,
    sheet_card,
    usage_card,
)
from bot.core.errors import BadRequest
from bot.core.typed.ranges import Days
from bot.services.reporting.usage import Sheet, UsageReport
from bot.storage.usage import Figures, Report
from tests.chat.moderation.test_usage_chart import FIRST, HUGE, REPORTS, make_report
from tests.said import saying


def parts(view) -> list[dict]:
    waiting, found = list(view.to_components()), []
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        waiting += part.get("components", [])
    return found


def text_of(view) -> str:
    return "\n".join(part["content"] for part in parts(view) if part["type"] == 10)


def card(report: UsageReport, *, has_chart: bool = True):
    return usage_card(report, has_chart=has_chart)


BIG = make_report(
    31,
    days={
        ((FIRST + timedelta(days=n)).isoformat(), q): Figures(99_999, 399_999, 80_000 * 10**6)
        for n in range(31)
        for q in ("low", "medium", "high")
    },
    members={2**62 + n: Figures(99_999, 399_999, 10**12) for n in range(10)},
    members_in_all=123_456,
    outcomes=dict.fromkeys(("delivered", "content", "failed", "cancelled", "undelivered"), 10**7),
    refusals=dict.fromkeys(
        ("limit", "budget", "blocked", "words", "paused", "not_offered", "other"), 10**6
    ),
    open=Figures(100, 400, 10**9),
    rendered=7,
)
ALL = {**REPORTS, "big": BIG}


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_tables_fit_a_phone_and_the_card_fits_discord(report):
    view = card(report)
    text = text_of(view)
    inside = re.findall(r"```\n(.*?)\n```", text, re.DOTALL)
    assert inside
    assert all(len(line) <= TABLE_WIDTH_MAX for block in inside for line in block.splitlines())
    assert text.count("```") == 2 * len(inside)
    assert view.content_length() <= 4000
    assert len(text.encode()) < 10_000


@pytest.mark.parametrize("report", ALL.values(), ids=ALL)
def test_the_picture_has_an_alt_text_with_the_main_figures(report):
    [gallery] = [part for part in parts(card(report)) if part["type"] == 12]
    [item] = gallery["items"]
    assert item["media"]["url"] == "attachment://usage.png"
    assert item["description"] == alt(report)
    assert 20 < len(alt(report)) <= 1024
    assert "spent" in alt(report)


def test_the_alt_text_says_money_days_members_and_shares():
    report = make_report(
        7, outcomes={"delivered": 8, "content": 1, "failed": 1}, refusals={"limit": 10}
    )
    said = alt(report)
    assert "30 Jan - 5 Feb 2026: $0.084 spent (low $0.028, medium $0.035, high $0.021)" in said
    assert "The dearest day is 5 Feb with $0.021" in said
    assert "#1 $0.01, #2" in said
    assert (
        "Of 20 requests: 40% delivered, 5% content check, 5% failed, 50% refused at once." in said
    )


def test_without_its_picture_the_card_says_so_and_has_all_figures():
    with_chart, without = card(REPORTS["a week"]), card(REPORTS["a week"], has_chart=False)
    assert "could not be drawn" in text_of(without)
    assert not [part for part in parts(without) if part["type"] == 12]
    kept = [part["content"] for part in parts(with_chart) if part["type"] == 10]
    assert [line for line in kept if line in text_of(without)] == kept


def test_a_few_days_are_listed_and_of_many_the_largest():
    week, month = text_of(card(make_report(7))), text_of(card(make_report(31)))
    assert [day for day in ("30 Jan", "31 Jan", "1 Feb", "5 Feb") if f"\n{day} " in week]
    assert re.search(r"\*\*Largest days\*\*\n```\n.*\n1 Mar ", month)
    assert "\n30 Jan " not in month
    assert "day  " not in text_of(card(make_report(1)))


def test_members_are_named_and_the_others_summed():
    report = make_report(31)
    text = text_of(card(report))
    assert "**#1** <@0> · $0.01 · 3 pictures · 3 jobs" in text
    assert "**#8** <@7>" in text
    assert "others" not in text
    more = make_report(31, members_in_all=12)
    cost = more.total.microusd - sum(f.microusd for f in more.found.members.values())
    assert f"4 others · ${cost / 1e6:.2f} ·" in text_of(card(more))
    assert "(of 12)" in text_of(card(more))


def test_small_print_says_refusals_gifts_and_what_is_under_way():
    days = {(FIRST.isoformat(), "low"): Figures(1, 2, 30, 2, 20, 1, 10)}
    report = make_report(
        1, days=days, refusals={"words": 1, "limit": 3}, open=Figures(2, 2, 500_000), rendered=1
    )
    text = text_of(card(report))
    assert "Refused at once: over a member's limit 3, forbidden words 1" in text
    assert (
        "Charged to members: 2 pictures, $0.00002; gifts paid 1 picture and $0.00001 of it" in text
    )
    assert "Just now: 2 under way, holding $0.50; 1 being delivered" in text


def test_an_odd_zone_or_reason_formats_nothing():
    report = UsageReport(
        1, Days(FIRST, FIRST), "*A*/_B_@everyone", Report(refusals={"new_reason": 2})
    )
    text = text_of(card(report))
    assert "*A*" not in text.replace("\\*", "")
    assert "new_reason 2" in text


def named(custom_id: str) -> re.Match[str]:
    found = re.fullmatch(SHEET_ID, custom_id)
    assert found
    return found


def test_the_button_names_the_days_and_reads_them_again():
    [button] = [part for part in parts(card(make_report(7))) if part["type"] == 2]
    assert button["custom_id"] == "usage_csv:2026-01-30:2026-02-05"
    assert read_days(named(button["custom_id"])) == Days(date(2026, 1, 30), date(2026, 2, 5))
    for first, last in (("2026-02-30", "2026-03-01"), ("0001-01-01", "9999-12-31"),
                        ("2026-03-02", "2026-03-01")):  # fmt: skip
        with pytest.raises(BadRequest, check=saying("Ask for the usage again")):
            read_days(named(f"usage_csv:{first}:{last}"))


def test_a_file_is_shown_by_its_name():
    view = sheet_card(Days(FIRST, FIRST), Sheet("usage-1-2026-01-30-2026-01-30.csv", b""))
    [file] = [part for part in parts(view) if part["type"] == 13]
    assert file["file"]["url"] == "attachment://usage-1-2026-01-30-2026-01-30.csv"


def test_very_large_amounts_lose_their_cents_in_the_table_only():
    report = make_report(1, days={(FIRST.isoformat(), "low"): Figures(1, 1, HUGE + 10_000)})
    assert re.search(r"total .* \$1000000000\n", text_of(card(report)))
