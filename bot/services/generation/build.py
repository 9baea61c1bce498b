"""Everything that makes pictures, built and connected in one place for all who run it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.services.generation.books import Books
from bot.services.generation.brakes import Brakes
from bot.services.generation.delivering import Deliverer
from bot.services.generation.facts import Facts
from bot.services.generation.following import Follower
from bot.services.generation.halts import Halts
from bot.services.generation.imagine import Defaults, Imagine
from bot.services.generation.job_steps import JobSteps
from bot.services.generation.kit import Kit
from bot.services.generation.late_books import LateBooks
from bot.services.generation.rescue import Rescue
from bot.services.generation.runner import Runner
from bot.services.generation.sending import Sender
from bot.services.generation.telling import Teller
from bot.services.generation.times import Times
from bot.services.generation.undelivered import ShelfKeeping
from bot.services.generation.wishes import Wishes
from bot.services.limits.allowance import HostLimits, Quota
from bot.services.limits.words import Words
from bot.services.ports import Clock, Courier, ImageQueue
from bot.services.supervisor import Supervisor
from bot.storage.database import Database
from bot.storage.journal import Journal
from bot.storage.undelivered_files import UndeliveredFiles


@dataclass(frozen=True, slots=True)
class Outside:
    """What the machine stands on: the storage, the clock, fal and Discord."""

    database: Database
    clock: Clock
    queue: ImageQueue
    courier: Courier
    data_dir: Path


@dataclass(frozen=True, slots=True)
class Policy:
    """What the host decides.

    Attributes:
        concurrency: Jobs at fal at once.
        undelivered_days: How long pictures that nobody took are kept.
        owns: Whether a server is this process's.
    """

    limits: HostLimits
    defaults: Defaults
    concurrency: int = 4
    undelivered_days: int = 7
    owns: Callable[[int], bool] = lambda _: True
    times: Times = field(default_factory=Times)


@dataclass(frozen=True, slots=True)
class Generation:
    """The parts that others call or that run by themselves."""

    books: Books
    brakes: Brakes
    facts: Facts
    imagine: Imagine
    runner: Runner
    rescue: Rescue
    halts: Halts
    shelf_keeping: ShelfKeeping

    async def resume(self) -> int:
        """Take up what an earlier process left; returns how many unfinished jobs there were.

        The journal goes first: what it holds decides how the jobs go on.
        """
        await self.facts.replay()
        return await self.runner.resume()

    def keep_running(self, supervisor: Supervisor) -> None:
        """Begin the work in the background."""
        supervisor.keep("line", self.runner.run)
        supervisor.keep("strays", self.runner.look_for_strays)
        supervisor.keep("rescue", self.rescue.run)
        supervisor.keep("halts", self.halts.run)
        supervisor.keep("shelf", self.shelf_keeping.run)


def build_generation(outside: Outside, policy: Policy, quota: Quota, words: Words) -> Generation:
    """Build and connect everything; nothing runs yet."""
    database, clock, times = outside.database, outside.clock, policy.times
    queue, courier = outside.queue, outside.courier
    books, late = (
        Books(database, clock, search_max_s=times.search_max_s),
        LateBooks(database, clock),
    )
    brakes, wishes = Brakes(), Wishes()
    facts = Facts(books, late, Journal(outside.data_dir))
    shelf = UndeliveredFiles(outside.data_dir / "undelivered")
    kit = Kit(books, queue, courier, brakes, facts, wishes, clock, times)
    sender, follower = Sender(kit), Follower(kit)
    deliverer = Deliverer(kit, quota, shelf)
    runner = Runner(
        books=books,
        drive=JobSteps(
            sender=sender, follower=follower, deliverer=deliverer, wishes=wishes, times=times
        ),
        courier=courier,
        teller=Teller(books=books, courier=courier, quota=quota, times=times),
        brakes=brakes,
        clock=clock,
        concurrency=policy.concurrency,
        owns=policy.owns,
    )
    imagine = Imagine(
        database=database,
        clock=clock,
        limits=policy.limits,
        defaults=policy.defaults,
        words=words,
        books=books,
        runner=runner,
    )
    rescue = Rescue(
        books=books,
        late=late,
        facts=facts,
        queue=queue,
        courier=courier,
        sender=sender,
        deliverer=deliverer,
        quota=quota,
        clock=clock,
        times=times,
        take=runner.take,
        owns=policy.owns,
    )
    return Generation(
        books=books,
        brakes=brakes,
        facts=facts,
        imagine=imagine,
        runner=runner,
        rescue=rescue,
        halts=Halts(database, clock, brakes, owns=policy.owns),
        shelf_keeping=ShelfKeeping(shelf, clock, days=policy.undelivered_days),
    )
