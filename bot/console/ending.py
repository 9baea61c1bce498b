"""How a command ends: with 0, or with one line for each problem and an exit code."""

import sys
from typing import Any, NoReturn
from zoneinfo import ZoneInfoNotFoundError

import click

from bot.console.printing import seen, use_utf_8
from bot.core.errors import BadSettings, BotError, Refused
from bot.texts.refusals import sentence
from bot.texts.writing import PLAIN


def give_up(lines: list[str], *, code: int) -> NoReturn:
    """End the program with lines on standard error."""
    for line in lines:
        click.echo(line, err=True)
    sys.exit(code)


class HostCommand(click.Command):
    """A command whose failures are one line each: 2 for what was typed or set wrongly, else 1."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command, and turn what the other rooms raise into its end."""
        use_utf_8()
        try:
            return super().invoke(ctx)
        except BadSettings as error:
            give_up(error.lines, code=2)
        except Refused as error:
            give_up([seen(sentence(error, PLAIN))], code=2)
        except BotError as error:
            give_up([seen(str(error))], code=1)
        except ZoneInfoNotFoundError as error:
            what = f"{error.args[0]}; set another time zone for this server, or install tzdata."
            give_up([seen(what)], code=1)
        except BrokenPipeError:
            raise  # click ends quietly: whoever reads has had enough, as `head` does
        except OSError as error:
            give_up([f"The output cannot be written: {error.strerror}."], code=1)


class HostGroup(click.Group):
    """A group of such commands."""

    command_class = HostCommand
