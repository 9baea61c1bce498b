"""A small bot of its own process: `/do script:<name>` runs one of SCRIPTS and prints JSON."""

import argparse
import asyncio
import sys

import discord
import discord.http
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket

from tests.standins.discord import sample_own_pictures
from tests.standins.discord.sample_parts import SCRIPTS, card, files, picture, report, script

JOBS = {}


class CancelButton(ui.DynamicItem[ui.Button], template=r"cancel:(?P<job>\d+)"):
    def __init__(self, job):
        self.job = job
        super().__init__(
            ui.Button(label="Cancel", custom_id=f"cancel:{job}", style=discord.ButtonStyle.danger)
        )

    @classmethod
    async def from_custom_id(cls, interaction, item, match):
        return cls(int(match["job"]))

    async def callback(self, interaction):
        job = JOBS.pop(self.job, None)
        if job is not None:
            job.cancel()
        await interaction.response.edit_message(view=card("Cancelled. Nothing was spent."))


class Form(ui.Modal, title="Settings"):
    def __init__(self):
        super().__init__()
        self.note = ui.TextInput(custom_id="note", max_length=50)
        self.add_item(ui.Label(text="Note", component=self.note))

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"Noted: {self.note.value}")


class SampleBot(discord.AutoShardedClient):
    def __init__(self, **options):
        super().__init__(
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        self.add_dynamic_items(CancelButton)
        add_commands(self.tree)
        add_admin_commands(self.tree)
        sample_own_pictures.add_commands(self.tree)
        await self.tree.sync()

    async def before_identify_hook(self, shard_id, *, initial=False):
        return None

    async def on_shard_resumed(self, shard_id):
        report(event="resumed", shard=shard_id)

    async def on_shard_ready(self, shard_id):
        report(event="shard_ready", shard=shard_id)

    async def on_guild_remove(self, guild):
        report(event="removed", guild=guild.id)


def add_commands(tree):
    @tree.command(name="do", description="Run a script")
    @app_commands.guild_only()
    async def do(interaction: discord.Interaction, script: str):
        try:
            result = await SCRIPTS[script](interaction)
        except Exception as error:  # noqa: BLE001 - the tests read what went wrong
            report(
                script=script,
                error=type(error).__name__,
                status=getattr(error, "status", None),
                code=getattr(error, "code", None),
                text=str(error),
            )
        else:
            report(script=script, result=result)

    async def sizes(interaction: discord.Interaction, current: str):
        known = ("1024x1024", "1536x1024", "1024x1536")
        return [app_commands.Choice(name=f"Size {s}", value=s) for s in known if current in s]

    @tree.command(name="imagine", description="Make a picture")
    @app_commands.autocomplete(size=sizes)
    @app_commands.describe(prompt="What to draw", count="How many", size="How large")
    @app_commands.choices(
        quality=[
            app_commands.Choice(name="low", value="low"),
            app_commands.Choice(name="high", value="high"),
        ]
    )
    async def imagine(
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, 1000],
        count: app_commands.Range[int, 1, 4] = 1,
        size: str = "1024x1024",
        quality: str = "low",
        private: bool = False,
    ):
        await make(interaction, prompt, count, private)


def add_admin_commands(tree):
    admin = app_commands.Group(
        name="imagine-admin",
        description="Limits",
        default_permissions=discord.Permissions(manage_guild=True),
    )
    limit = app_commands.Group(name="limit", description="Limits", parent=admin)

    @limit.command(name="set", description="Set a limit")
    async def set_limit(
        interaction: discord.Interaction, amount: int, member: discord.Member | None = None
    ):
        who = member.mention if member else "everyone"
        await interaction.response.send_message(f"{who}: {amount} a day", ephemeral=True)

    tree.add_command(admin)

    @tree.context_menu(name="Image quota")
    async def quota(interaction: discord.Interaction, member: discord.Member):
        await interaction.response.send_message(f"Quota of {member.display_name}", ephemeral=True)

    @tree.context_menu(name="Report image")
    async def report_image(interaction: discord.Interaction, message: discord.Message):
        await interaction.response.send_message(f"Reported {message.id}", ephemeral=True)


async def make(interaction, prompt, count, private):
    """A card at once, a progress edit, then pictures; Cancel works while it runs."""
    job = interaction.id
    button = [CancelButton(job)]
    started = int(interaction.created_at.timestamp())
    text = f"**{prompt}**\nWaiting in line · started <t:{started}:R>\n-# $0.33 held · 14 of 20 left"
    await interaction.response.send_message(view=card(text, button), ephemeral=private)

    async def run():
        await asyncio.sleep(0.3 if "slow" not in prompt else 6)
        await interaction.edit_original_response(view=card(f"**{prompt}**\nRunning", button))
        await asyncio.sleep(0.3 if "slow" not in prompt else 6)
        done = files(count, size=(768, 512))
        await interaction.edit_original_response(
            view=card(f"**{prompt}**", [ui.Button(label="Again", custom_id="again")], gallery=done),
            attachments=done,
        )
        JOBS.pop(job, None)

    JOBS[job] = asyncio.create_task(run())


@script
async def message(interaction):
    await interaction.response.send_message("hello")
    return (await interaction.original_response()).id


