"""What every step of a job works with, handed around as one thing."""

from dataclasses import dataclass

from bot.services.books import Books
from bot.services.brakes import Brakes
from bot.services.facts import Facts
from bot.services.ports import Clock, Courier, ImageQueue
from bot.services.times import Times
from bot.services.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Kit:
    """Books, fal, Discord and the judgements that all jobs of a process share."""

    books: Books
    queue: ImageQueue
    courier: Courier
    brakes: Brakes
    facts: Facts
    wishes: Wishes
    clock: Clock
    times: Times
