"""Holds requests and answers against Discord's own OpenAPI file."""

from pathlib import Path
from typing import Any

from bot.standin.discord.record import Violation
from bot.standin.discord.routes import Route


class Contract:
    def __init__(self, path: Path) -> None:
        self._path = path

    def check_request(self, method: str, route: Route, body: Any) -> list[Violation]:
        return []

    def check_answer(self, method: str, route: Route, body: Any) -> list[Violation]:
        return []
