"""What goes wrong between the bot and its database, on either engine."""

from dataclasses import dataclass, field
from enum import StrEnum

from simulation.world import World

_STATEMENT_ODDS = 0.012
_OTHER_ODDS = 0.02
_COMMIT_ODDS = 0.08
_MONEY = ("ledger", "jobs", "totals")


class Fault(StrEnum):
    """How a statement fails."""

    AWAY = "away"
    """The database cannot be used now."""
    OTHER = "other"
    """An error that does not say that: a cached statement is invalid, a standby is read-only."""
    FULL = "full"
    """No room for a write."""


class Moment(StrEnum):
    """What a statement is."""

    BEGIN = "begin"
    READ = "read"
    WRITE = "write"
    COMMIT = "commit"


def moment_of(sql: str) -> Moment:
    """Tell what a statement is."""
    word = sql.lstrip()[:6].upper()
    if word.startswith("BEGIN"):
        return Moment.BEGIN
    if word.startswith("COMMIT"):
        return Moment.COMMIT
    return Moment.WRITE if word in ("INSERT", "UPDATE", "DELETE") else Moment.READ


def is_about_money(sql: str) -> bool:
    """Whether a statement may have changed jobs or the ledger."""
    is_read = sql.lstrip()[:6].upper() in ("SELECT", "WITH a")
    return not is_read and any(word in sql for word in _MONEY)


@dataclass
class StorageFaults:
    """Decides for each statement whether it fails.

    Attributes:
        away: Spans in which the database cannot be used.
        full: Spans in which nothing can be written.
    """

    world: World
    away: list[tuple[float, float]] = field(default_factory=list)
    full: list[tuple[float, float]] = field(default_factory=list)

    def before(self, moment: Moment) -> Fault | None:
        """Whether a statement fails without any effect."""
        world = self.world
        now_s = world.now_s
        if any(start <= now_s < end for start, end in self.away):
            world.fired.add("database away")
            return Fault.AWAY
        is_change = moment in (Moment.WRITE, Moment.COMMIT)
        if is_change and any(start <= now_s < end for start, end in self.full):
            world.fired.add("disk full")
            return Fault.FULL
        if world.strikes("statement fails", _STATEMENT_ODDS):
            return self._noted(Fault.AWAY, moment)
        if is_change and world.strikes("other database error", _OTHER_ODDS):
            return self._noted(Fault.OTHER, moment)
        return None

    def after(self, moment: Moment) -> Fault | None:
        """Whether the answer to a statement that had its effect is lost."""
        if moment is Moment.COMMIT and self.world.strikes("commit answer lost", _COMMIT_ODDS):
            return self._noted(Fault.AWAY, moment)
        return None

    def _noted(self, fault: Fault, moment: Moment) -> Fault:
        self.world.tell(f"database: {moment} fails: {fault}")
        return fault
