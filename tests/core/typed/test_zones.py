"""Time zones as people name them."""

import pytest

from bot.core.errors import BadRequest
from bot.core.typed.zones import find_zone
from tests.said import sentence_of

KNOWN = {
    "UTC",
    "CET",
    "Etc/GMT+5",
    "Etc/GMT-5",
    "Europe/Berlin",
    "Europe/Istanbul",
    "Europe/Zurich",
    "Asia/Istanbul",
    "Asia/Tokyo",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Port-au-Prince",
    "America/Buenos_Aires",
    "America/Argentina/Buenos_Aires",
}


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        (" BERLIN ", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("New_York", "America/New_York"),
        ("São Paulo", "America/Sao_Paulo"),
        ("zürich", "Europe/Zurich"),
        ("port au prince", "America/Port-au-Prince"),
        ("buenos aires", "America/Argentina/Buenos_Aires"),
        ("utc", "UTC"),
        ("cet", "CET"),
        ("etc/gmt+5", "Etc/GMT+5"),
        ("Etc/GMT-5", "Etc/GMT-5"),
    ],
)
def test_a_zone_is_found_by_its_name_or_its_city(typed, zone):
    assert find_zone(typed, KNOWN) == zone


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Berln", "Did you mean `Europe/Berlin`?"),
        ("Tokio", "Did you mean `Asia/Tokyo`?"),
        ("istanbul", "may be `Asia/Istanbul` or `Europe/Istanbul`; type the whole name"),
        ("UTC+2", "does not know when summer time begins"),
        ("gmt -05:30", "does not know when summer time begins"),
        ("+2", "does not know when summer time begins"),
        ("Germany", "Type a large city in it"),
        ("", "“Nothing” is no time zone"),
        ("../../etc/passwd", "is no time zone"),
        ("GMT-5", "does not know when summer time begins"),
        ("<@&1> `x` @everyone", r"“\<\@&1\> \`x\` \@everyone” is no time zone"),
        ("x" * 5000, "…” is no time zone"),
    ],
)
def test_what_is_no_zone_is_refused_with_what_comes_near(typed, said):
    with pytest.raises(BadRequest) as refused:
        find_zone(typed, KNOWN)
    assert said in sentence_of(refused.value)
    assert len(sentence_of(refused.value)) < 300
