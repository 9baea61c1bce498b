"""Interactions made by hand: whoever has no rights here changes nothing and reads nothing.

What the bot registers and what its code knows is read from it, so that something new without a case
in `tests.hand_made` fails.
"""

import re

import pytest

from bot.chat.client import FEATURES, ImagineClient
from bot.chat.moderation.members.command import QUOTA
from bot.chat.moderation.reports.command import REMOVE, REPORT
from standins.discord import Channel
from tests.end_to_end.test_menus import ask
from tests.hand_made import (
    BROKEN,
    MODAL,
    SECRETS,
    choose_message,
    commands,
    custom_ids,
    everything,
    forms,
    leaves,
    open_to_all,
    prepared,
    said,
    suggesting,
)
from tests.stage import staged

ONLY_SERVERS = "only in servers"
REFUSED = ("Only members who may manage the server", "Only the member who asked for it")


@pytest.fixture
async def scene(tmp_path):
    async with staged(tmp_path, FAL_CONCURRENCY="1") as stage:
        yield await prepared(stage)


async def test_everything_that_is_registered_or_found_again_has_a_case(scene):
    stage = scene.stage
    cases = {name for name, _ in commands(scene, stage.guild)}
    assert cases == set(leaves(stage.discord.commands["imagine-admin"]))
    entries = {n for n, one in stage.discord.commands.items() if one.get("type", 1) != 1}
    assert entries == {QUOTA, REMOVE, REPORT}

    client = ImagineClient(shard_count=None, shard_ids=None)
    templates = list(client._connection._view_store._dynamic_items)
    ids = custom_ids(scene)
    assert_all_are_matched([template.pattern for template in templates], ids)
    offered = [form.template for feature in FEATURES for form in feature.forms]
    assert_all_are_matched(offered, forms(scene))


def assert_all_are_matched(templates, ids):
    """Each template has a case, and each case is for exactly one of them."""
    for template in templates:
        assert any(re.fullmatch(template, one) for one in ids), template
    for one in ids:
        assert len([t for t in templates if re.fullmatch(t, one)]) == 1, one


async def test_a_member_without_rights_is_refused_everywhere_and_nothing_changes(scene):
    stage = scene.stage
    carol = stage.guild.add_member("carol")
    before, shown = scene.database(), scene.report_card.components
    for name, sent in await everything(scene, carol, stage.channel):
        text = await said(stage, sent)
        allowed = open_to_all(scene).get(name)
        wanted = REFUSED if allowed is None else (allowed,)
        assert any(part in text for part in wanted), (name, text)
        assert not any(secret in text for secret in SECRETS), (name, text)
    for path, option in suggesting(stage):
        for typed in ("", "a", scene.job_id, scene.link):
            found = await stage.discord.autocomplete(
                carol, stage.channel, path, option, typed, unchecked=True
            )
            assert not any(secret in str(found) for secret in SECRETS), (path, found)
    after = scene.database()
    changed = {table for table in before if before[table] != after[table]}
    # Any member may report pictures, and that is all that was done.
    assert changed == {"audit", "report_voices"}
    by_carol = "SELECT kind FROM audit WHERE actor_id = CAST(? AS INTEGER)"
    assert ask(stage, by_carol, str(carol.id)) == [("report.join",)]
    assert len(after["audit"]) == len(before["audit"]) + 1
    assert scene.report_card.components == shown
    assert not stage.discord.violations


async def test_a_moderator_of_another_server_changes_and_reads_nothing_of_this_one(scene):
    stage = scene.stage
    other = stage.discord.add_guild("Elsewhere")
    channel, stan = other.add_channel("pictures"), other.add_admin("stan")
    before = scene.database(stage.guild.id)
    sent = await everything(scene, stan, channel)
    sent += [
        (REPORT, choose_message(scene, stan, channel, message, REPORT))
        for message in (scene.card, scene.report_card)
    ]
    for name, one in sent:
        text = await said(stage, one)
        assert BROKEN not in text, (name, text)
        told = [secret for secret in SECRETS if secret in text]
        # What was typed is repeated to whoever typed it.
        assert not told or (name.startswith("imagine-admin words") and told == ["quagga"]), text
        if any(part in name for part in (REMOVE, REPORT, "report:", "remove:")):
            assert (await one.answer()).type != MODAL, name
    for path, option in suggesting(stage):
        for typed in ("", "a", scene.job_id, scene.link):
            found = await stage.discord.autocomplete(stan, channel, path, option, typed)
            assert not any(secret in str(found) for secret in SECRETS), (path, found)
    assert scene.database(stage.guild.id) == before
    kinds = "SELECT DISTINCT kind FROM audit WHERE server_id = CAST(? AS INTEGER)"
    done = {kind for (kind,) in ask(stage, kinds, str(other.id))}
    assert {"limit.set", "gift.give", "block.add", "words.add", "pause.on"} <= done
    assert not {"cancel.job", "image.remove", "member.warn", "report.open"} & done


async def test_nothing_works_in_direct_messages_where_there_is_no_server(scene):
    stage, moderator = scene.stage, scene.stage.moderator
    direct = Channel(stage.discord.state.world.dm_channel_id(moderator.id), "", None)
    before = scene.database()
    sent = await everything(scene, moderator, direct)
    for name, options in (("imagine", {"prompt": "a heron"}), ("quota", {})):
        one = await stage.discord.slash(moderator, direct, name, options, unchecked=True)
        sent.append((name, one))
    for message in (scene.card, scene.report_card):
        one = choose_message(scene, moderator, direct, message, REPORT)
        sent.append((REPORT, one))
    for name, one in sent:
        text = await said(stage, one)
        allowed = open_to_all(scene).get(name)
        wanted = (*REFUSED, ONLY_SERVERS) if allowed is None else (allowed, "in this server")
        assert any(part in text for part in wanted), (name, text)
        assert not any(secret in text for secret in SECRETS), (name, text)
    assert scene.database() == before
