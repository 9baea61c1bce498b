"""People act, the real discord.py answers, people read."""

import asyncio

import pytest

from standins.discord import ClientRefused, NoAnswer
from tests.standins.discord.bot_process import run_script


async def test_a_member_sees_the_card_its_edits_and_the_pictures(place):
    sent = await place.discord.slash(
        place.alice, place.channel, "imagine", {"prompt": "a fox", "count": 2}
    )
    answer = await sent.answer()
    assert (answer.type, answer.ephemeral) == (4, False)
    assert "Waiting in line" in answer.message.text
    assert answer.after_s < 1
    message = sent.message()
    await place.discord.wait_for(lambda: len(message.gallery) == 2)
    assert [one.alt for one in message.gallery] == ["alt of image-0.png", "alt of image-1.png"]
    assert all(one.data.startswith(b"\x89PNG") for one in message.gallery)
    assert (message.gallery[0].width, message.gallery[0].height) == (768, 512)
    assert [edit.text.splitlines()[1:2] for edit in message.edits][1] == ["Running"]
    assert len(message.edits) == 3
    assert [button.label for button in message.buttons] == ["Again"]
    assert "14 of 20 left" in message.text
    assert place.discord.messages(place.channel) == [message]


async def test_a_press_on_cancel_while_the_job_runs(place):
    sent = await place.discord.slash(place.alice, place.channel, "imagine", {"prompt": "slow"})
    message = (await sent.answer()).message
    press = await place.discord.press(place.alice, message, "Cancel")
    answer = await press.answer()
    assert answer.type == 7
    assert answer.message is message
    assert message.text == "Cancelled. Nothing was spent."


async def test_fifty_members_at_once_all_get_their_answer(place):
    members = [place.guild.add_member(f"m{i}") for i in range(50)]
    sent = await asyncio.gather(
        *(place.discord.slash(m, place.channel, "do", {"script": "message"}) for m in members)
    )
    answers = await asyncio.gather(*(one.answer() for one in sent))
    assert len({one.message.id for one in answers}) == 50


async def test_a_private_card_is_for_one_person_only(place):
    sent = await place.discord.slash(
        place.alice, place.channel, "imagine", {"prompt": "x", "private": True}
    )
    answer = await sent.answer()
    assert answer.ephemeral
    assert place.discord.messages(place.channel, place.alice) == [answer.message]
    assert place.discord.messages(place.channel, place.bob) == []
    assert place.discord.messages(place.channel, place.mo) == []
    with pytest.raises(ClientRefused, match="cannot see"):
        await place.discord.press(place.bob, answer.message, "Cancel")


async def test_autocomplete_suggests(place):
    choices = await place.discord.autocomplete(
        place.alice, place.channel, "imagine", "size", "1536"
    )
    assert [one.value for one in choices] == ["1536x1024", "1024x1536"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "required: prompt"),
        ({"prompt": "x", "count": 9}, "count: between 1 and 4"),
        ({"prompt": "x", "quality": "best"}, "not among the choices"),
        ({"prompt": "x", "colour": "red"}, "no option 'colour'"),
        ({"prompt": "x" * 1001}, "prompt: between 1 and 1000"),
        ({"prompt": 7}, "not of the option's type"),
    ],
)
async def test_a_client_does_not_send_what_the_command_does_not_take(place, options, reason):
    with pytest.raises(ClientRefused, match=reason):
        await place.discord.slash(place.alice, place.channel, "imagine", options)
    sent = await place.discord.slash(
        place.alice, place.channel, "imagine", {"prompt": "x", "count": 4}, unchecked=True
    )
    assert (await sent.answer()).type == 4


async def test_a_command_of_moderators_is_hidden_from_members(place):
    path, options = "imagine-admin limit set", {"amount": 5, "member": place.bob}
    with pytest.raises(ClientRefused, match="default-member-permissions"):
        await place.discord.slash(place.alice, place.channel, path, options)
    sent = await place.discord.slash(place.mo, place.channel, path, options)
    answer = await sent.answer()
    assert answer.ephemeral
    assert answer.message.text == f"<@{place.bob.id}>: 5 a day"
    forced = await place.discord.slash(place.alice, place.channel, path, options, unchecked=True)
    assert (await forced.answer()).type == 4


