"""What one member of a server has made lately, for moderators who ask."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.core.jobs import Job
from bot.core.limits import Window, period
from bot.services.ports import Clock
from bot.storage import jobs, pictures, preferences
from bot.storage.database import Database
from bot.storage.pictures import Made

RECENT_JOBS = 5


@dataclass(frozen=True, slots=True)
class Record:
    """What a member has made, by the server's calendar, at what fal bills for it.

    Attributes:
        held: What is being made now, with the most that it can cost.
        recent: The newest jobs, the newest first.
    """

    today: Made
    this_month: Made
    held: Made
    recent: list[Job]


class MemberActivity:
    """Answers questions about one member of a server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, server_id: int, member_id: int) -> Record:
        """Read what a member has made."""
        now_ms = self._clock.now_ms()
        async with self._database.read() as connection:
            zone = ZoneInfo((await preferences.load(connection, server_id)).zone)
            day_ms, month_ms = (
                _starts_ms(window, now_ms, zone) for window in (Window.DAY, Window.MONTH)
            )
            return Record(
                today=await pictures.made_since(connection, server_id, member_id, day_ms),
                this_month=await pictures.made_since(connection, server_id, member_id, month_ms),
                held=await pictures.held_now(connection, server_id, member_id),
                recent=await jobs.recent(
                    connection, server_id=server_id, member_id=member_id, limit=RECENT_JOBS
                ),
            )


def _starts_ms(window: Window, now_ms: int, zone: ZoneInfo) -> int:
    first = date.fromisoformat(period(window, now_ms, zone).first_day)
    return int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp() * 1000)
