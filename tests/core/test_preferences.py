"""What a server prefers, and what that makes of a request: each branch as a row."""

import pytest

from bot.core.errors import NotOffered, Paused
from bot.core.jobs import Request
from bot.core.models.gpt_image_2 import GPT_IMAGE_2, Quality
from bot.core.models.options import Format, Size
from bot.core.preferences import (
    Defaults,
    Places,
    Preferences,
    Spoilers,
    Usual,
    above_highest,
    check,
    completed,
    usual,
    veils,
)
from tests.said import sentence_of

SQUARE, WIDE, TALL, LARGE = Size(1024, 1024), Size(1536, 1024), Size(1024, 1536), Size(2048, 2048)
LOW, MEDIUM, HIGH = Quality.LOW, Quality.MEDIUM, Quality.HIGH
HOST = Defaults(GPT_IMAGE_2, Size(1024, 1024), MEDIUM)
HERE, THERE = 20, 21


def request(**changes):
    given = {
        "server_id": 1,
        "channel_id": HERE,
        "member_id": 30,
        "role_ids": frozenset(),
        "prompt": "a lighthouse",
        "size": None,
        "quality": None,
        "count": None,
        "format": Format.PNG,
        "private": False,
        "interaction_token": "token",
        "file_limit_bytes": 1,
    }
    return Request(**(given | changes))


def only(*channel_ids):
    return Preferences(places=Places.ONLY, channel_ids=frozenset(channel_ids))


def but(*channel_ids):
    return Preferences(places=Places.EXCEPT, channel_ids=frozenset(channel_ids))


@pytest.mark.parametrize(
    ("preferences", "asked"),
    [
        (Preferences(), {}),
        (Preferences(), {"private": True, "size": LARGE, "quality": HIGH, "count": 4}),
        (only(HERE), {}),
        (only(HERE), {"channel_id": 99, "parent_channel_id": HERE}),
        (but(THERE), {}),
        (but(), {}),
        (Preferences(max_size=WIDE), {"size": WIDE}),
        (Preferences(max_size=WIDE), {"size": TALL}),
        (Preferences(max_size=WIDE), {"size": None}),
        (Preferences(max_quality=MEDIUM), {"quality": MEDIUM}),
        (Preferences(max_quality=MEDIUM), {"quality": LOW}),
        (Preferences(max_quality=LOW), {"quality": None}),
        (Preferences(max_count=2), {"count": 2}),
        (Preferences(max_count=2), {"count": None}),
        (Preferences(private_allowed=False), {"private": False}),
    ],
)
def test_what_a_server_allows_passes(preferences, asked):
    check(preferences, GPT_IMAGE_2, request(**asked))


@pytest.mark.parametrize(
    ("preferences", "asked", "said"),
    [
        (only(THERE), {}, "No pictures are made in this channel. Ask in <#21>."),
        (only(THERE), {"channel_id": 99, "parent_channel_id": HERE}, "Ask in <#21>."),
        (only(HERE), {"channel_id": HERE, "parent_channel_id": THERE}, "Ask in <#20>."),
        (only(), {}, "No channel of this server is open for pictures."),
        (only(*range(31, 36)), {}, "<#31>, <#32>, <#33>, <#34>, <#35>."),
        (only(*range(31, 38)), {}, "<#31>, <#32>, <#33>, <#34>, <#35> and 2 more."),
        (but(HERE), {}, "No pictures are made in this channel. Ask in another one."),
        (but(HERE), {"channel_id": 99, "parent_channel_id": HERE}, "Ask in another one."),
        (Preferences(private_allowed=False), {"private": True}, "Ask without `private`."),
        (
            Preferences(max_size=WIDE),
            {"size": LARGE},
            "2048×2048 is larger than this server allows: at most 1,572,864 pixels, like 1536×1024",
        ),
        (Preferences(max_quality=LOW), {"quality": MEDIUM}, "in this server is low."),
        (Preferences(max_quality=MEDIUM), {"quality": HIGH}, "in this server is medium."),
        (Preferences(max_count=1), {"count": 2}, "This server makes at most 1 at once."),
    ],
)
def test_what_a_server_does_not_offer_is_refused_with_what_would_be_right(preferences, asked, said):
    with pytest.raises(NotOffered) as refused:
        check(preferences, GPT_IMAGE_2, request(**asked))
    assert said in sentence_of(refused.value)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("", "The moderators have paused pictures in this server. Try again later."),
        ("Back on Monday.", "in this server. They say: “Back on Monday.”"),
        ("@everyone **now** <@1>", r"“\@everyone \*\*now\*\* \<\@1\>”"),
    ],
)
def test_a_pause_goes_before_all_else_and_shows_its_sentence_unharmed(sentence, said):
    paused = Preferences(pause_sentence=sentence, places=Places.ONLY, private_allowed=False)
    with pytest.raises(Paused) as refused:
        check(paused, GPT_IMAGE_2, request(private=True))
    assert said in sentence_of(refused.value)


