"""Why a size is not possible, and which one is."""

from bot.core.codes import BrokenRule, SizeRule
from bot.core.errors import IllegalSize, Refused
from bot.texts.tables import Table
from bot.texts.writing import Writing

_RULES = {
    SizeRule.FORM: "a size is typed as width x height in pixels, like 1536x1024",
    SizeRule.POSITIVE: "both sides must be larger than 0",
    SizeRule.SIDE_MAX: "no side may be longer than {bound} pixels",
    SizeRule.STEP: "both sides must be multiples of {bound}",
    SizeRule.RATIO: "no side may be longer than {bound} times the other",
    SizeRule.AREA_MIN: "it needs at least {bound:,} pixels (it has {given:,})",
    SizeRule.AREA_MAX: "it may have at most {bound:,} pixels (it has {given:,})",
    SizeRule.FEW: "the model makes {allowed} only",
}


def rule_text(rule: BrokenRule) -> str:
    """Say a rule as a part of a sentence."""
    *others, last = rule.allowed or ("",)
    allowed = f"{', '.join(others)}{' and ' if others else ''}{last}"
    return _RULES[rule.code].format(bound=rule.bound, given=rule.given, allowed=allowed)


def unoffered_text(size: str, rule: BrokenRule) -> str:
    """Say that a size has a price but is not offered."""
    return f"{size} is priced by fal but not offered: {rule_text(rule)}."


def _illegal_size(error: Refused, _: Writing) -> str:
    assert isinstance(error, IllegalSize)
    rule = rule_text(error.rule)
    what = f"{error.size} is not possible: {rule}" if error.size else rule[0].upper() + rule[1:]
    advice = f"; the nearest possible size is {error.nearest}" if error.nearest else ""
    return f"{what}{advice}."


SIZES: Table[SizeRule] = dict.fromkeys(SizeRule, _illegal_size)
