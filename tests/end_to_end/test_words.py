"""Moderators keep words out of prompts; what is refused costs nothing and does not say why."""

import asyncio

from tests.stage import Stage, staged

COMMANDS = [
    ("words add", {"text": "heron"}),
    ("words add", {"text": "her*", "kind": "pattern", "reason": "x"}),
    ("words remove", {"text": "kraken"}),
    ("words list", {}),
    ("words list", {"prompt": "a kraken"}),
]


async def admin(stage: Stage, name: str, who=None, channel=None, **options):
    sent = await stage.discord.slash(
        who or stage.moderator,
        channel or stage.channel,
        f"imagine-admin {name}",
        options,
        unchecked=who is not None,
    )
    answer = await stage.reply(sent)
    assert answer.ephemeral
    return answer


async def test_a_disguised_word_is_refused_costs_nothing_and_is_in_the_audit(tmp_path):
    async with staged(tmp_path) as stage:
        added = await admin(stage, "words add", text="Kraken", reason="_sea_ monsters")
        assert "Prompts with “kraken” are refused" in added.text

        for prompt in ("a kraken", "a k.r.a.k.e.n", "a KR\u200bAKEN", "a kr\u0430k\u0435n"):
            refused = await stage.reply(await stage.imagine(prompt=prompt))
            assert refused.ephemeral
            assert "does not allow a word in this prompt" in refused.text
            assert "Nothing was charged." in refused.text
            assert "“kraken”" not in refused.text.partition("Your prompt")[0]
        assert stage.jobs() == []
        assert stage.ledger() == []

        audit = await admin(stage, "audit", member=stage.alice)
        assert audit.text.count("Words refused") == 4
        assert "refused for “kraken”" in audit.text
        assert "10 of 10" in (await stage.reply(await stage.discord.slash(
            stage.alice, stage.channel, "quota"))).text  # fmt: skip
        card = await stage.card(prompt="a krakens nest, kraken-free")
        assert "does not allow" in card.text
        card = await stage.card(prompt="a nest of krakens")
        await stage.discord.wait_for(lambda: card.gallery, 20)
        stage.assert_books_are_right()


async def test_the_list_is_shown_in_pages_tried_and_shortened(tmp_path):
    async with staged(tmp_path) as stage:
        assert "none" in (await admin(stage, "words list")).text
        for number in range(28):
            text = f"{number:02} *{'`~' * 40}* @everyone"
            await admin(stage, "words add", text=text, kind="pattern", reason="*why* " * 16)
        card = await admin(stage, "words list")
        assert "28 entries · page 1 of " in card.text
        assert "“00 " in card.text
        assert len(card.text) <= 4000
        await stage.kill_bot()
        await stage.start_bot()
        edits = len(card.edits)
        await stage.discord.press(stage.moderator, card, "Next")
        await stage.discord.wait_for(lambda: len(card.edits) > edits, 10)
        assert "page 2 of" in card.text
        assert "“00 " not in card.text
        assert not card.pinged

        await admin(stage, "words add", text="kraken")
        assert (
            "Refused** for “kraken”" in (await admin(stage, "words list", prompt="one Kraken")).text
        )
        assert "Accepted" in (await admin(stage, "words list", prompt="krakens")).text
        offered = await stage.discord.autocomplete(
            stage.moderator, stage.channel, "imagine-admin words remove", "text", "KRAK"
        )
        assert [choice.value for choice in offered] == ["kraken"]
        removed = await admin(stage, "words remove", text="kraken")
        assert "Prompts with “kraken” are accepted" in removed.text
        assert "not on the list" in (await admin(stage, "words remove", text="kraken")).text
        assert "kraken" not in (await stage.card(prompt="a kraken")).edits[0].text.split("“")[0]


async def test_the_list_changes_while_members_ask_and_other_servers_are_not_touched(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="100") as stage:
        other = stage.discord.add_guild("Elsewhere")
        elsewhere = other.add_channel("pictures")
        mina = other.add_moderator("mina")
        olaf = other.add_member("olaf")

        async def ask(number: int) -> str:
            sent = await stage.imagine(prompt=f"kraken number {number}")
            return (await stage.reply(sent)).text

        asking = [asyncio.create_task(ask(number)) for number in range(6)]
        await admin(stage, "words add", text="kraken")
        during = [text for text in await asyncio.gather(*asking) if "does not allow" in text]
        after = [await ask(number) for number in range(3)]
        assert all("does not allow" in text for text in after)
        assert len(stage.jobs()) == 6 - len(during)

        sent = await stage.discord.slash(olaf, elsewhere, "imagine", {"prompt": "a kraken"})
        assert "does not allow" not in (await stage.reply(sent)).text
        listed = await stage.reply(
            await stage.discord.slash(mina, elsewhere, "imagine-admin words list", {})
        )
        assert "none" in listed.text


async def test_a_member_who_calls_the_commands_by_hand_learns_and_changes_nothing(tmp_path):
    async with staged(tmp_path) as stage:
        await admin(stage, "words add", text="kraken")
        for name, options in COMMANDS:
            answer = await admin(stage, name, who=stage.alice, **options)
            assert "Only members who may manage the server" in answer.text
            assert "kraken" not in answer.text
        offered = await stage.discord.autocomplete(
            stage.alice, stage.channel, "imagine-admin words remove", "text", "", unchecked=True
        )
        assert offered == []
        listed = await admin(stage, "words list")
        assert "1 entry" in listed.text
        assert "heron" not in listed.text


async def test_entries_that_cannot_be_used_are_refused_with_what_would_be_right(tmp_path):
    async with staged(tmp_path) as stage:
        for text, kind, sentence in (
            ("*", "pattern", "needs letters"),
            ("bad*", "word", "choose “pattern”"),
            (".*", "regex", "would catch every prompt"),
            ("**(@everyone", "regex", "no regular expression"),
            ("\u200b", "word", "needs letters"),
        ):
            answer = await admin(stage, "words add", text=text, kind=kind)
            assert sentence in answer.text
            assert not answer.pinged
        assert "none" in (await admin(stage, "words list")).text
