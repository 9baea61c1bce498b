"""`/imagine`: its options, with what the host's model offers."""

from typing import Any, cast

from discord import app_commands

from bot.chat.imagine.submit import Draft, submit
from bot.chat.interaction.services import Interaction, Services, Suggest
from bot.core.errors import IllegalSize
from bot.core.models.model import Model
from bot.core.models.options import Format
from bot.core.money import format_usd
from bot.core.preferences import Defaults
from bot.texts.sizes import rule_text

_CHOICES_MAX = 25
_CHOICE_NAME_MAX = 100


def build_imagine(services: Services) -> app_commands.Command[Any, ..., None]:
    """Build the command with what the host's model offers, at its prices for the default size."""
    host = services.defaults
    model = host.model

    @app_commands.command(name="imagine", description="Make pictures from a description")
    @app_commands.guild_install()
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    @app_commands.describe(
        prompt="What the pictures show",
        size="A name or width x height; the server's default if left out",
        quality="More costs more; the server's default if left out",
        count="How many pictures; the server's default if left out",
        format=f"The file format, {model.formats[0]} if left out",
        private="Show card and pictures only to you; moderators can look the prompt up",
    )
    @app_commands.choices(
        quality=[
            app_commands.Choice(name=_quality_label(host, q), value=q) for q in model.qualities
        ],
        format=[app_commands.Choice(name=f.value, value=f.value) for f in model.formats],
    )
    @app_commands.autocomplete(size=_completer(model))
    async def imagine(  # noqa: PLR0913, PLR0917 - the options of the command
        interaction: Interaction,
        prompt: app_commands.Range[str, 1, model.prompt_max_chars],
        size: str | None = None,
        quality: str | None = None,
        count: app_commands.Range[int, 1, model.count_max] | None = None,
        format: str = model.formats[0].value,  # noqa: A002 - the option's name
        private: bool = False,
    ) -> None:
        draft = Draft(prompt, size, quality, count, Format(format), private)
        await submit(interaction, draft)

    return cast("app_commands.Command[Any, ..., None]", imagine)


def _quality_label(host: Defaults, quality: str) -> str:
    price = format_usd(host.model.picture_microusd(host.size, quality))
    return f"{quality.capitalize()} · {price} a picture at {host.size.shown}"


def _completer(model: Model) -> Suggest:
    async def complete(_: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return _sizes_for(model, typed)

    return complete


def _sizes_for(model: Model, typed: str) -> list[app_commands.Choice[str]]:
    """Offer the named sizes; what is typed is judged at once."""
    wanted = typed.strip().casefold()
    named = [
        app_commands.Choice(name=f"{name} · {size.shown}", value=str(size))
        for name, size in model.named_sizes.items()
        if wanted in f"{name} {size} {size.shown}".casefold()
    ]
    if not wanted or named:
        return named[:_CHOICES_MAX]
    try:
        size = model.parse_size(typed)
    except IllegalSize as error:
        return _correction(error, typed, named)
    return [app_commands.Choice(name=size.shown, value=str(size))]


def _correction(
    error: IllegalSize, typed: str, named: list[app_commands.Choice[str]]
) -> list[app_commands.Choice[str]]:
    rule = app_commands.Choice(
        name=f"✗ not possible: {rule_text(error.rule)}"[:_CHOICE_NAME_MAX], value=typed[:100]
    )
    if error.nearest is None:
        return [rule, *named]
    nearest = app_commands.Choice(
        name=f"{error.nearest} · the nearest possible size", value=error.nearest
    )
    return [rule, nearest]
