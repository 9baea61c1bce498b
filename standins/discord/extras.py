"""What SimCord's page lacks: more than one channel, and the menus of messages and of members.

Both ride on actions that the page knows. To look at another channel is to change the viewer, named
`viewer@channel`; to choose an entry of a menu is to press a button that no message has.
"""

# ruff: noqa: SLF001 - SimCord has no public name for what is put right here
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from simcord.backend.access import can_access_channel
from simcord.backend.errors import SetupError
from simcord.builders import ChannelHandle
from simcord.enums import AppCommandType
from simcord.results import ResponseMessage

_MENU = ":menu:"
"""In the key of a control: `message:<id>:component:menu:message:<entry>`, or
`message:<id>:component:menu:<member id>:<entry>`."""

_Plan = Callable[[Any, int], Awaitable[dict[str, Any]]]


class Extras:
    """Hangs channels and menus into the private steps of SimCord's page.

    Args:
        preview: The page; one that is not open yet.
        channels: What can be looked at; the first at once.
    """

    def __init__(self, preview: Any, channels: Sequence[ChannelHandle]) -> None:
        self._preview = preview
        self._home = channels[0]
        self._channels = {one.id: one for one in channels}
        prepare, publish = preview._prepare_action, preview._publish

        def prepare_menus(page: Any, kind: str, body: Mapping[str, Any]) -> Any:
            key = str(body.get("control_key"))
            if kind == "click" and _MENU in key:
                return self._menu_plan(page, body, key.partition(_MENU)[2])
            return prepare(page, kind, body)

        def publish_more(page: Any, **why: Any) -> None:
            publish(page, **why)
            page.snapshot["places"] = self._places(page)
            page.snapshot["menus"] = {
                "message": self._entries(page, AppCommandType.MESSAGE),
                "member": self._entries(page, AppCommandType.USER),
            }

        preview._prepare_action = prepare_menus
        preview._publish = publish_more

    @contextmanager
    def at_home(self, page: Any, body: Mapping[str, Any]) -> Generator[Mapping[str, Any]]:
        """Let an action happen in the channel that its page shows, or change that channel."""
        if page is not None and body.get("kind") == "viewer":
            viewer_id, _, channel_id = str(body.get("viewer_id")).partition("@")
            body = {**body, "viewer_id": viewer_id}
            self._place(page, viewer_id, channel_id)
        if page is not None:
            self._preview.channel = self._channels[page.channel_id]
        try:
            yield body
        finally:
            self._preview.channel = self._home

    def _place(self, page: Any, viewer_id: str, channel_id: str) -> None:
        """Choose the channel that a viewer looks at: the one named, or the same as before."""
        viewer = next((one for one in self._preview.viewers if str(one.id) == viewer_id), None)
        named = next((one for one in self._channels if str(one) == channel_id), page.channel_id)
        if viewer is None:
            return
        may_see = can_access_channel(self._preview.env, named, viewer, history=True)
        page.channel_id = named if may_see else self._home.id

    def _places(self, page: Any) -> list[dict[str, Any]]:
        return [
            {"id": str(one.id), "name": one.name, "here": one.id == page.channel_id}
            for one in self._channels.values()
            if can_access_channel(self._preview.env, one.id, page.viewer, history=True)
        ]

    def _entries(self, page: Any, kind: AppCommandType) -> list[str]:
        found = self._preview.env.backend.visible_commands(
            user_id=page.viewer.id, channel_id=page.channel_id, type=kind
        )
        return [str(one["name"]) for one in found]

    def _menu_plan(self, page: Any, body: Mapping[str, Any], chosen: str) -> _Plan:
        """Prepare the choice of an entry: `message:<entry>`, or `<member id>:<entry>`."""
        preview = self._preview
        preview._require_current_history(page)
        whose, _, entry = chosen.partition(":")
        is_member = whose.isdecimal()
        known = self._entries(page, AppCommandType.USER if is_member else AppCommandType.MESSAGE)
        if entry not in known:
            raise SetupError("this entry is not shown here")
        target_id = preview._target_id(body.get("target_id"), page.viewer)
        message = preview._target_message(page, target_id)
        target = (
            preview._member_handle(page, int(whose))
            if is_member
            else ResponseMessage(preview.env, message)
        )

        async def run(action: Any, cursor: int) -> dict[str, Any]:
            choosing = page.viewer.context_menu(self._channels[page.channel_id], entry, target)
            return await preview._run_interaction_action(
                page, action, cursor, choosing, republish_all=True
            )

        return run
