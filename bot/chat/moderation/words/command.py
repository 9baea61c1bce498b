"""`/imagine-admin words`: what prompts may not hold."""

from discord import app_commands

from bot.chat.interaction.answers import answer_privately, in_time
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.words.buttons import read_words_page
from bot.chat.moderation.words.cards import added_card, removed_card, tried_card
from bot.core.prompts import PROMPT_MAX_CHARS
from bot.core.wordfilter.words import ENTRY_MAX_CHARS, Kind

_KINDS = [
    app_commands.Choice(name="word: the whole word or phrase", value=Kind.WORD.value),
    app_commands.Choice(name="pattern: * and ? stand for letters", value=Kind.PATTERN.value),
    app_commands.Choice(name="regex: a regular expression (RE2)", value=Kind.REGEX.value),
]
_CHOICES_MAX = 25
_CHOICE_NAME_MAX = 100


def add_words(services: Services, admin: app_commands.Group) -> None:
    """Add the commands to the group."""
    words = app_commands.Group(
        name="words", description="Words that prompts may not hold", parent=admin
    )
    _add_add(services, words)
    _add_remove(services, words)
    _add_list(services, words)


def _add_add(services: Services, group: app_commands.Group) -> None:
    @group.command(name="add", description="Refuse prompts with a word, a phrase or a pattern")
    @app_commands.choices(kind=_KINDS)
    @app_commands.describe(
        text="bad, or several words; disguises like b.a.d, b4d and baaad are seen through",
        kind="A whole word if left out; bad* is a pattern",
        reason="Why; moderators read it in the list and the audit",
    )
    async def words_add(
        interaction: Interaction,
        text: app_commands.Range[str, 1, ENTRY_MAX_CHARS],
        kind: str = Kind.WORD.value,
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        adding = services.words.add(
            interaction.guild_id or 0,
            Kind(kind),
            text,
            actor_id=interaction.user.id,
            reason=reason,
        )
        added = await in_time(interaction, adding, is_private=True)
        await answer_privately(interaction, added_card(added.entry, added.before))


def _add_remove(services: Services, group: app_commands.Group) -> None:
    async def complete(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        listed = await services.words.listed(interaction.guild_id or 0)
        wanted = typed.strip().lower()
        texts = [one.entry.text for one in listed if wanted in one.entry.text.lower()]
        return [
            app_commands.Choice(name=text[:_CHOICE_NAME_MAX], value=text)
            for text in texts[:_CHOICES_MAX]
        ]

    @group.command(name="remove", description="Accept prompts with a word or pattern again")
    @app_commands.autocomplete(text=complete)
    @app_commands.describe(
        text="As it stands on the list", reason="Why; moderators read it in the audit"
    )
    async def words_remove(
        interaction: Interaction,
        text: app_commands.Range[str, 1, ENTRY_MAX_CHARS],
        reason: app_commands.Range[str, 1, 200] = "",
    ) -> None:
        removing = services.words.remove(
            interaction.guild_id or 0, text, actor_id=interaction.user.id, reason=reason
        )
        entry = await in_time(interaction, removing, is_private=True)
        await answer_privately(interaction, removed_card(entry))


def _add_list(services: Services, group: app_commands.Group) -> None:
    @group.command(name="list", description="What is refused; or whether a prompt would be")
    @app_commands.describe(prompt="Try this prompt: tells which entries would refuse it")
    async def words_list(
        interaction: Interaction,
        prompt: app_commands.Range[str, 1, PROMPT_MAX_CHARS] | None = None,
    ) -> None:
        server_id = interaction.guild_id or 0
        if prompt is None:
            reading = read_words_page(services.words, server_id)
            card = await in_time(interaction, reading, is_private=True)
        else:
            trying = services.words.found_in(server_id, prompt)
            card = tried_card(prompt, await in_time(interaction, trying, is_private=True))
        await answer_privately(interaction, card)
