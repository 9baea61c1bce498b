"""What the next features stand on: members' own pictures, whole forms, private messages, galleries.

Where no library of the bot is needed a test speaks HTTP itself, as a bot would.
"""

import json
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from standins.discord import (
    Choice,
    ClientRefused,
    StandInDiscord,
    StandInDiscordSettings,
)
from standins.discord.cdn import Cdn
from standins.discord.errors import ApiError
from standins.discord.forms import Form
from standins.discord.message_rules import check_callback
from tests.standins.discord.bot_process import run_script, running_bot
from tests.standins.discord.sample_own_pictures import Everything
from tests.standins.discord.sample_parts import picture

FOX, DOG = ("fox.png", picture()), ("a dog.webp", b"no picture at all")
GALLERY = {"type": 12, "items": [{"media": {"url": f"attachment://{n}.png"}} for n in (0, 1)]}


class Api:
    """Sends requests as a bot would."""

    def __init__(self, discord, session):
        self.discord = discord
        self.session = session

    async def __call__(self, method, path, *, pictures=0, **body):
        data = {"json": body}
        if pictures:
            form = aiohttp.FormData()
            form.add_field("payload_json", json.dumps(body), content_type="application/json")
            for n in range(pictures):
                form.add_field(f"files[{n}]", picture(n), filename=f"{n}.png")
            data = {"data": form}
        elif method == "GET":
            data = {}
        url = f"{self.discord.api_url}{path}"
        async with self.session.request(method, url, **data) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def api(discord):
    headers = {
        "Authorization": f"Bot {discord.token}",
        "User-Agent": "DiscordBot (https://bot.invalid, 1)",
    }
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Api(discord, session)


@pytest.fixture
def somewhere(discord):
    """A server without a bot process: its channel and a member."""
    guild = discord.add_guild()
    return guild.add_channel("general"), guild.add_member("alice")


async def got(url):
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, answer.content_type, await answer.read()


def refused(discord, member, channel, modal, values):
    with pytest.raises(ClientRefused) as refusal:
        Form(modal, values, discord._resolver(member, channel)).filled()
    return str(refusal.value)


# ---------------------------------------------------------------- options that are pictures


async def test_a_picture_of_an_option_comes_from_the_cdn_for_a_day(place):
    oil, _ = await place.discord.autocomplete(place.alice, place.channel, "edit", "style", "o")
    options = {"image": FOX, "other": DOG, "style": oil}
    sent = await place.discord.slash(place.alice, place.channel, "edit", options)
    assert (await sent.answer()).message.text == "taken"
    told = await place.bot.report(edit="oil")
    assert (told["size"], told["sides"], told["kind"]) == (len(FOX[1]), [64, 48], "image/png")
    assert (told["ephemeral"], told["other"]) == (True, "a dog.webp")
    url = told["url"]
    assert "/ephemeral-attachments/" in url
    bare, _, query = url.partition("?")
    forged = url.replace(query.partition("&")[0], "ex=ffffffff")
    assert await got(url) == (200, "image/png", FOX[1])
    assert [(await got(one))[0] for one in (bare, forged)] == [404, 404]
    place.discord.clock.advance(24 * 3600 + 1)
    assert (await got(url))[0] == 404


def test_a_file_of_an_option_is_removed_after_a_set_period():
    now = [datetime.now(UTC)]
    cdn = Cdn(lambda: now[0], uploads_kept_s=60)
    cdn.origin = "http://127.0.0.1/cdn"
    upload = cdn.store_upload(1, 2, *FOX)
    kept = cdn.store_attachment(3, 4, *FOX, None)
    now[0] += timedelta(seconds=59)
    assert [cdn.fetch(one["url"]) for one in (upload, kept)] == [FOX[1]] * 2
    now[0] += timedelta(seconds=1)
    assert [cdn.fetch(cdn.sign(one["url"])) for one in (upload, kept)] == [None, FOX[1]]


