"""The main job from the first answer to the footer, and refusals with their numbers."""

import io

import pytest
from PIL import Image

from tests.stage import staged

EPHEMERAL_MESSAGE = 4


async def test_a_member_gets_pictures_with_alt_text_and_a_footer(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.card(size="1536x1024", quality="high", count=2)
        assert "a lighthouse at dusk" in card.edits[0].text
        assert "up to $0.36 held" in card.edits[0].text
        assert "8 of 10 left today" in card.edits[0].text

        await stage.discord.wait_for(lambda: len(card.gallery) == 2, 15)

        footer = card.text.splitlines()[-1]
        assert footer.startswith("-# 2 pictures · 1536×1024 · high · $0.33 · ")
        assert "8 of 10 left today (resets in " in footer
        assert [p.alt for p in card.gallery] == [
            f"Picture {n} of 2: a lighthouse at dusk" for n in (1, 2)
        ]
        for picture in card.gallery:
            with Image.open(io.BytesIO(picture.data)) as image:
                assert (image.size, image.format) == ((1536, 1024), "PNG")
        assert card.buttons == []
        assert len(stage.discord.messages(stage.channel)) == 1
        await stage.bot.stop()
        stage.assert_books_are_right()


async def test_a_job_costs_three_requests_and_one_for_each_picture(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.card(count=2)
        await stage.discord.wait_for(lambda: len(card.gallery) == 2, 15)

        assert dict(stage.fal.counts) == {"submit": 1, "stream": 1, "result": 1, "media": 2}
        assert stage.fal.violations == []


async def test_a_private_request_shows_only_to_its_member(tmp_path):
    async with staged(tmp_path) as stage:
        card = await stage.card(private=True)
        await stage.discord.wait_for(lambda: card.gallery, 15)

        assert card.ephemeral
        assert stage.discord.messages(stage.channel, viewer=stage.bob) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": "1000x1000"}, "both sides must be multiples of 16; the nearest possible size"),
        ({"size": "512x512"}, "it needs at least 655,360 pixels"),
        ({"size": "big"}, "a size is typed as width x height"),
        ({"prompt": "   "}, "The prompt is empty"),
        ({"prompt": "\u200b\u200d\ufeff"}, "The prompt is empty"),
        ({"prompt": "x" * 4001}, "at most 4,000"),
        ({"count": 0}, "1 to 4"),
        ({"count": 40}, "1 to 4"),
    ],
)
async def test_bad_options_are_refused_in_private_and_cost_nothing(tmp_path, options, sentence):
    async with staged(tmp_path) as stage:
        given = {"prompt": "a lighthouse", **options}
        sent = await stage.discord.slash(
            stage.alice, stage.channel, "imagine", given, unchecked=True
        )
        answer = await stage.reply(sent)

        assert answer.ephemeral
        assert sentence.casefold() in answer.text.casefold()
        assert "Nothing was charged" in answer.text
        await stage.bot.stop()
        assert stage.jobs() == []


async def test_a_count_above_what_is_left_is_refused_with_numbers_and_reset_time(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="3") as stage:
        first = await stage.card(count=2)
        await stage.discord.wait_for(lambda: first.gallery, 15)
        sent = await stage.imagine(count=2)
        answer = await stage.reply(sent)

        assert answer.ephemeral
        assert "it needs 2 pictures" in answer.text
        assert "1 of 3 left today" in answer.text
        assert "Ask for 1 or fewer" in answer.text
        assert "to copy: “a lighthouse at dusk”" in answer.text
        assert "<t:" in answer.text


async def test_quota_says_what_is_left_which_limit_and_when_it_resets(tmp_path):
    async with staged(tmp_path, DEFAULT_USD_PER_MONTH="5", SERVER_USD_PER_MONTH="50") as stage:
        card = await stage.card(count=2, quality="low")
        await stage.discord.wait_for(lambda: card.gallery, 15)
        sent = await stage.discord.slash(stage.alice, stage.channel, "quota")
        answer = await stage.reply(sent)

        assert answer.ephemeral
        assert "8 of 10 left today" in answer.text
        assert "$4.99 of $5 left this month" in answer.text
        assert "This server's budget: $49.99 of $50 left this month" in answer.text


async def test_typing_a_size_says_at_once_what_is_illegal_and_offers_the_nearest(tmp_path):
    async with staged(tmp_path) as stage:

        async def offered(typed):
            found = await stage.discord.autocomplete(
                stage.alice, stage.channel, "imagine", "size", typed, {"prompt": "x"}
            )
            return [(choice.name, choice.value) for choice in found]

        assert len(await offered("")) == 9
        assert await offered("wide 4k") == [("Wide 4K · 3840×2160", "3840x2160")]
        rule, nearest = await offered("1000x1000")
        assert "multiples of 16" in rule[0]
        assert nearest == ("1008×1008 · the nearest possible size", "1008×1008")
        assert await offered("1536x864") == [("1536×864", "1536x864")]


async def test_fifty_racing_requests_against_room_for_seven_accept_exactly_seven(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="7") as stage:
        sent = [await stage.imagine() for _ in range(50)]
        answers = [await stage.reply(one, 10) for one in sent]

        accepted = [a for a in answers if "held" in a.edits[0].text]
        refused = [a for a in answers if "No room" in a.edits[0].text]
        assert (len(accepted), len(refused)) == (7, 43)
        assert all(answer.ephemeral for answer in refused)
        await stage.discord.wait_for(lambda: all(m.gallery for m in accepted), 30)
        assert stage.fal.counts["submit"] == 7
        await stage.bot.stop()
        stage.assert_books_are_right()


@pytest.mark.parametrize(
    "prompt",
    [
        "@everyone @here <@1> <@&2> <#3> hello",
        "**bold** __under__ ~~gone~~ ||spoiler|| `code` ```block``` > quote\n# heading\n- list",
        "https://example.org [click](https://example.org) <https://example.org>",
        "\u202eright to left\u202c \u200bzero\u200dwidth e" + "\u0301" * 60,
        "משפט בעברית וגם عربي",
        "🏳️‍🌈" * 400,
        "漢字かな" * 1000,
        "*" * 4000,
    ],
)
async def test_no_prompt_pings_breaks_the_layout_or_exceeds_a_limit(tmp_path, prompt):
    async with staged(tmp_path) as stage:
        card = await stage.card(prompt=prompt[:4000])
        await stage.discord.wait_for(lambda: card.gallery, 60)

        assert not card.pinged
        assert len(card.text) <= 4000
        assert len(card.gallery[0].alt or "") <= 1024
        assert stage.fal.jobs[0].input["prompt"] == prompt[:4000].strip()
        assert stage.discord.violations == []
