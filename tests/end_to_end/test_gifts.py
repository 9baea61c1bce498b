"""Moderators give, take back and block inside Discord; members see who, until when and why."""

from tests.stage import staged

ADMIN = "imagine-admin"


class Services:
    """A moderator's hands on a stage."""

    def __init__(self, stage) -> None:
        self.stage = stage

    async def __call__(self, name, **options):
        discord = self.stage.discord
        sent = await discord.slash(
            self.stage.moderator, self.stage.channel, f"{ADMIN} {name}", options
        )
        answer = await self.stage.reply(sent)
        assert answer.ephemeral
        assert not answer.pinged
        return answer.text

    async def gift(self, amount="3", unit="images", until="3d", **options):
        given = {"member": self.stage.alice, "amount": amount, "unit": unit, "until": until}
        return await self("gift", **{**given, **options})


async def quota(stage, member=None):
    sent = await stage.discord.slash(member or stage.alice, stage.channel, "quota")
    return (await stage.reply(sent)).text


async def done(stage, **options):
    card = await stage.card(**options)
    await stage.discord.wait_for(lambda: card.gallery, 15)
    return card


async def test_a_gift_is_seen_used_after_the_allowance_and_then_refused_with_numbers(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="1") as stage:
        admin = Services(stage)
        given = await admin.gift("2", reason="for the *contest*")
        assert f"**Given.** <@{stage.alice.id}>: 2 pictures until <t:" in given
        assert "“for the \\*contest\\*”" in given
        assert "But:" not in given

        seen = await quota(stage)
        assert "1 of 1 left today" in seen
        assert f"**2 of 2 pictures left** · from <@{stage.moderator.id}> · until <t:" in seen
        assert "“for the \\*contest\\*”" in seen

        first = await done(stage)
        assert "0 of 1 left today + 2 from gifts (resets in" in first.text
        second = await stage.card()
        assert "0 of 1 left today + 1 from gifts (resets in" in second.edits[0].text
        refused = (await stage.card(count=2)).text
        assert "0 of 1 left today, by the limit for everyone, and 1 from gifts." in refused
        assert "Ask for 1 or fewer, or wait." in refused
        await stage.discord.wait_for(lambda: second.gallery, 15)
        third = await done(stage)
        assert "0 of 1 left today (resets in" in third.text
        assert "No room for this: it needs 1 picture" in (await stage.card()).text
        assert "gifts" not in await quota(stage)
        stage.assert_books_are_right()


async def test_a_cancel_gives_the_gift_back_and_what_is_taken_back_is_gone(tmp_path):
    async with staged(tmp_path, DEFAULT_IMAGES_PER_DAY="1") as stage:
        admin = Services(stage)
        await admin.gift("3")
        stage.fal.hold()
        card = await stage.card(count=3)
        assert "0 of 1 left today + 1 from gifts" in card.text
        await stage.fal.next_job()
        await stage.wait_text(card, "at fal")
        await stage.discord.press(stage.alice, card, "Cancel")
        await stage.wait_text(card, "Cancelled")
        assert "1 of 1 left today + 3 from gifts" in card.text

        explained = await admin("limit list", member=stage.alice)
        assert "1 of 1 left today" in explained
        assert f"**3 of 3 pictures left** · from <@{stage.moderator.id}>" in explained
        taken = await admin.gift("0", until="now", reason="a mistake")
        assert (
            f"**Taken back.** <@{stage.alice.id}>: 1 gift of pictures, with 3 pictures left"
            in taken
        )
        assert "gifts" not in await quota(stage)
        assert "They have no such gift" in await admin.gift("0")

        audit = await admin("audit", member=stage.alice)
        assert "Gift give" in audit
        assert "3 pictures until <t:" in audit
        assert "Gift end" in audit
        assert "“a mistake”" in audit
        stage.assert_books_are_right()


async def test_a_gift_that_can_have_no_effect_says_so(tmp_path):
    async with staged(tmp_path, DEFAULT_USD_PER_MONTH="5") as stage:
        admin = Services(stage)
        text = await admin.gift("$2.50", unit="usd")
        assert "2.50 until" in text
        assert "their limit of pictures holds all the same: 10 of 10 left today." in text
        assert "They have $2.50 from gifts now" in text

        await admin("limit set", unit="images", window="day", amount="0", member=stage.bob)
        await admin("block add", member=stage.bob, reason="spam")
        text = await admin.gift("1", member=stage.bob)
        assert "their limit of USD holds all the same: $5 of $5 left this month." in text
        assert "they are blocked without an end, and a gift lifts no block." in text


