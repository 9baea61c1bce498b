"""Sentences about changes: the same for a terminal and for Discord, but for names and harm."""

import pytest

from bot.core.audit import (
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
    Setting,
    Text,
    Until,
    Where,
    Who,
    Words,
    Wrong,
)
from bot.core.limits import Subject, Unit, Window
from bot.core.models.options import Size
from bot.core.preferences import Places, Preferences
from bot.core.wordfilter.words import Entry, Kind
from bot.texts.audit import PLAIN, done, words_of, written
from tests.core.test_audit import EVERY

UNTIL_MS = 1_780_000_000_000
JOB = JobOf(5, "j" * 16)


def change(kind: str, subject: Fact, before: Fact | None = None, after: Fact | None = None):
    return Change(kind, 7, subject, before, after)


CASES = [
    (
        change(
            "limit.set",
            LimitOf(Subject.EVERYONE, 0, Unit.IMAGES, Window.DAY),
            None,
            Amount(Unit.IMAGES, 0),
        ),
        ("everyone, pictures per day", None, "0 pictures"),
    ),
    (
        change("limit.clear", LimitOf(Subject.SERVER, 0, Unit.USD, Window.WEEK)),
        ("the whole server, USD per week", None, None),
    ),
    (
        change("gift.give", GiftsOf(5, Unit.USD), None, Amount(Unit.USD, 2_500_000, UNTIL_MS)),
        ("member 5, gifts of USD", None, "$2.50 until 2026-05-28 20:26 UTC"),
    ),
    (
        change("gift.end", GiftsOf(5, Unit.IMAGES), Amount(Unit.IMAGES, 1)),
        ("member 5, gifts of pictures", "1 picture left", None),
    ),
    (
        change("block.add", Who(Subject.MEMBER, 5), Until(UNTIL_MS), Until(None)),
        ("member 5", "blocked until 2026-05-28 20:26 UTC", "blocked"),
    ),
    (
        change("words.refused", Prompt(None), Code("asked_for"), Entry(Kind.REGEX, "x+")),
        (
            "a private prompt, which stands in the audit only",
            "asked for",
            "refused for “x+” (regex)",
        ),
    ),
    (
        change("cancel.job", JOB, Code("rendered"), Code("too_late")),
        (f"job {'j' * 16} of member 5", "rendered", "too late"),
    ),
    (
        change("loss.write_off", JOB, Doubt(50_000), Code("written_off")),
        (f"cost of job {'j' * 16} of member 5", "$0.05 in doubt", "written off"),
    ),
    (
        change("image.remove", JOB, PicturesIn(1, 8), Code("removed")),
        (
            f"member 5, job {'j' * 16}",
            "1 picture in channel 8",
            "removed; nothing is refunded",
        ),
    ),
    (
        change("repair.sums", Code("sums"), Wrong(2), Code("made_anew")),
        ("sums kept beside the ledger", "2 wrong", "made anew from the entries"),
    ),
    (
        change(
            "settings.channels",
            Code(Setting.CHANNELS),
            Who(Subject.CHANNEL, 5),
            Where(Places.ONLY, (6, 7)),
        ),
        ("channels", "with channel 5", "without it, 2 left"),
    ),
    (
        change(
            "settings.channels",
            Code(Setting.CHANNELS),
            Who(Subject.CHANNEL, 5),
            Where(Places.ONLY, ()),
        ),
        ("channels", "with channel 5", "nowhere"),
    ),
    (
        change("settings.size", Code(Setting.MAX_SIZE), Size(1536, 1024), Choice(None)),
        ("highest size", "1536×1024", "no bound"),
    ),
    (
        change("pause.on", Code(Setting.PAUSE), Choice(""), Choice("soon")),
        ("the whole server", "paused", "paused: “soon”"),
    ),
    (change("old.row", Text("role 5"), Text(""), Text("x")), ("role 5", "", "x")),
]


@pytest.mark.parametrize("fact", EVERY.values(), ids=EVERY)
def test_there_is_a_sentence_for_every_fact(fact: Fact):
    assert written(fact, change("x.y", fact), PLAIN)


@pytest.mark.parametrize(
    ("given", "words"), CASES, ids=lambda one: one.kind if isinstance(one, Change) else ""
)
def test_a_change_in_words(given: Change, words: tuple[str, str | None, str | None]):
    assert words_of(given) == Words(*words, reason="")


def test_why_is_what_somebody_typed_or_what_led_to_it():
    given = Change("limit.clear", 7, Code("sums"), reason="enough")
    assert words_of(given).reason == "enough"
    for name, said in (("Artists", "the role “Artists” was deleted"), (None, "the role is gone")):
        given = Change("limit.clear", 7, Code("sums"), cause=Deleted(Subject.ROLE, name))
        assert words_of(given).reason == said


@pytest.mark.parametrize("setting", Setting)
def test_who_changes_a_setting_is_told_what_was_changed(setting: Setting):
    said = done(setting, Preferences())
    assert said[0].isupper()
    assert "_" not in said
    assert (said == "The server takes requests again.") == (setting is Setting.PAUSE)
    assert done(Setting.PAUSE, Preferences(pause_sentence="")) == "The server is paused."
    assert done(Setting.MAX_SIZE, Preferences()) == "Highest size."
