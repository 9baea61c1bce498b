"""The settings panel: within Discord's limits whatever stands in it, and saying what is so."""

import pytest

from bot.chat.moderation.settings.card import Page, Panel, settings_card
from bot.chat.moderation.settings.panel import FORMS
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, Quality
from bot.core.models.options import Size
from bot.core.preferences import Defaults, Places, Preferences, Spoilers
from standins.discord.message_rules import check_message
from standins.discord.model import walk_components

NOW_MS = 1_795_255_070_939
HOST = Defaults(GPT_IMAGE_2, Size(1024, 1024), Quality.MEDIUM)
CHANNELS = frozenset((1 << 62) + n for n in range(25))
FULL = Preferences(
    default_size=Size(1600, 1200),
    default_quality=Quality.HIGH,
    default_count=4,
    max_size=Size(1040, 1024),
    max_quality=Quality.LOW,
    max_count=1,
    places=Places.ONLY,
    channel_ids=CHANNELS,
    log_channel_id=(1 << 62) + 99,
    zone="America/Argentina/ComodRivadavia",
    spoilers=Spoilers.AGE_RESTRICTED,
    private_allowed=False,
    pause_sentence="写" * 200,
)


def panel(preferences=FULL, **changes):
    given = {"host": HOST, "now_ms": NOW_MS, **changes}
    return Panel(preferences, **given)


def parts(panel, page):
    return list(walk_components(settings_card(panel, page).to_components()))


def text(panel, page=Page.OVERVIEW):
    return "\n".join(part["content"] for part in parts(panel, page) if part["type"] == 10)


def chosen(panel, page, what):
    menu = next(p for p in parts(panel, page) if f":{what}:" in p.get("custom_id", ""))
    return [o["value"] for o in menu["options"] if o["default"]]


@pytest.mark.parametrize("page", list(Page))
@pytest.mark.parametrize("sentence", ["写" * 200, "*" * 200, "🌙" * 200])
def test_every_page_fits_discord_s_limits_when_everything_is_set(page, sentence):
    full = panel(
        Preferences(**{f: getattr(FULL, f) for f in FULL.__slots__} | {"pause_sentence": sentence}),
        doubts=["The bot cannot post in <#1>. " + "x" * 200] * 2,
        said="写" * 3000,
        is_bad=True,
    )
    found = parts(full, page)
    assert len(found) <= 40
    assert sum(len(part["content"]) for part in found if part["type"] == 10) <= 4000
    check_message({"components": settings_card(full, page).to_components()}, [], 1)
    ids = [part["custom_id"] for part in found if "custom_id" in part]
    assert len(set(ids)) == len(ids)
    assert all(len(one) <= 100 for one in ids)
    for part in found:
        for option in part.get("options", []):
            assert len(option["label"]) <= 100
            assert len(option.get("description") or "") <= 100


@pytest.mark.parametrize("page", [Page.PICTURES, Page.CHANNELS, Page.RULES])
def test_each_time_the_menus_are_new_ones(page):
    def ids(now_ms):
        menus = [p for p in parts(panel(now_ms=now_ms), page) if p["type"] in {3, 8}]
        return {p["id"] for p in menus}, {p["custom_id"] for p in menus}

    for before, after in zip(ids(NOW_MS), ids(NOW_MS + 1), strict=True):
        assert before
        assert not before & after


def test_the_overview_says_what_is_so():
    shown = text(panel(Preferences()))
    for line in (
        "**Status:** open for requests",
        "**By default:** 1024×1024 · medium · 1 picture",
        "**At most:** any size · any quality · 4 pictures at once",
        "**Channels:** everywhere",
        "**Log channel:** none",
        "**Time zone:** UTC, where it is 09:57",
        "**Spoilers:** never",
        "**Private pictures:** allowed",
    ):
        assert line in shown


def test_the_overview_says_what_does_not_fit_together():
    shown = text(panel(gone_ids=CHANNELS))
    assert "**By default:** 1040×1024 · low · 1 picture" in shown
    assert "⚠️ The default size 1600×1200 is above the highest, so it is 1040×1024." in shown
    assert "⚠️ The default quality high is above the highest, so it is low." in shown
    assert "⚠️ The default count 4 is above the highest, so it is 1." in shown
    assert "25 deleted" in shown
    assert "⚠️ The channels for pictures exist no more" in shown


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("", "**Status: paused.** Members read that they may try again later."),
        ("a **b** <@1> @here", r"Members read: “a \*\*b\*\* \<\@1\> \@here”"),
    ],
)
def test_a_pause_is_shown_with_its_sentence_unharmed(sentence, line):
    assert line in text(panel(Preferences(pause_sentence=sentence)))


def test_menus_show_what_stands_also_sizes_without_a_name():
    assert chosen(panel(), Page.PICTURES, "default_size") == ["1600x1200"]
    assert chosen(panel(), Page.PICTURES, "max_size") == ["1040x1024"]
    assert chosen(panel(), Page.PICTURES, "default_quality") == ["high"]
    assert chosen(panel(), Page.PICTURES, "max_quality") == ["low"]
    assert chosen(panel(), Page.PICTURES, "default_count") == ["4"]
    assert chosen(panel(), Page.PICTURES, "max_count") == ["1"]
    assert chosen(panel(), Page.RULES, "spoilers") == ["age_restricted"]
    assert chosen(panel(), Page.RULES, "private") == ["no"]
    for what in ("size", "quality", "count"):
        for which in ("default", "max"):
            assert chosen(panel(Preferences()), Page.PICTURES, f"{which}_{what}") == ["none"]


def test_channels_of_another_time_are_not_offered_as_chosen():
    menus = [p for p in parts(panel(gone_ids=CHANNELS), Page.CHANNELS) if p["type"] == 8]
    assert [len(menu.get("default_values", [])) for menu in menus] == [0, 0, 1]


async def test_a_form_shows_what_stands_and_an_example_where_nothing_does():
    def field(what, value):
        form = FORMS[what].modal(f"settings:typed:{what}", {"typed": value})
        [label] = form.to_dict()["components"]
        return label["component"]

    assert field("zone", "Asia/Tokyo")["value"] == "Asia/Tokyo"
    assert "value" not in field("default_size", "")
    assert field("default_size", "")["placeholder"] == "1536x1024"
    assert (field("pause", "")["required"], field("pause", "")["style"]) == (False, 2)
