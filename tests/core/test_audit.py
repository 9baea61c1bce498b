"""Facts of a change come back from JSON as they were, and what cannot be read hides nothing."""

import json

import pytest

from bot.core.audit import (
    FACTS,
    Amount,
    Change,
    Choice,
    Code,
    Deleted,
    Doubt,
    Fact,
    GiftsOf,
    JobOf,
    LimitOf,
    PicturesIn,
    Prompt,
    Text,
    Until,
    Where,
    Who,
    Wrong,
)
from bot.core.limits import Subject, Unit, Window
from bot.core.models.options import Size
from bot.core.preferences import Places
from bot.core.wordfilter.words import Entry, Kind

ID = 2**63 - 25
EVERY: dict[str, Fact] = {
    "text": Text("role 5"),
    "code": Code("removed"),
    "who": Who(Subject.CHANNEL, ID),
    "limit": LimitOf(Subject.ROLE, ID, Unit.USD, Window.MONTH),
    "gifts": GiftsOf(ID, Unit.IMAGES),
    "job": JobOf(ID, "0" * 16),
    "prompt": Prompt("a fox"),
    "amount": Amount(Unit.USD, 330_000, 1_780_000_000_000),
    "doubt": Doubt(5),
    "block": Until(None),
    "posted": PicturesIn(2, ID),
    "wrong": Wrong(3),
    "choice": Choice(False),
    "size": Size(1536, 1024),
    "entry": Entry(Kind.PATTERN, "bad* dog"),
    "where": Where(Places.ONLY, (ID, 5)),
    "deleted": Deleted(Subject.ROLE, "Artists"),
}


def through_json(change: Change) -> Change:
    facts = json.loads(json.dumps(change.facts))
    return Change.read(
        facts,
        kind=change.kind,
        actor_id=change.actor_id,
        reason=change.reason,
        member_id=change.member_id,
        job_id=change.job_id,
    )


def test_there_is_a_sample_of_every_fact():
    assert {name: type(fact) for name, fact in EVERY.items()} == FACTS


@pytest.mark.parametrize("fact", EVERY.values(), ids=EVERY)
def test_a_fact_comes_back_as_it_was(fact: Fact):
    change = Change("x.y", 7, fact, fact, None, "why", fact, 5, "j")
    read = through_json(change)
    assert read == change
    assert repr(read) == repr(change)


def test_ids_are_text_and_amounts_are_numbers():
    change = Change("x.y", 7, EVERY["limit"], EVERY["where"], EVERY["amount"])
    assert change.facts == {
        "subject": {
            "fact": "limit", "subject": "role", "subject_id": str(ID), "unit": "usd",
            "window": "month",
        },
        "before": {"fact": "where", "places": "only", "channel_ids": [str(ID), "5"]},
        "after": {
            "fact": "amount", "unit": "usd", "amount": 330_000, "until_ms": 1_780_000_000_000,
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        {"fact": "of a later version", "x": 1},
        {"fact": "amount", "unit": "cows", "amount": 1, "until_ms": None},
        {"fact": "amount", "unit": "usd"},
        {"fact": "who", "subject": "role", "subject_id": "x"},
        {"no": "fact"},
        ["list"],
        5,
    ],
)
def test_what_cannot_be_read_is_shown_as_it_is_stored(raw: object):
    read = Change.read({"subject": raw, "before": None}, kind="x.y", actor_id=1, reason="")
    assert read.subject == Text(json.dumps(raw))
    assert read.before is None


def test_words_of_an_older_version_stay_words():
    facts = {"subject": "member 5", "before": None, "after": ""}
    read = Change.read(facts, kind="x.y", actor_id=1, reason="")
    assert (read.subject, read.before, read.after) == (Text("member 5"), None, Text(""))
