"""Which limits apply to a request, what is left under them, and whether it fits.

A rule is (subject, unit, window, amount). Pots belong to the member: for each unit and window the
member's own rule wins, else the most generous rule of the member's roles, else the rule for
everyone, else the host's default. Caps belong to the channel, the server and the whole bot, and
all of them must have room. Windows are calendar days, weeks from Monday and months in a time zone.

Usage is kept per account and local day, so a window is a range of days, and a release or
settlement changes the day of its hold whatever the date has become.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property


class Unit(StrEnum):
    """What a limit counts: pictures, or micro-dollars."""

    IMAGES = "images"
    USD = "usd"


class Window(StrEnum):
    """How long a limit counts."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Subject(StrEnum):
    """Whom a rule is for."""

    EVERYONE = "everyone"
    ROLE = "role"
    MEMBER = "member"
    CHANNEL = "channel"
    SERVER = "server"
    BOT = "bot"


class Account(StrEnum):
    """Whose usage is counted."""

    MEMBER = "member"
    CHANNEL = "channel"
    SERVER = "server"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit.

    Attributes:
        subject_id: The id of the role, member or channel; 0 for everyone, server and bot.
        amount: Pictures, or micro-dollars where the unit is USD.
        is_host: Set by the host in the settings, not by a moderator.
    """

    subject: Subject
    subject_id: int
    unit: Unit
    window: Window
    amount: int
    is_host: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account has used and holds, in pictures and micro-dollars."""

    images: int = 0
    microusd: int = 0

    def of(self, unit: Unit) -> int:
        """The figure that a limit of this unit counts."""
        return self.images if unit is Unit.IMAGES else self.microusd


