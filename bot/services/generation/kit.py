"""What every step of a job works with, handed around as one thing."""

from dataclasses import dataclass

from bot.services.generation.books import Books
from bot.services.generation.brakes import Brakes
from bot.services.generation.facts import Facts
from bot.services.generation.times import Times
from bot.services.generation.wishes import Wishes
from bot.services.ports import Clock, Courier, ImageQueue


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
