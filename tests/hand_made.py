"""Interactions as a program would send them, whatever a client hides, and a scene to send them at.

Every command below `/imagine-admin`, every button and menu of a card and every form has a case.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from bot.chat.moderation.members.command import QUOTA
from bot.chat.moderation.reports.command import REMOVE
from bot.chat.moderation.settings import panel as settings_panel
from standins.discord import Channel, DiscordMessage, Guild, Member, SentInteraction
from tests.end_to_end.test_menus import add_log_channel, ask, picture, report, report_card
from tests.stage import Stage

BROKEN = "Something went wrong"
MODAL, DEFERRED = 9, (5, 6)
BUTTON, MENU, CHANNELS = 2, 3, 8

SECRETS = ("zebra", "mosaic", "whisper", "quagga")
"""What is told in the first server only: a prompt, a private prompt, reasons, a word."""


@dataclass
class Scene:
    """A server in which everything stands that could be changed or told."""

    stage: Stage
    job_id: str
    running_id: str
    private_id: str
    report_id: str
    row_id: str
    card: DiscordMessage
    report_card: DiscordMessage
    log: Channel

    @property
    def link(self) -> str:
        return (
            f"https://discord.com/channels/{self.stage.guild.id}/{self.card.channel_id}"
            f"/{self.card.id}"
        )

    def database(self, server_id: int | None = None) -> dict[str, list]:
        """All that stands in the database, perhaps only of one server."""
        with closing(sqlite3.connect(self.stage.folder / "bot.db", timeout=10)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {name: _rows(connection, name, server_id) for (name,) in tables.fetchall()}


def _rows(connection: sqlite3.Connection, table: str, server_id: int | None) -> list:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    where = ""
    if server_id is not None and "server_id" in columns:
        where = f" WHERE server_id = {server_id}"
    return sorted(map(repr, connection.execute(f"SELECT * FROM {table}{where}")))


async def prepared(stage: Stage) -> Scene:
    """Limits, a gift, a block, a word, a report, pictures, a running job; all of one server."""
    log = add_log_channel(stage)
    for name, options in (
        ("limit set", {"amount": "20", "unit": "images", "window": "day", "reason": "whisper 1"}),
        (
            "gift",
            {
                "member": stage.alice,
                "amount": "3",
                "unit": "images",
                "until": "3d",
                "reason": "whisper 2",
            },
        ),
        ("block add", {"member": stage.bob, "reason": "whisper 3"}),
        ("words add", {"text": "quagga", "reason": "whisper 4"}),
    ):
        sent = await stage.discord.slash(
            stage.moderator, stage.channel, f"imagine-admin {name}", options
        )
        assert BROKEN not in (await stage.reply(sent)).text
    card = await picture(stage, prompt="a zebra at dusk")
    secret = await picture(stage, prompt="a mosaic at dusk", private=True)
    await report(stage, card)
    stage.fal.hold()
    await stage.wait_text(await stage.card(prompt="a zebra in line"), "Waiting at fal")
    report_view = await report_card(stage, log)
    # The log channel has told everything, so that nothing changes by itself any more.
    await stage.until(lambda: not ask(stage, "SELECT id FROM notices"))

    def one(sql: str, *args: str) -> str:
        return ask(stage, sql, *args)[0][0]

    by_message = "SELECT id FROM jobs WHERE message_id = CAST(? AS INTEGER)"
    return Scene(
        stage=stage,
        job_id=one(by_message, str(card.id)),
        running_id=one("SELECT id FROM jobs WHERE state = 'queued'"),
        private_id=one(by_message, str(secret.id)),
        report_id=one("SELECT id FROM reports"),
        row_id=one("SELECT MAX(id) FROM audit"),
        card=card,
        report_card=report_view,
        log=log,
    )


# ---------------------------------------------------------------------- what there is to send


def commands(scene: Scene, people: Guild) -> list[tuple[str, dict[str, Any]]]:
    """Options for each command below `/imagine-admin` that would change or tell something."""
    alice, bob = scene.stage.alice, scene.stage.bob
    if people is not scene.stage.guild:
        # Discord resolves who is no member here as a user.
        alice, bob = (Member(one.id, one.name, people) for one in (alice, bob))
    role, channel = people.add_role("painters"), people.add_channel("elsewhere")
    rule = {"unit": "images", "window": "day"}
    return [
        ("limit set", rule | {"amount": "1000", "role": role}),
        ("limit clear", rule | {"whole_server": False}),
        ("limit list", {"member": alice}),
        ("gift", {"member": bob, "amount": "100", "unit": "images", "until": "3d"}),
        ("block add", {"member": alice, "reason": "because"}),
        ("block remove", {"member": bob}),
        ("block list", {"member": bob}),
        ("words add", {"text": "heron"}),
        ("words remove", {"text": "quagga"}),
        ("words list", {"prompt": "a heron in q.u.a.g.g.a style"}),
        ("settings", {}),
        ("usage", {"period": "this month"}),
        ("audit", {"member": alice, "kind": "gift"}),
        ("job", {"job": scene.link}),
        ("cancel", {"job": scene.running_id, "reason": "because"}),
        ("export", {"what": "jobs", "period": "all"}),
        ("limit set", rule | {"amount": "1", "channel": channel}),
    ]


def custom_ids(scene: Scene) -> dict[str, int]:
    """An id of every button and menu, with the type of its component."""
    alice, bob = scene.stage.alice.id, scene.stage.bob.id
    buttons = [
        f"cancel:{scene.running_id}",
        f"audit:n:{scene.row_id}:0:",
        f"audit:o:{'z' * 16}:{alice}:gift",
        "usage_csv:2026-01-01:2026-12-31",
        "limits:gone",
        "words:p:0",
        "words:n:1",
        f"member:gift:{bob}",
        f"member:block:{alice}",
        f"member:unblock:{bob}",
        *(f"report:{one}:{scene.report_id}" for one in ("remove", "warn", "block", "dismiss")),
        *(f"settings:page:{page}" for page in ("overview", "pictures", "channels", "rules")),
        *(f"settings:form:{form}" for form in settings_panel.FORMS),
        *(f"settings:do:{deed}" for deed in settings_panel.DEEDS),
    ]
    selects = [f"settings:set:{what}:1" for what in settings_panel.MENUS]
    channels = [f"settings:channels:{what}:1" for what in ("only", "except", "log")]
    return (
        dict.fromkeys(buttons, BUTTON)
        | dict.fromkeys(selects, MENU)
        | dict.fromkeys(channels, CHANNELS)
    )


def forms(scene: Scene) -> dict[str, dict[str, str]]:
    """An id of every form that changes something, with what is typed into it."""
    until = {"reason": "because", "until": "3d"}
    sizes = dict.fromkeys(("default_size", "max_size"), "1024x1024")
    panel = {"zone": "Berlin", "pause": "Gone.", **sizes}
    return {
        f"remove:{scene.job_id}": {"reason": "because"},
        f"report:{scene.job_id}": {"reason": "because"},
        f"report:remove:{scene.report_id}": {"reason": "because"},
        f"report:warn:{scene.report_id}": {"reason": "because"},
        f"report:block:{scene.report_id}": until,
        f"member:gift:{scene.stage.bob.id}": {"amount": "100", "unit": "images", "until": "3d"},
        f"member:block:{scene.stage.alice.id}": until,
        f"member:unblock:{scene.stage.bob.id}": {"reason": "because"},
        **{f"settings:typed:{what}": {"typed": typed} for what, typed in panel.items()},
    }


def open_to_all(scene: Scene) -> dict[str, str]:
    """Ids of what every member may do here, with a part of the answer."""
    return {f"report:{scene.job_id}": "**Thank you.**"}


def leaves(command: dict[str, Any], path: str = "") -> Iterator[str]:
    below = [one for one in command.get("options", []) if one["type"] in (1, 2)]
    for one in below:
        yield from leaves(one, f"{path} {one['name']}".strip())
    if not below:
        yield path


def suggesting(stage: Stage) -> Iterator[tuple[str, str]]:
    """Every command with an option that suggests something."""

    def walk(node: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
        for one in node.get("options", []):
            if one["type"] in (1, 2):
                yield from walk(one, f"{path} {one['name']}")
            elif one.get("autocomplete"):
                yield path, one["name"]

    yield from walk(stage.discord.commands["imagine-admin"], "imagine-admin")


# ---------------------------------------------------------------------- how it is sent


def send(stage: Stage, member: Member, channel: Channel, kind: str, data: Any, **more):
    """Send an interaction as a program would, with a message that has the component."""
    state = stage.discord.state
    number = {"command": 2, "press": 3, "autocomplete": 4, "modal": 5}[kind]
    record, payload = state.world.new_interaction(number, channel.id, member.id, data)
    if "message" in more:
        record.source_message_id = int(more["message"]["id"])
    return state.send_interaction(record, payload | more, kind=kind)


def press(
    scene: Scene, member: Member, card: DiscordMessage, custom_id: str, kind: int
) -> SentInteraction:
    """Use a button or a menu as if it stood on a card that the person has."""
    stage = scene.stage
    data: dict[str, Any] = {"custom_id": custom_id, "component_type": kind, "id": 7}
    component: dict[str, Any] = {"type": kind, "id": 7, "custom_id": custom_id}
    if kind == BUTTON:
        component |= {"style": 2, "label": "x"}
    elif kind == MENU:
        value = "none" if "private" not in custom_id else "no"
        value = "always" if "spoilers" in custom_id else value
        component["options"] = [{"label": "x", "value": value}]
        data["values"] = [value]
    else:
        shown = stage.discord.state.world.channel_payload(scene.log.id) | {"permissions": "0"}
        data |= {"values": [str(scene.log.id)]}
        data["resolved"] = {"channels": {str(scene.log.id): shown}}
    row = {"type": 1, "id": 6, "components": [component]}
    message = stage.discord.state.world.message_payload(card.model) | {"components": [row]}
    channel = Channel(card.channel_id, "", member.guild.id)
    return send(stage, member, channel, "press", data, message=message)


def submit(
    stage: Stage, member: Member, card: DiscordMessage, custom_id: str, typed: dict[str, str]
) -> SentInteraction:
    """Send a form as if a button of a card that the person has had opened it."""
    labels = [
        {
            "type": 18,
            "id": number,
            "component": {"type": 4, "id": 10 + number, "custom_id": name, "value": value},
        }
        for number, (name, value) in enumerate(typed.items(), 1)
    ]
    data = {"custom_id": custom_id, "components": labels}
    message = stage.discord.state.world.message_payload(card.model)
    channel = Channel(card.channel_id, "", member.guild.id)
    return send(stage, member, channel, "modal", data, message=message)


def choose_message(
    scene: Scene, member: Member, channel: Channel, message: DiscordMessage, menu: str
) -> SentInteraction:
    """Choose an entry in the menu of a message, also of one that stands elsewhere."""
    state = scene.stage.discord.state
    root = scene.stage.discord.commands[menu]
    payload = state.message_payload_from(state.world.message_payload(message.model))
    data = {"id": root["id"], "name": menu, "type": 3, "target_id": str(message.id)}
    data["resolved"] = {"messages": {str(message.id): payload}}
    return send(scene.stage, member, channel, "command", data)


async def everything(
    scene: Scene, member: Member, channel: Channel, own_card: DiscordMessage | None = None
) -> list[tuple[str, SentInteraction]]:
    """Send all of it; nothing waits for an answer, but for that to be the card that is used."""
    stage = scene.stage
    sent: list[tuple[str, SentInteraction]] = []
    for name, options in commands(scene, member.guild):
        path = f"imagine-admin {name}"
        one = await stage.discord.slash(member, channel, path, options, unchecked=True)
        sent.append((path, one))
    target = Member(stage.alice.id, "alice", member.guild)
    one = await stage.discord.user_menu(member, channel, QUOTA, target, unchecked=True)
    sent.append((QUOTA, one))
    for message in (scene.card, scene.report_card):
        one = choose_message(scene, member, channel, message, REMOVE)
        sent.append((REMOVE, one))
    if own_card is None:
        quota = await stage.discord.slash(member, channel, "quota", unchecked=True)
        own_card = await stage.reply(quota)
    for custom_id, kind in custom_ids(scene).items():
        sent.append((custom_id, press(scene, member, own_card, custom_id, kind)))
    for custom_id, typed in forms(scene).items():
        sent.append((custom_id, submit(stage, member, own_card, custom_id, typed)))
    return sent


async def said(stage: Stage, sent: SentInteraction) -> str:
    """All that an interaction was answered with, which only its person may see."""
    answer = await sent.answer(10)
    if answer.type == MODAL:
        return json.dumps(answer.modal)
    if answer.type in DEFERRED:
        await stage.discord.wait_for(lambda: _texts(sent), 10, "what fills a pause")
    return "\n".join(_texts(sent))


def _texts(sent: SentInteraction) -> list[str]:
    found = [one for one in (sent.original, *sent.followups) if one is not None and one.text]
    assert all(one.ephemeral for one in found)
    return [json.dumps(one.components, ensure_ascii=False) for one in found]