async def test_without_the_right_to_attach_a_client_offers_no_such_option(discord, somewhere):
    channel, alice = somewhere
    option = {"name": "image", "description": "x", "type": 11}
    command = {"name": "edit", "description": "x", "type": 1, "options": [option]}
    discord.state.world.register_commands(None, [command])
    everyone = discord.state.world.backend.get_role(alice.guild.id, alice.guild.id)
    everyone.permissions &= ~(1 << 15)
    with pytest.raises(ClientRefused, match="may not attach"):
        await discord.slash(alice, channel, "edit", {"image": FOX})
    await discord.slash(alice, channel, "edit")
    await discord.slash(alice, channel, "edit", {"image": FOX}, unchecked=True)


@pytest.mark.parametrize(("sends_names", "text"), [(False, "oil"), (True, "Oil on canvas")])
async def test_a_suggestion_arrives_by_its_value_or_by_its_name(sends_names, text):
    settings = StandInDiscordSettings(sends_choice_names=sends_names)
    async with StandInDiscord(settings) as discord:
        guild = discord.add_guild()
        resolver = discord._resolver(guild.add_member("alice"), guild.add_channel())
        assert resolver.wire(Choice("Oil on canvas", "oil")) == text
        assert resolver.wire(Choice("Seven", 7)) == 7


async def test_a_suggestion_is_of_an_option_that_suggests(discord, somewhere):
    channel, alice = somewhere
    option = {"name": "style", "description": "x", "type": 3}
    command = {"name": "edit", "description": "x", "type": 1, "options": [option]}
    discord.state.world.register_commands(None, [command])
    with pytest.raises(ClientRefused, match="does not suggest"):
        await discord.slash(alice, channel, "edit", {"style": Choice("Oil on canvas", "oil")})


async def test_a_chosen_channel_says_what_the_person_and_the_bot_may_do_there(discord, somewhere):
    channel, alice = somewhere
    quiet = alice.guild.add_channel("quiet", bot_may_write=False)
    mo = alice.guild.add_moderator("mo")
    resolver = discord._resolver(alice, channel)
    assert [resolver.wire(one) for one in (quiet, mo)] == [str(quiet.id), str(mo.id)]
    told = resolver.resolved["channels"][str(quiet.id)]
    assert int(told["permissions"]) & 1 << 11
    assert not int(told["app_permissions"]) & 1 << 11
    member = resolver.resolved["members"][str(mo.id)]
    assert int(member["permissions"]) & 1 << 5


# ---------------------------------------------------------------- forms


async def test_a_whole_form_is_filled_in_or_left_alone(place):
    opened = await run_script(place, "whole_form")
    assert [one["type"] for one in (await opened.answer()).modal["components"]] == [18] * 5
    values = {
        "Prompt": "a dog",
        "Images": [FOX, DOG],
        "Size": "16:9",
        "More": ["c", "a"],
        "For": [place.bob],
    }
    sent = await place.discord.submit(opened, values)
    assert (await sent.answer()).message.text == "filled in"
    told = await place.bot.report(form="a dog")
    assert told["images"] == [["fox.png", len(FOX[1])], ["a dog.webp", len(DOG[1])]]
    assert (told["size"], told["more"], told["who"]) == ("16:9", ["c", "a"], [place.bob.id])
    opened = await run_script(place, "whole_form")
    await (await place.discord.submit(opened, {})).answer()
    told = await place.bot.report(form="a fox")
    assert (told["images"], told["size"], told["more"], told["who"]) == ([], "1:1", [], [])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"Prompt": ""}, "needs 'Prompt'"),
        ({"Prompt": "x" * 4001}, "4000 characters"),
        ({"Prompt": ["x"]}, "another kind"),
        ({"Images": [FOX, FOX, FOX]}, "1 to 2 values"),
        ({"Images": ["fox.png"]}, "another kind"),
        ({"Images": "fox.png"}, "another kind"),
        ({"Size": "4:3"}, "not all among"),
        ({"More": ["a", "d"]}, "not all among"),
        ({"More": ["a", "a"]}, "values"),
        ({"For": ["bob"]}, "another kind"),
        ({"Colour": "red"}, "no fields"),
    ],
)
async def test_a_client_sends_nothing_that_a_form_does_not_take(discord, somewhere, values, reason):
    channel, alice = somewhere
    assert reason in refused(discord, alice, channel, Everything().to_dict(), values)