async def test_what_people_type_wrongly_is_refused_with_what_would_be_right(tmp_path):
    async with staged(tmp_path) as stage:
        admin = Services(stage)
        assert "is an amount of money" in await admin.gift("$3")
        assert "no number of pictures" in await admin.gift("-3")
        assert "can be read in two ways" in await admin.gift("1,000", unit="usd")
        assert "“03/04/2027” can be read in two ways" in await admin.gift(until="03/04/2027")
        assert "has passed already" in await admin.gift(until="2020-01-01")
        assert "more than 5 years away" in await admin.gift(until="100 years")
        assert "type it like 3d, 2 weeks, 2026-12-31" in await admin.gift(until="soonish")
        until = {"member": stage.alice, "reason": "spam", "until": "3m"}
        assert "type 3 min or 3 months" in await admin("block add", **until)
        assert "They are not blocked" in await admin("block remove", member=stage.alice)
        assert "gifts" not in await quota(stage)


async def test_an_end_is_judged_while_it_is_typed(tmp_path):
    async with staged(tmp_path) as stage:

        async def names(typed, command="gift", member=stage.moderator):
            found = await stage.discord.autocomplete(
                member, stage.channel, f"{ADMIN} {command}", "until", typed
            )
            return [one.name for one in found]

        assert "1 week" in await names("")
        assert await names("2 weeks", "block add") == ["2 weeks · ends in 14 days"]
        [wrong] = await names("03/04/2027")
        assert wrong.startswith("✗ “03/04/2027” can be read in two ways")


async def test_a_block_refuses_with_its_reason_until_it_is_lifted(tmp_path):
    async with staged(tmp_path) as stage:
        admin = Services(stage)
        running = await stage.card()
        assert "Blocked:** nobody" in await admin("block list")
        text = await admin("block add", member=stage.alice, reason="**spam**", until="2 weeks")
        assert f"**Blocked.** <@{stage.alice.id}> until <t:" in text
        assert "Before: not blocked." in text
        assert "Jobs that were accepted before go on" in text
        await stage.discord.wait_for(lambda: running.gallery, 15)

        refused = await stage.card()
        assert refused.ephemeral
        assert "A moderator has blocked you from making pictures here until <t:" in refused.text
        assert "The reason: “\\*\\*spam\\*\\*”. Nothing was charged." in refused.text
        assert "A moderator has blocked you here" in await quota(stage)
        assert "held" in (await stage.card(stage.bob)).edits[0].text

        again = await admin("block add", member=stage.alice, reason="more spam")
        assert "without an end" in again
        assert "Before: blocked until <t:" in again
        listed = await admin("block list")
        assert "**Blocked:** 1 member" in listed
        assert f"<@{stage.alice.id}> · blocked without an end" in listed
        assert f"by <@{stage.moderator.id}>" in listed
        assert "“more spam”" in listed
        assert "nobody" in await admin("block list", member=stage.bob)
        assert "blocked without an end" in await admin("limit list", member=stage.alice)

        assert "may make pictures again" in await admin("block remove", member=stage.alice)
        assert "held" in (await stage.card()).edits[0].text
        audit = await admin("audit", member=stage.alice)
        assert audit.count("Block add") == 2
        assert audit.count("Block remove") == 1


async def test_who_has_left_the_server_can_still_be_blocked_and_given_to(tmp_path):
    async with staged(tmp_path) as stage:
        admin = Services(stage)
        stage.discord.leave(stage.alice)

        given = await admin.gift("2")
        assert "**But:** they are not in this server now." in given
        assert "1 gift of pictures, with 2 pictures left" in await admin.gift("0")
        await admin("block add", member=stage.alice, reason="spam before leaving")
        assert f"<@{stage.alice.id}> · blocked without an end" in await admin("block list")
        assert "may make pictures again" in await admin("block remove", member=stage.alice)


async def test_a_member_who_calls_these_by_hand_is_refused_and_nothing_changes(tmp_path):
    async with staged(tmp_path) as stage:
        gift = {"member": stage.alice, "amount": "9", "unit": "images", "until": "3d"}
        commands = [
            ("gift", gift),
            ("gift", {**gift, "amount": "0"}),
            ("block add", {"member": stage.moderator, "reason": "ha"}),
            ("block remove", {"member": stage.alice}),
            ("block list", {}),
        ]
        for name, options in commands:
            sent = await stage.discord.slash(
                stage.alice, stage.channel, f"{ADMIN} {name}", options, unchecked=True
            )
            answer = await stage.reply(sent)
            assert answer.ephemeral
            assert "Only members who may manage the server" in answer.text

        assert "gifts" not in await quota(stage)
        assert "nobody" in await Services(stage)("block list")
        assert "gift" not in await Services(stage)("audit")
