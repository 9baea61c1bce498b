"""Every refusal has its sentence, in Discord and on a terminal."""

import re
from enum import Enum
from typing import get_args

import pytest

from bot.chat.interaction.writing import DISCORD
from bot.core.codes import BrokenRule, Code, JobCode, MemberCode, OfferCode, PictureCode, SizeRule
from bot.core.errors import BadRequest, IllegalSize, OverLimit, Refused
from bot.core.limits import Rule, Standing, Subject, Unit, Window
from bot.texts.refusals import sentence
from bot.texts.writing import PLAIN, Writing

CODES: list[Code] = [code for kind in get_args(Code) for code in kind]
AT_MS = 1_798_761_600_500
NASTY = "**@everyone** <@1> {typed} {0}"


def refused(code: Code, typed: str = "x") -> Refused:
    if isinstance(code, SizeRule):
        return IllegalSize(BrokenRule(code, 16, 9, ("8×8", "9×9")), "7×7", "8×8")
    if code is MemberCode.NO_ROOM:
        rule = Rule(Subject.ROLE, 7, Unit.IMAGES, Window.DAY, 20)
        return OverLimit(Standing(rule, 19, AT_MS), 4)
    names = ("remove",) if code is PictureCode.DECIDED else ("one", "two")
    return BadRequest(
        code, typed=typed, detail=typed, given=5, most=4, names=names, ids=(1, 2), at_ms=AT_MS
    )


@pytest.mark.parametrize("write", [DISCORD, PLAIN], ids=["discord", "plain"])
@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{type(code).__name__}.{code.name}")
def test_every_code_has_a_sentence(code, write: Writing):
    said = sentence(refused(code), write)

    assert re.match(r"[A-Z0-9“*<`]|one |member ", said), said
    assert said.rstrip("*”").endswith((".", "?", "x")), said
    assert "{" not in said, said
    assert "None" not in said, said


def test_no_two_codes_say_the_same():
    said = {code: sentence(refused(code), DISCORD) for code in CODES}
    assert len(set(said.values())) == len(CODES)


@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{type(code).__name__}.{code.name}")
def test_what_people_typed_does_nothing_in_discord(code):
    said = sentence(refused(code, NASTY), DISCORD)
    for harmful in ("**@everyone", "@everyone**", " <@1> {typed}"):
        assert harmful not in said


def test_all_codes_are_in_the_union():
    from bot.core import codes

    kinds = {one for one in vars(codes).values() if isinstance(one, type) and issubclass(one, Enum)}
    assert kinds - {Enum} == set(get_args(Code))


def test_each_place_writes_people_channels_and_times_its_own_way():
    decided = BadRequest(PictureCode.DECIDED, names=("warn",), ids=(7,), at_ms=AT_MS)
    assert sentence(decided, DISCORD) == (
        f"<@7> has warned the member already, <t:{AT_MS // 1000}:R>. Nothing more was done."
    )
    assert sentence(decided, PLAIN) == (
        "member 7 has warned the member already, at 2027-01-01 00:00 UTC. Nothing more was done."
    )
    elsewhere = BadRequest(OfferCode.NOT_HERE, ids=(5, 6))
    assert sentence(elsewhere, DISCORD).endswith("Ask in <#5>, <#6>.")
    assert sentence(elsewhere, PLAIN).endswith("Ask in channel 5, channel 6.")
    assert "by the limit of <@&7>" in sentence(refused(MemberCode.NO_ROOM), DISCORD)


def test_a_terminal_gets_what_was_typed_without_escapes():
    unknown = BadRequest(JobCode.NOT_IN_BOOKS, typed="a*b_c")
    assert sentence(unknown, PLAIN).startswith("There is no job a*b_c; ")
    assert sentence(unknown, DISCORD).startswith(r"There is no job a\*b\_c; ")