async def test_forms_that_discord_does_not_have_are_refused():
    modal = {"type": 9, "data": Everything().to_dict()}
    check_callback(modal, 2)
    fields = [one["component"] for one in modal["data"]["components"]]
    for field, wrong in ((fields[3], {"required": True}), (fields[4], {"disabled": True})):
        before = dict(field)
        field.update(wrong)
        with pytest.raises(ApiError) as refusal:
            check_callback(modal, 2)
        assert (refusal.value.status, refusal.value.code) == (400, 50035)
        field.clear()
        field.update(before)


# ---------------------------------------------------------------- private messages


async def test_a_command_a_button_and_a_form_in_private_messages(place):
    private = place.discord.direct_channel(place.alice)
    with pytest.raises(ClientRefused, match="context"):
        await place.discord.slash(place.alice, private, "do", {"script": "message"})
    sent = await place.discord.slash(place.alice, private, "history")
    card = (await sent.answer()).message
    assert (await place.bot.report(history=[False, True]))["attach"]
    opened = await place.discord.press(place.alice, card, "Again")
    assert (await opened.answer()).modal["title"] == "Words"
    asked = await place.discord.submit(opened, {"Prompt": "a dog"})
    assert (await asked.answer()).message.text == "Asked for a dog"
    assert [one.text for one in place.discord.direct_messages(place.alice)][-1] == "Asked for a dog"
    here = await place.discord.slash(place.bob, place.channel, "history")
    assert (await here.answer()).type == 4
    await place.bot.report(history=[True, False])


# ---------------------------------------------------------------- messages with pictures


async def posted(api, channel):
    """A message of Components V2 with two pictures."""
    path = f"/channels/{channel.id}/messages"
    status, body = await api("POST", path, pictures=2, flags=1 << 15, components=[GALLERY])
    assert status == 200, body
    return f"{path}/{body['id']}", body


def addresses(body):
    return [item["media"]["url"] for item in body["components"][0]["items"]]


async def test_a_gallery_is_read_anew_after_its_addresses_have_ended(api, somewhere):
    path, made = await posted(api, somewhere[0])
    assert made["attachments"] == []
    old = addresses(made)
    assert (await got(old[0]))[:2] == (200, "image/png")
    api.discord.clock.advance(24 * 3600 + 1)
    _, again = await api("GET", path)
    media = again["components"][0]["items"][1]["media"]
    assert media["attachment_id"] in media["url"]
    assert [(await got(one))[0] for one in (old[1], media["url"])] == [404, 200]


async def test_an_edit_keeps_a_picture_by_its_id_and_its_name(api, somewhere):
    path, made = await posted(api, somewhere[0])
    kept = [item["media"]["attachment_id"] for item in made["components"][0]["items"]]
    status, body = await api("PATCH", path, attachments=[{"id": one} for one in kept])
    assert (status, body["code"]) == (400, 50035)
    assert "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND" in body["message"]
    named = [{"id": one, "filename": f"{n}.png"} for n, one in enumerate(kept)]
    assert (await api("PATCH", path, attachments=named))[0] == 200
    [message] = api.discord.messages(somewhere[0])
    assert len(message.gallery) == 2


async def test_an_edit_lists_the_files_that_it_brings(api, somewhere):
    path, _ = await posted(api, somewhere[0])
    status, body = await api("PATCH", path, pictures=2, components=[GALLERY])
    assert (status, body["code"]) == (400, 50035)
    listed = [{"id": str(n), "filename": f"{n}.png"} for n in range(2)]
    brought = {"components": [GALLERY], "attachments": listed}
    assert (await api("PATCH", path, pictures=2, **brought))[0] == 200


