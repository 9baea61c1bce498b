"""Jobs, balances and nasty prompts for the tests of texts and cards."""

from dataclasses import replace
from typing import Any

from bot.core.jobs import Job, State
from bot.core.limits import Rule, Standing, Subject, Unit, Window
from bot.core.models.gpt_image_2 import Quality
from bot.core.models.options import Format, Size
from bot.services.ports import Balance

NOW_MS = 1_772_323_200_000
HOUR_MS = 3_600_000
MEMBER = 2**62 + 3

_JOB = Job(
    id="0123456789abcdef",
    state=State.HELD,
    server_id=1,
    channel_id=2,
    member_id=MEMBER,
    prompt="a lighthouse at dusk",
    size=Size(1536, 1024),
    quality=Quality.HIGH,
    count=2,
    format=Format.PNG,
    private=False,
    held_microusd=360_000,
    created_at_ms=NOW_MS,
    interaction_token="secret-token",
    file_limit_bytes=10 * 2**20,
)


def make_job(**changes: Any) -> Job:
    return replace(_JOB, **changes)


def make_pot(
    amount: int = 20,
    used: int = 6,
    *,
    unit: Unit = Unit.IMAGES,
    window: Window = Window.DAY,
    subject: Subject = Subject.EVERYONE,
    subject_id: int = 0,
) -> Standing:
    rule = Rule(subject, subject_id, unit, window, amount)
    return Standing(rule, used, NOW_MS + 5 * HOUR_MS)


def make_balance(*pots: Standing) -> Balance:
    return Balance(list(pots), NOW_MS)


NASTY_PROMPTS = {
    "markdown": "**_~~||`[x](https://evil.example)`||~~_** " * 95,
    "stars": "*" * 4000,
    "backslashes": "\\" * 4000,
    "mentions": "@everyone @here <@1> <@!1> <@&2> <#3> </imagine:4> <t:5:R> <:fox:6> " * 58,
    "lines": "# big\n> quote\n-# small\n- list\n```block```\n" * 90,
    "chinese": "猫" * 4000,
    "emoji": "👩‍👩‍👧‍👦" * 571,
    "flags": "🇩🇪" * 2000,
    "four bytes": "🦊" * 4000,
    "right to left": ("شجرة خضراء " * 400)[:4000],
    "overrides": "\u202e\u2066@everyone" * 363,
    "zalgo": "Z" + "\u0301\u0489" * 1999,
    "long word": "x" * 4000,
    "short": "a fox",
    "one letter": "猫",
}
