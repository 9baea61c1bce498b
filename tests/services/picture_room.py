"""The services around posted pictures over an open house, with Discord played by a recorder."""

from bot.core.jobs import Job, Ticket
from bot.services.limits.allowance import HostLimits
from bot.services.moderation.limits import Moderation
from bot.services.ports import Delivered
from bot.storage import errands, preferences, reports
from bot.storage.reports import Outcome
from tests.fakes import rendering
from tests.services.conftest import CHANNEL, SERVER, House

MODERATOR, OTHER_MODERATOR, REPORTER = 99, 98, 31
OTHER_SERVER = 11
_NO_LIMITS = HostLimits(default_images_per_day=0)


class Room:
    """The services of this file over an open house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.enforcer = house.takedowns
        self.outbox = house.services.outbox
        self.pictures = house.services.pictures
        self.reports = house.services.picture_reports

    async def delivered(self, message_id: int = 77, *, channel_id: int = CHANNEL, **changes) -> Job:
        """A job whose pictures were posted, without a queue or a courier."""
        self.house.clock.now += 1
        house = self.house
        job = await house.accept(**changes)
        await house.books.set_message(job, 5)
        job = await house.books.submit(job)
        job = await house.books.accept(job, _ticket(job))
        job = await house.books.render(job, rendering(job.count))
        return await house.books.deliver(
            job, Delivered(message_id, channel_id, "answer"), range(job.count)
        )

    async def remove(self, job: Job, by: int = MODERATOR, reason: str = "not here"):
        self.house.clock.now += 1
        return await self.pictures.remove(SERVER, job.id, actor_id=by, reason=reason)

    async def report(self, job: Job, by: int = REPORTER, reason: str = "ugly"):
        self.house.clock.now += 1
        return await self.reports.report(SERVER, job.id, reporter_id=by, reason=reason)

    async def decide(self, report_id: str, outcome: Outcome, by: int = MODERATOR, **more):
        self.house.clock.now += 1
        given = {"reason": "enough", **more}
        return await self.reports.decide(SERVER, report_id, outcome, actor_id=by, **given)

    async def open_report(self, job: Job) -> str:
        async with self.house.database.read() as connection:
            found = await reports.open_of(connection, SERVER, job.id)
        assert found is not None
        return found.id

    async def waiting(self) -> int:
        async with self.house.database.read() as connection:
            return len(await errands.due(connection, 2**60, 100))

    async def audit(self) -> list:
        moderation = Moderation(self.house.database, self.house.clock, _NO_LIMITS)
        page = await moderation.audit_page(SERVER)
        return [row.change for row in page.rows]

    async def set_log_channel(self) -> None:
        async with self.house.database.write(SERVER) as connection:
            await connection.execute(
                "INSERT INTO servers (server_id, log_channel_id) VALUES ($1, 500)"
                " ON CONFLICT (server_id) DO UPDATE SET log_channel_id = 500",
                SERVER,
            )
            assert (await preferences.load(connection, SERVER)).log_channel_id == 500

    async def notices(self) -> list:
        async with self.house.database.read() as connection:
            return [
                (row["kind"], row["body"])
                for row in await connection.fetch("SELECT * FROM notices ORDER BY id")
            ]


def _ticket(job: Job):
    base = f"http://127.0.0.1/requests/{job.id}"
    return Ticket(f"request-{job.id}", f"{base}/status", base, f"{base}/cancel")
