"""More of the sample bot: pictures that members bring, whole forms, private messages."""

from typing import Any

import discord
from discord import app_commands, ui

from tests.standins.discord.sample_parts import card, files, report, script

STYLES = {"Oil on canvas": "oil", "Pencil": "pencil"}


def add_commands(tree):
    async def styles(interaction: discord.Interaction, current: str):
        return [app_commands.Choice(name=name, value=value) for name, value in STYLES.items()]

    @tree.command(name="edit", description="Change a picture")
    @app_commands.autocomplete(style=styles)
    async def edit(
        interaction: discord.Interaction,
        image: discord.Attachment,
        style: str = "",
        other: discord.Attachment | None = None,
    ):
        data = await image.read()
        report(
            edit=style,
            size=len(data),
            sides=[image.width, image.height],
            kind=image.content_type,
            ephemeral=image.ephemeral,
            url=image.url,
            other=other.filename if other else None,
        )
        await interaction.response.send_message("taken", ephemeral=True)

    @tree.command(name="history", description="Your pictures")
    @app_commands.allowed_contexts(guilds=True, dms=True)
    async def history(interaction: discord.Interaction):
        context, options = interaction.context, interaction.app_permissions
        report(history=[context.guild, context.dm_channel], attach=options.attach_files)
        again = ui.Button(label="Again", custom_id="again-here")

        async def pressed(interaction):
            await interaction.response.send_modal(Words())

        again.callback = pressed
        await interaction.response.send_message(view=card("none yet", [again]), ephemeral=True)


class Words(ui.Modal, title="Words"):
    words = ui.Label(text="Prompt", component=ui.TextInput(default="a fox", max_length=4000))

    async def on_submit(self, interaction):
        words: Any = self.words.component
        await interaction.response.send_message(f"Asked for {words.value}")


class Everything(ui.Modal, title="Everything"):
    prompt = ui.Label(text="Prompt", component=ui.TextInput(default="a fox", max_length=4000))
    images = ui.Label(text="Images", component=ui.FileUpload(max_values=2, required=False))
    size = ui.Label(
        text="Size",
        component=ui.RadioGroup(
            options=[
                discord.RadioGroupOption(label="Square", value="1:1", default=True),
                discord.RadioGroupOption(label="Wide", value="16:9"),
            ]
        ),
    )
    more = ui.Label(
        text="More",
        component=ui.CheckboxGroup(
            min_values=0,
            required=False,
            options=[discord.CheckboxGroupOption(label=one, value=one) for one in ("a", "b", "c")],
        ),
    )
    who = ui.Label(text="For", component=ui.UserSelect(min_values=0, required=False))

    async def on_submit(self, interaction):
        fields: Any = (self.prompt, self.images, self.size, self.more, self.who)
        prompt, images, size, more, who = (one.component for one in fields)
        report(
            form=prompt.value,
            images=[[one.filename, len(await one.read())] for one in images.values],
            size=size.value,
            more=more.values,
            who=[one.id for one in who.values],
        )
        await interaction.response.send_message("filled in")


@script
async def whole_form(interaction):
    await interaction.response.send_modal(Everything())


@script
async def swap_by_answer(interaction):
    """A button that puts new pictures into its message: by the first answer, then by an edit."""
    swap = ui.Button(label="Swap", custom_id="swap")

    async def pressed(interaction):
        try:
            new = files(1)
            await interaction.response.edit_message(view=card("new", gallery=new), attachments=new)
        except discord.HTTPException as error:
            report(swapped=error.status, code=error.code, text=error.text)
        new = files(1)
        await interaction.response.defer()
        await interaction.edit_original_response(view=card("new", gallery=new), attachments=new)
        report(swapped="by an edit")

    swap.callback = pressed
    await interaction.response.defer()
    done = files(2)
    view = card("old", [swap], gallery=done)
    await interaction.edit_original_response(view=view, attachments=done)


@script
async def change_by_answer(interaction):
    """A button that changes nothing but the text, and so loses the pictures."""
    change = ui.Button(label="Change", custom_id="change")

    async def pressed(interaction):
        await interaction.response.edit_message(content="changed")

    change.callback = pressed
    view = ui.View(timeout=None)
    view.add_item(change)
    await interaction.response.send_message("classic", files=files(2), view=view)
