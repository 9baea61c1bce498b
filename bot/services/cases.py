"""One job as moderators see it: its whole story, and its cancel."""

from bot.services.ports import Clock
from bot.services.runner import Runner
from bot.storage.database import Database


class Cases:
    """Answers questions about one job of a server."""

    def __init__(self, database: Database, clock: Clock, runner: Runner) -> None:
        self._database = database
        self._clock = clock
        self._runner = runner
