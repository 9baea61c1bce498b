"""What the host types: ids, and whom a limit is for."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from bot.console.ending import give_up
from bot.console.printing import seen
from bot.core.limits import Subject, Unit, Window
from bot.core.prompts import clip

_ID_MAX = 2**63 - 1
_WHAT_IDS_ARE = "ids are whole numbers, copied in Discord with developer mode on"

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Snowflake(click.ParamType[int]):
    """An id of Discord: whole, positive, below 2 to the power of 63."""

    name = "id"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own signature
        param: click.Parameter | None,
        ctx: click.Context | None,  # noqa: ARG002 - click's own signature
    ) -> int:
        """Read an id, or end the command with one line."""
        text = str(value).strip()
        is_whole = text.isascii() and text.isdigit() and len(text) < 20
        if not is_whole or not 0 < int(text) <= _ID_MAX:
            name = param.opts[0] if isinstance(param, click.Option) else "ID"
            name = param.human_readable_name if isinstance(param, click.Argument) else name
            line = f"{name}: “{clip(text, chars_max=40, bytes_max=120)}” is no id; {_WHAT_IDS_ARE}."
            give_up([seen(line)], code=2)
        return int(text)


class ServerOrAll(Snowflake):
    """The id of a server, or `all`."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's own signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> int:
        """Read an id; `ALL` for all servers."""
        return ALL if str(value).strip().casefold() == "all" else super().convert(value, param, ctx)


ALL = 0
"""No server has this id."""

ID = Snowflake()

server_argument = click.argument("server", type=ID)
servers_argument = click.argument("server", metavar="SERVER|all", type=ServerOrAll())
member_argument = click.argument("member", type=ID)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON, for scripts.")
reason_option = click.option(
    "--reason", default="", metavar="TEXT", help="Why; it stands in the audit."
)
unit_option = click.option(
    "--unit",
    type=click.Choice(Unit, case_sensitive=False),
    required=True,
    help="What is counted.",
)
window_option = click.option(
    "--per",
    "window",
    type=click.Choice(Window, case_sensitive=False),
    required=True,
    help="How long it counts, in the server's time zone.",
)


def subject_options(command: _Function) -> _Function:
    """Add the options that name whom a limit is for; none of them means everyone."""
    for option in (
        click.option("--whole-server", is_flag=True, help="The server, all members together."),
        click.option("--channel", type=ID, help="A channel, all members together."),
        click.option("--role", type=ID, help="Everybody with a role."),
        click.option("--member", type=ID, help="One member."),
    ):
        command = option(command)
    return command


def subject_of(
    server: int,
    *,
    member: int | None,
    role: int | None,
    channel: int | None,
    whole_server: bool,
) -> tuple[Subject, int]:
    """Tell whom a limit is for; several named end the command."""
    named = [(Subject.MEMBER, member), (Subject.ROLE, role), (Subject.CHANNEL, channel)]
    chosen = [(subject, given) for subject, given in named if given is not None]
    chosen += [(Subject.SERVER, 0)] if whole_server else []
    if len(chosen) > 1:
        give_up(
            ["Name one of --member, --role, --channel and --whole-server, not several."], code=2
        )
    if not chosen or chosen == [(Subject.ROLE, server)]:
        # The role @everyone has the server's own id.
        return Subject.EVERYONE, 0
    return chosen[0]