@dataclass(frozen=True, slots=True)
class Period:
    """The current run of a window: its first local day (ISO) and the instant it ends."""

    first_day: str
    ends_at_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule that applies, what is used under it and when that starts again from nothing."""

    rule: Rule
    used: int
    resets_at_ms: int

    @property
    def left(self) -> int:
        """What the rule still allows; never below 0."""
        return max(0, self.rule.amount - self.used)

    @property
    def account(self) -> Account:
        """Whose usage the rule counts."""
        return account_of(self.rule)


_ACCOUNTS = {
    Subject.EVERYONE: Account.MEMBER,
    Subject.ROLE: Account.MEMBER,
    Subject.MEMBER: Account.MEMBER,
    Subject.CHANNEL: Account.CHANNEL,
    Subject.SERVER: Account.SERVER,
    Subject.BOT: Account.BOT,
}


def account_of(rule: Rule) -> Account:
    """Name the account whose usage a rule counts."""
    return _ACCOUNTS[rule.subject]


def local_day(now_ms: int, zone: tzinfo) -> str:
    """The calendar day of an instant, as `YYYY-MM-DD`."""
    return _local_date(now_ms, zone).isoformat()


def period(window: Window, now_ms: int, zone: tzinfo) -> Period:
    """Find the run of a window that an instant falls into."""
    today = _local_date(now_ms, zone)
    match window:
        case Window.DAY:
            first, after = today, today + timedelta(days=1)
        case Window.WEEK:
            first = today - timedelta(days=today.weekday())
            after = first + timedelta(days=7)
        case Window.MONTH:
            first = today.replace(day=1)
            after = (first + timedelta(days=31)).replace(day=1)
    end_ms = _midnight_ms(after, zone, fold=0)
    if end_ms <= now_ms:  # clocks went back over this midnight, which is still to come again
        end_ms = _midnight_ms(after, zone, fold=1)
    return Period(first.isoformat(), end_ms)


def _midnight_ms(day: date, zone: tzinfo, *, fold: int) -> int:
    # Midnight may not exist on the day clocks change; converting through UTC lands right after.
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone, fold=fold).astimezone(UTC)
    return int(midnight.timestamp() * 1000)


def _local_date(now_ms: int, zone: tzinfo) -> date:
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now_ms)).astimezone(zone).date()


class Rulebook(tuple[Rule, ...]):
    """The rules of a server, in a stable order, with an index over whom they are for."""

    @cached_property
    def _by_subject(self) -> dict[tuple[Subject, int], list[Rule]]:
        found: dict[tuple[Subject, int], list[Rule]] = {}
        for rule in self:
            found.setdefault((rule.subject, rule.subject_id), []).append(rule)
        return found

    def near(self, *, member_id: int, role_ids: frozenset[int], channel_id: int) -> list[Rule]:
        """Name the rules that may apply to a member in a channel; `applying` chooses of them."""
        subjects = [
            (Subject.MEMBER, member_id),
            *((Subject.ROLE, role_id) for role_id in sorted(role_ids)),
            (Subject.EVERYONE, 0),
            (Subject.CHANNEL, channel_id),
            (Subject.SERVER, 0),
        ]
        found = self._by_subject
        return [rule for subject in subjects for rule in found.get(subject, ())]


def applying(
    rules: Iterable[Rule], *, member_id: int, role_ids: frozenset[int], channel_id: int
) -> list[Rule]:
    """Choose the rules that apply to a member in a channel, pots first, then caps.

    Args:
        rules: The server's rules and the host's, in any order.
        member_id: The member who asks.
        role_ids: The roles the member has now.
        channel_id: Where the member asks.

    Returns:
        At most one pot for each unit and window, and every cap, in a stable order.
    """
    pots: dict[tuple[Unit, Window], tuple[tuple[int, int], Rule]] = {}
    caps: dict[tuple[Subject, int, Unit, Window, bool], Rule] = {}
    for rule in rules:
        subject, subject_id = rule.subject, rule.subject_id
        if _ACCOUNTS[subject] is Account.MEMBER:
            if subject is Subject.MEMBER and subject_id != member_id:
                continue
            if subject is Subject.ROLE and subject_id not in role_ids:
                continue
            key, rank = (rule.unit, rule.window), _rank(rule)
            best = pots.get(key)
            if best is None or rank > best[0]:
                pots[key] = rank, rule
        elif subject is not Subject.CHANNEL or subject_id == channel_id:
            caps[subject, subject_id, rule.unit, rule.window, rule.is_host] = rule
    return [pots[key][1] for key in sorted(pots)] + [caps[key] for key in sorted(caps)]


def overruled(
    winner: Rule, rules: Iterable[Rule], *, member_id: int, role_ids: frozenset[int]
) -> list[Rule]:
    """Name the pots that would hold for a member if the winner did not, the strongest first."""
    if account_of(winner) is not Account.MEMBER:
        return []
    others = [
        rule
        for rule in rules
        if rule != winner
        and account_of(rule) is Account.MEMBER
        and (rule.unit, rule.window) == (winner.unit, winner.window)
        and (rule.subject is not Subject.MEMBER or rule.subject_id == member_id)
        and (rule.subject is not Subject.ROLE or rule.subject_id in role_ids)
    ]
    return sorted(others, key=_rank, reverse=True)


def _rank(rule: Rule) -> tuple[int, int]:
    """Order pots: the nearer to the member the stronger, then the more generous."""
    if rule.subject is Subject.MEMBER:
        return 3, rule.amount
    if rule.subject is Subject.ROLE:
        return 2, rule.amount
    return (0 if rule.is_host else 1), rule.amount


Run = tuple[Account, Window, bool]
"""Which run of a window: of an account, and whether it is firm, see `runs`."""


def run_of(rule: Rule) -> Run:
    """Name the run that a rule counts in."""
    return account_of(rule), rule.window, rule.is_host and rule.subject is Subject.SERVER


def runs(rules: Iterable[Rule], now_ms: int, zone: tzinfo) -> dict[Run, Period]:
    """Find the current run of each account's windows that rules speak of.

    The host's caps of a server are firm: moderators choose the zone, and moving it must not open a
    new month before its time. So such a run begins with the earlier of the server's own and UTC's.

    Args:
        rules: The rules that apply, see `applying`.
        now_ms: The current instant.
        zone: The server's time zone; the bot's own caps run in UTC.
    """
    found: dict[Run, Period] = {}
    for run in {run_of(rule) for rule in rules}:
        account, window, is_firm = run
        own = period(window, now_ms, UTC if account is Account.BOT else zone)
        found[run] = _earlier(own, period(window, now_ms, UTC)) if is_firm else own
    return found


def _earlier(one: Period, other: Period) -> Period:
    first_day = min(one.first_day, other.first_day)
    ends = [period.ends_at_ms for period in (one, other) if period.first_day == first_day]
    return Period(first_day, max(ends))


def standings(
    rules: Iterable[Rule],
    usage: Mapping[tuple[Account, str], Usage],
    current: Mapping[Run, Period],
) -> list[Standing]:
    """Join rules with usage.

    Args:
        rules: The rules that apply, see `applying`.
        usage: Usage by account and first day of the period; what is missing is nothing used.
        current: The runs that the rules' windows are in, see `runs`.
    """
    found: list[Standing] = []
    for rule in rules:
        account = account_of(rule)
        run = current[run_of(rule)]
        used = usage.get((account, run.first_day), _NOTHING).of(rule.unit)
        found.append(Standing(rule, used, run.ends_at_ms))
    return found


_NOTHING = Usage()


def first_without_room(found: Iterable[Standing], *, images: int, microusd: int) -> Standing | None:
    """Find a limit that the request does not fit under; pots speak before caps."""
    for standing in found:
        asked = images if standing.rule.unit is Unit.IMAGES else microusd
        if standing.used + asked > standing.rule.amount:
            return standing
    return None
