"""Everything that makes pictures, built and connected; `bot.services.container` asks for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.preferences import Defaults
from bot.services.generation.books import Books
from bot.services.generation.brakes import Brakes
from bot.services.generation.delivering import Deliverer
from bot.services.generation.facts import Facts
from bot.services.generation.following import Follower
from bot.services.generation.halts import Halts
from bot.services.generation.imagine import Imagine
from bot.services.generation.job_steps import JobSteps
from bot.services.generation.kit import Kit
from bot.services.generation.late_books import LateBooks
from bot.services.generation.moves import Moves
from bot.services.generation.rescue import Rescue
from bot.services.generation.runner import Runner
from bot.services.generation.sending import Sender
from bot.services.generation.telling import Teller
from bot.services.generation.times import Times
from bot.services.generation.undelivered import ShelfKeeping
from bot.services.generation.wishes import Wishes
from bot.services.limits.allowance import HostLimits, Quota
from bot.services.limits.words import Words
from bot.services.meters import MeteredQueue
from bot.services.ports import Ports
from bot.services.supervisor import Supervisor
from bot.storage.journal import Journal
from bot.storage.undelivered_files import UndeliveredFiles


@dataclass(frozen=True, slots=True)
class Policy:
    """What the host decides.

    Attributes:
        data_dir: Where files are kept.
        concurrency: Jobs at fal at once.
        undelivered_days: How long pictures that nobody took are kept.
        owns: Whether a server is this process's.
    """

    limits: HostLimits
    defaults: Defaults
    data_dir: Path
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


def build_generation(
    moves: Moves, policy: Policy, ports: Ports, quota: Quota, words: Words
) -> Generation:
    """Build and connect everything; nothing runs yet."""
    clock, database = moves.clock, moves.database
    books, late = Books(moves, search_max_s=policy.times.search_max_s), LateBooks(moves)
    kit = Kit(
        books=books,
        late=late,
        facts=Facts(books, late, Journal(policy.data_dir)),
        queue=MeteredQueue(ports.queue, moves.meter),
        courier=ports.courier,
        quota=quota,
        brakes=Brakes(),
        wishes=Wishes(),
        clock=clock,
        times=policy.times,
        owns=policy.owns,
    )
    shelf = UndeliveredFiles(policy.data_dir / "undelivered")
    sender, deliverer = Sender(kit), Deliverer(kit, shelf)
    steps = JobSteps(kit, sender, Follower(kit), deliverer)
    runner = Runner(kit, steps, Teller(kit), policy.concurrency)
    return Generation(
        books=books,
        brakes=kit.brakes,
        facts=kit.facts,
        imagine=Imagine(moves, policy.limits, policy.defaults, words, books, runner),
        runner=runner,
        rescue=Rescue(kit, sender, deliverer, runner.take),
        halts=Halts(database, clock, kit.brakes, owns=policy.owns),
        shelf_keeping=ShelfKeeping(shelf, clock, days=policy.undelivered_days),
    )
