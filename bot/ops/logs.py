"""Logs: one line an event, as JSON or as text, with secrets taken out of whatever is logged.

The rooms below log with the standard library; structlog renders. Interaction tokens and keys are
never logged on purpose; the filter here is the net below that.
"""

import json
import logging
import re
import sys
from typing import Any, Literal

import structlog
from structlog.typing import Processor

_QUIET_LOGGERS = ("httpx", "httpcore", "aiosqlite", "PIL", "discord.client", "discord.gateway")
_TOKEN_IN_PATH = re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.\-]{16,}")
_HIDDEN = "[hidden]"


def set_up_logs(
    level: str, log_format: Literal["json", "text"], secrets: tuple[str, ...] = ()
) -> None:
    """Send every log line of the process to standard error.

    Args:
        level: A level of the standard library.
        log_format: JSON lines for machines, or text for people.
        secrets: Values that are replaced wherever they appear.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
                _Hide(secrets),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Hide:
    """Replaces secrets in a line as it is printed, however deep in a value they were."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        # A renderer may have escaped what is not plain.
        forms = {
            form for secret in secrets if secret for form in (secret, json.dumps(secret)[1:-1])
        }
        self._forms = sorted(forms, key=len, reverse=True)

    def __call__(self, _: object, __: str, line: Any) -> str:  # noqa: ANN401 - structlog's signature
        text = str(line)
        for form in self._forms:
            text = text.replace(form, _HIDDEN)
        return _TOKEN_IN_PATH.sub(rf"\1{_HIDDEN}", text)