async def test_menus_forms_and_disabled_buttons(place):
    message = (await (await run_script(place, "buttons")).answer()).message
    assert [one.label for one in message.buttons] == ["Form", "Off"]
    with pytest.raises(ClientRefused, match="cannot be pressed"):
        await place.discord.press(place.alice, message, "Off")
    with pytest.raises(ClientRefused, match="no button"):
        await place.discord.press(place.alice, message, "Nowhere")
    choice = await place.discord.select(place.alice, message, "Pick", ["a"])
    assert (await choice.answer()).type == 7
    assert message.text == "picked a"
    with pytest.raises(ClientRefused, match="not among"):
        await place.discord.select(place.alice, message, "Pick", ["b"])
    press = await place.discord.press(place.bob, message, "form")
    assert (await press.answer()).modal["title"] == "Settings"
    with pytest.raises(ClientRefused, match="needs 'Note'"):
        await place.discord.submit(press, {})
    form = await place.discord.submit(press, {"Note": "blue"})
    assert (await form.answer()).message.text == "Noted: blue"


async def test_context_menus_of_a_member_and_of_a_message(place):
    sent = await place.discord.user_menu(place.mo, place.channel, "Image quota", place.bob)
    assert (await sent.answer()).message.text == "Quota of bob"
    message = (await (await run_script(place, "message")).answer()).message
    sent = await place.discord.message_menu(place.bob, message, "Report image")
    assert (await sent.answer()).message.text == f"Reported {message.id}"


async def test_defer_fill_follow_up_edit_and_delete(place):
    sent = await run_script(place, "defer_and_fill")
    answer = await sent.answer()
    assert answer.type == 5
    await place.bot.report(script="defer_and_fill", result=None)
    assert sent.message().text == "filled"
    [follow_up] = sent.followups
    assert follow_up.text == "follow-up, edited"
    assert follow_up.deleted
    assert place.discord.messages(place.channel) == [sent.message()]


def raw_message(place, message):
    """What Discord sends of a message."""
    model = place.discord.state.world.message(message.channel_id, message.id)
    return place.discord.state.message_payload_from(
        place.discord.state.world.message_payload(model)
    )


async def test_direct_messages_and_pings_are_recorded(place):
    await (await run_script(place, "direct_message")).answer()
    [private] = await place.discord.wait_for(lambda: place.discord.direct_messages(place.alice))
    assert private.text.splitlines()[0] == "private pictures"
    assert len(private.gallery) == 1
    await run_script(place, "ping")
    await place.bot.report(script="ping")
    quiet, loud = place.discord.messages(place.channel)[-2:]
    assert not quiet.pinged
    assert quiet.content == loud.content
    # a client that has not met the person cannot show the name in the quiet one
    told = [raw_message(place, one)["mentions"] for one in (quiet, loud)]
    assert [[one["id"] for one in users] for users in told] == [[], [str(place.alice.id)]]
    assert loud.pinged.users == {place.alice.id}
    assert loud.pinged.everyone
    raw = (await (await run_script(place, "raw_ping")).answer()).message
    assert raw.pinged.users == {place.alice.id}
    assert not raw.pinged.everyone


async def test_a_bot_that_is_away_leaves_the_person_without_answer(discord):
    guild = discord.add_guild()
    channel, alice = guild.add_channel(), guild.add_member("alice")
    with pytest.raises(ClientRefused, match="no command"):
        await discord.slash(alice, channel, "imagine", {})
    discord.state.world.register_commands(None, [{"name": "x", "description": "y", "type": 1}])
    sent = await discord.slash(alice, channel, "x")
    with pytest.raises(NoAnswer):
        await sent.answer(0.05)
