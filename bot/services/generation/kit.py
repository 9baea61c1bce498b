"""What every step of a job works with, handed around as one thing."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.services.generation.books import Books
from bot.services.generation.brakes import Brakes
from bot.services.generation.facts import Facts
from bot.services.generation.late_books import LateBooks
from bot.services.generation.times import Times
from bot.services.generation.wishes import Wishes
from bot.services.limits.allowance import Quota
from bot.services.ports import Clock, Courier, ImageQueue


@dataclass(frozen=True, slots=True)
class Kit:
    """Books, fal, Discord and the judgements that all jobs of a process share.

    Attributes:
        owns: Whether a server is this process's.
    """

    books: Books
    late: LateBooks
    facts: Facts
    queue: ImageQueue
    courier: Courier
    quota: Quota
    brakes: Brakes
    wishes: Wishes
    clock: Clock
    times: Times
    owns: Callable[[int], bool]