@pytest.mark.parametrize(
    ("preferences", "made"),
    [
        (Preferences(), Usual(SQUARE, MEDIUM, 1)),
        (Preferences(default_size=WIDE), Usual(WIDE, MEDIUM, 1)),
        (Preferences(default_quality=HIGH), Usual(SQUARE, HIGH, 1)),
        (Preferences(default_count=3), Usual(SQUARE, MEDIUM, 3)),
        (Preferences(max_size=Size(1024, 768)), Usual(Size(1024, 768), MEDIUM, 1)),
        (Preferences(default_size=LARGE, max_size=WIDE), Usual(WIDE, MEDIUM, 1)),
        (Preferences(default_size=TALL, max_size=WIDE), Usual(TALL, MEDIUM, 1)),
        (Preferences(max_quality=LOW), Usual(SQUARE, LOW, 1)),
        (Preferences(max_quality=HIGH), Usual(SQUARE, MEDIUM, 1)),
        (Preferences(default_quality=HIGH, max_quality=MEDIUM), Usual(SQUARE, MEDIUM, 1)),
        (Preferences(default_count=4, max_count=2), Usual(SQUARE, MEDIUM, 2)),
    ],
)
def test_what_is_left_open_is_the_server_s_then_the_host_s_and_never_above_the_highest(
    preferences, made
):
    assert usual(preferences, HOST) == made
    whole = completed(preferences, HOST, request())
    assert (whole.size, whole.quality, whole.count) == (made.size, made.quality, made.count)
    check(preferences, GPT_IMAGE_2, whole)


def test_what_a_member_names_stays():
    preferences = Preferences(default_size=WIDE, default_quality=HIGH, default_count=3)
    named = request(size=SQUARE, quality=LOW, count=1)
    assert completed(preferences, HOST, named) == named


@pytest.mark.parametrize(
    ("preferences", "above"),
    [
        (Preferences(), []),
        (Preferences(default_size=LARGE, default_quality=HIGH, default_count=4), []),
        (Preferences(max_size=WIDE, max_quality=LOW, max_count=1), []),
        (Preferences(default_size=TALL, max_size=WIDE), []),
        (Preferences(default_size=LARGE, max_size=WIDE), ["size"]),
        (Preferences(default_quality=HIGH, max_quality=LOW), ["quality"]),
        (Preferences(default_count=2, max_count=1), ["count"]),
    ],
)
def test_defaults_above_the_highest_are_named(preferences, above):
    assert above_highest(preferences, GPT_IMAGE_2) == above


@pytest.mark.parametrize(
    ("spoilers", "is_age_restricted", "is_veiled"),
    [
        (Spoilers.NEVER, False, False),
        (Spoilers.NEVER, True, False),
        (Spoilers.ALWAYS, False, True),
        (Spoilers.ALWAYS, True, True),
        (Spoilers.AGE_RESTRICTED, False, False),
        (Spoilers.AGE_RESTRICTED, True, True),
    ],
)
def test_spoilers_never_always_or_in_age_restricted_channels(
    spoilers, is_age_restricted, is_veiled
):
    asked = request(is_age_restricted=is_age_restricted)
    assert veils(Preferences(spoilers=spoilers), asked) is is_veiled