async def test_the_first_answer_to_a_button_loses_files(place):
    card = (await (await run_script(place, "swap_by_answer")).answer()).message
    await place.discord.wait_for(lambda: len(card.gallery) == 2)
    await place.discord.press(place.alice, card, "Swap")
    lost = await place.bot.report(swapped=400)
    assert lost["code"] == 50035
    await place.bot.report(swapped="by an edit")
    assert [one.filename for one in card.gallery] == ["image-0.png"]
    classic = (await (await run_script(place, "change_by_answer")).answer()).message
    assert len(classic.gallery) == 2
    await (await place.discord.press(place.alice, classic, "Change")).answer()
    assert (classic.text, classic.gallery) == ("changed", [])


async def test_files_stay_where_discord_is_told_to_lose_none():
    settings = StandInDiscordSettings(updates_drop_files=False, kept_files_need_names=False)
    async with StandInDiscord(settings) as discord:
        guild = discord.add_guild()
        channel, alice = guild.add_channel(), guild.add_member("alice")
        async with running_bot(discord):
            await discord.wait_until_ready()
            sent = await discord.slash(alice, channel, "do", {"script": "change_by_answer"})
            classic = (await sent.answer()).message
            assert classic is not None
            await (await discord.press(alice, classic, "Change")).answer()
            assert (classic.text, len(classic.gallery)) == ("changed", 2)


# ---------------------------------------------------------------- edits, pings, replies


async def test_messages_older_than_an_hour_take_three_edits_in_six_seconds(api, somewhere):
    _, made = await api("POST", f"/channels/{somewhere[0].id}/messages", content="0")
    path = f"/channels/{somewhere[0].id}/messages/{made['id']}"
    assert [(await api("PATCH", path, content=str(n)))[0] for n in range(4)] == [200] * 4
    api.discord.clock.advance(3601)
    told = [await api("PATCH", path, content=str(number)) for number in range(4)]
    assert [status for status, _ in told] == [200, 200, 200, 429]
    assert told[-1][1]["code"] == 30046
    assert 0 < told[-1][1]["retry_after"] <= 6
    api.discord.clock.advance(6)
    assert (await api("PATCH", path, content="5"))[0] == 200


async def test_an_edit_notifies_nobody_and_a_silent_message_is_known(api, somewhere):
    channel, alice = somewhere
    path = f"/channels/{channel.id}/messages"
    loud = {"content": alice.mention, "allowed_mentions": {"parse": ["users"]}}
    _, quiet = await api("POST", path, content="nothing yet")
    await api("PATCH", f"{path}/{quiet['id']}", **loud)
    await api("POST", path, **loud, flags=1 << 12)
    edited, silent = api.discord.messages(channel)
    assert (edited.content, bool(edited.pinged)) == (alice.mention, False)
    assert (silent.pinged.users, silent.silent) == ({alice.id}, True)
    assert not edited.silent


async def test_a_reply_needs_its_message_unless_it_says_otherwise(api, somewhere):
    channel, _ = somewhere
    path = f"/channels/{channel.id}/messages"
    _, first = await api("POST", path, content="first")
    to_first = {"message_id": first["id"]}
    _, second = await api("POST", path, content="second", message_reference=to_first)
    assert (second["type"], second["referenced_message"]["content"]) == (19, "first")
    shown, answer = api.discord.messages(channel)
    assert answer.reply_to == shown.id
    api.discord.delete_message(shown)
    status, body = await api("POST", path, content="third", message_reference=to_first)
    assert (status, body["code"]) == (400, 50035)
    lenient = to_first | {"fail_if_not_exists": False}
    assert (await api("POST", path, content="third", message_reference=lenient))[0] == 200
