"""The entry in the menu of members: what one may still make, and has made."""

from discord import app_commands, ui

from bot.chat.interaction.answers import answer
from bot.chat.interaction.people import Person
from bot.chat.interaction.permission import asker, is_moderator
from bot.chat.interaction.services import Interaction, Services
from bot.chat.moderation.members.card import member_card
from bot.chat.moderation.options import menu_entry
from bot.core.codes import AccessCode
from bot.core.errors import NotAllowed

QUOTA = "Image quota"


def build_member_entry(services: Services) -> app_commands.ContextMenu:
    """Build the entry."""

    async def show(interaction: Interaction, member: Person) -> None:
        # A server may show the entry to everybody: they see of themselves what `/quota` tells too.
        is_mod = await is_moderator(interaction)
        if not is_mod and member.id != interaction.user.id:
            raise NotAllowed(AccessCode.NOT_OF_OTHERS)
        await answer(interaction, read(interaction, member, has_buttons=is_mod and not member.bot))

    async def read(interaction: Interaction, member: Person, *, has_buttons: bool) -> ui.LayoutView:
        overview = await services.moderation.overview(asker(interaction, member))
        record = await services.member_activity.record(interaction.guild_id or 0, member.id)
        return member_card(member.id, overview, record, has_buttons=has_buttons)

    return menu_entry(QUOTA, show)
