"""Menus of the local Discord: what a bot may send, and what a person can choose."""

import pytest

from standins.discord.errors import ApiError, ClientRefused
from standins.discord.message_rules import check_message
from standins.discord.messages import Select
from tests.end_to_end.test_settings_panel import Panel
from tests.stage import staged


def message(**menu):
    return {"components": [{"type": 1, "components": [{"custom_id": "x", **menu}]}]}


def options(*chosen, count=3):
    return [{"label": str(n), "value": str(n), "default": n in chosen} for n in range(count)]


@pytest.mark.parametrize(
    "menu",
    [
        {"type": 3, "options": options(1)},
        {"type": 3, "options": options()},
        {"type": 3, "options": options(0, 1), "max_values": 2},
        {"type": 8, "min_values": 0, "default_values": []},
        {"type": 8, "max_values": 2, "default_values": [{"id": "1", "type": "channel"}]},
        {"type": 7, "default_values": [{"id": "1", "type": "role"}]},
    ],
)
def test_menus_that_discord_takes(menu):
    check_message(message(**menu), [], 1)


@pytest.mark.parametrize(
    ("menu", "said"),
    [
        ({"type": 3, "options": options(0, 1)}, "more are chosen by default"),
        ({"type": 3, "options": options(), "max_values": 4}, "max_values"),
        ({"type": 8, "default_values": []}, "default_values"),
        ({"type": 8, "default_values": [{"id": "1", "type": "user"}]}, "default_values.type"),
        (
            {"type": 8, "default_values": [{"id": str(n), "type": "channel"} for n in range(2)]},
            "default_values",
        ),
    ],
)
def test_menus_that_discord_refuses(menu, said):
    with pytest.raises(ApiError, match=said) as refused:
        check_message(message(**menu), [], 1)
    assert refused.value.status == 400


async def test_a_client_offers_only_what_the_menu_does(tmp_path):
    async with staged(tmp_path) as stage:
        panel = await Panel.open(stage)
        await panel.press("Channels")
        only: Select = panel.menu("only")
        assert (only.minimum, only.maximum) == (0, 25)
        assert 0 in only.channel_types

        async def refused(values, menu=only.custom_id):
            with pytest.raises(ClientRefused):
                await stage.discord.select(stage.moderator, panel.message, menu, values)

        await refused([stage.channel, stage.channel])
        await refused([stage.alice])
        await refused(["a text"])
        await refused([stage.channel, stage.guild.add_channel("b")], panel.menu("log").custom_id)
        await refused([], "settings:nowhere")
        with pytest.raises(ClientRefused, match="cannot see"):
            await stage.discord.select(stage.alice, panel.message, only.custom_id, [stage.channel])
