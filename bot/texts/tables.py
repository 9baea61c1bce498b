"""A table of sentences: a template for each code, or a function where a template cannot do."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from bot.core.codes import Code
from bot.core.errors import Refused
from bot.texts.writing import Writing

Template = str | Callable[[Refused, Writing], str]
"""A text may name `{typed}`, `{detail}`, `{given}`, `{most}`, `{names}` and of these the `{first}`
and the `{second}`, `{who}` for a member, `{ahead}` and `{ago}` for the time."""

_C = TypeVar("_C", bound=Code)

Table = Mapping[_C, Template]


def filled(template: Template, error: Refused, write: Writing) -> str:
    """Write the sentence of a template."""
    if not isinstance(template, str):
        return template(error, write)
    first, second = (*error.names, "", "")[:2]
    at_ms = error.at_ms or 0
    return template.format(
        typed=write.typed(error.typed),
        detail=write.typed(error.detail),
        given=error.given,
        most=error.most,
        names=", ".join(error.names),
        first=first,
        second=second,
        who=write.member(error.ids[0]) if error.ids else "",
        ahead=write.ahead(at_ms),
        ago=write.ago(at_ms),
    )