@script
async def ephemeral(interaction):
    await interaction.response.send_message("only you", ephemeral=True)


@script
async def defer_and_fill(interaction):
    await interaction.response.defer()
    await interaction.edit_original_response(view=card("filled"))
    sent = await interaction.followup.send("follow-up", wait=True)
    await sent.edit(content="follow-up, edited")
    await sent.delete()


@script
async def buttons(interaction):
    view = ui.View(timeout=None)
    form = ui.Button(label="Form", custom_id="form")
    menu = ui.Select(
        custom_id="menu", placeholder="Pick", options=[discord.SelectOption(label="A", value="a")]
    )

    async def open_form(interaction):
        await interaction.response.send_modal(Form())

    async def picked(interaction):
        await interaction.response.edit_message(content=f"picked {menu.values[0]}")

    form.callback, menu.callback = open_form, picked
    view.add_item(form).add_item(menu)
    view.add_item(ui.Button(label="Off", custom_id="off", disabled=True))
    await interaction.response.send_message("choose", view=view)


@script
async def pictures(interaction):
    await interaction.response.defer()
    done = files(2)
    message = await interaction.edit_original_response(
        view=card("done", gallery=done), attachments=done
    )
    shown = message.components[0].children[1].items[0].media
    data = await interaction.client.http.get_from_cdn(shown.url)
    return data == picture() and not message.attachments


@script
async def big_file(interaction):
    await interaction.response.defer()
    big = files(1, noise=3 * 1024 * 1024)
    await interaction.edit_original_response(attachments=big)


@script
async def big_message(interaction):
    await interaction.response.send_message("wait")
    await interaction.channel.send(files=files(3, noise=9 * 1024 * 1024))


@script
async def late(interaction):
    await asyncio.sleep(3.1)
    await interaction.response.send_message("too late")


@script
async def twice(interaction):
    await interaction.response.send_message("one")
    await interaction.client.http.request(
        discord.http.Route(
            "POST",
            "/interactions/{interaction_id}/{token}/callback",
            interaction_id=interaction.id,
            token=interaction.token,
        ),
        json={"type": 4, "data": {"content": "two"}},
    )


@script
async def many_edits(interaction):
    await interaction.response.send_message("0")
    for number in range(1, 9):
        await interaction.edit_original_response(content=str(number))


@script
async def channel_edits(interaction):
    await interaction.response.send_message("0")
    sent = await interaction.channel.send("a")
    for number in range(1, 8):
        await sent.edit(content=str(number))


@script
async def ephemeral_by_channel(interaction):
    await interaction.response.send_message("mine", ephemeral=True)
    message = await interaction.original_response()
    await interaction.channel.get_partial_message(message.id).edit(content="changed")


@script
async def public_by_channel(interaction):
    await interaction.response.send_message("mine")
    message = await interaction.original_response()
    await interaction.channel.get_partial_message(message.id).edit(content="changed")


@script
async def nonce(interaction):
    await interaction.response.send_message("wait")
    first = await interaction.channel.send("late pictures", nonce="job-7")
    second = await interaction.channel.send("late pictures", nonce="job-7")
    return [first.id, second.id]


@script
async def ping(interaction):
    everyone = discord.AllowedMentions.all()
    text = f"@everyone {interaction.user.mention}"
    await interaction.response.send_message(text)
    await interaction.channel.send(text, allowed_mentions=everyone)


@script
async def raw_ping(interaction):
    """An answer with no allowed_mentions at all: Discord reads users out of it."""
    await interaction.client.http.request(
        discord.http.Route(
            "POST",
            "/interactions/{interaction_id}/{token}/callback",
            interaction_id=interaction.id,
            token=interaction.token,
        ),
        json={"type": 4, "data": {"content": f"{interaction.user.mention} @everyone"}},
    )


@script
async def direct_message(interaction):
    await interaction.response.send_message("look at your messages", ephemeral=True)
    await interaction.user.send(
        view=card("private pictures", gallery=(done := files(1))), files=done
    )


@script
async def many_bytes(interaction):
    await interaction.response.send_message(view=card("写" * 3500))


@script
async def edit_after_wait(interaction):
    """Answers, then edits each time a file of that name may be read from standard input."""
    await interaction.response.send_message("first")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    await interaction.edit_original_response(content="second")


@script
async def in_channel(interaction):
    await interaction.response.send_message("ok")
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return (await interaction.channel.send("in the channel")).id


@script
async def fetch(interaction):
    await interaction.response.send_message("ok")
    message = await interaction.original_response()
    again = await interaction.channel.fetch_message(message.id)
    await again.delete()
    return again.content


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", required=True)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--shards", type=int)
    arguments = parser.parse_args()
    discord.http.Route.BASE = arguments.api
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(arguments.gateway)
    bot = SampleBot(shard_count=arguments.shards)
    bot._connection.guild_ready_timeout = 0.1
    try:
        bot.run(arguments.token, log_level=30)
    except Exception as error:  # noqa: BLE001 - the tests read why it ended
        report(event="ended", error=type(error).__name__, code=getattr(error, "code", None))


if __name__ == "__main__":
    main()
