"""The router's own log: one JSON object a line on stdout, the job id bound, no key in it ever."""

from __future__ import annotations

import logging
import sys
from typing import Any

from router.masking import mask_text


class Logger:
    """Key-value logging on the standard library; `bind` gives a logger that adds its values to every line.

    structlog renders the lines, but is loaded only by the daemon (`configure`).
    """

    def __init__(self, logger: logging.Logger, bound: dict[str, Any] | None = None) -> None:
        self._logger = logger
        self._bound = bound or {}

    def bind(self, **values: Any) -> Logger:
        """A logger whose lines carry these values too."""
        return Logger(self._logger, {**self._bound, **values})

    def debug(self, event: str, **values: Any) -> None:
        """For who looks for a fault."""
        self._say(logging.DEBUG, event, values)

    def info(self, event: str, **values: Any) -> None:
        """What the router does."""
        self._say(logging.INFO, event, values)

    def warning(self, event: str, **values: Any) -> None:
        """Something failed and will be tried again, or was refused."""
        self._say(logging.WARNING, event, values)

    def error(self, event: str, **values: Any) -> None:
        """Somebody has to look at it."""
        self._say(logging.ERROR, event, values)

    def exception(self, event: str, **values: Any) -> None:
        """A fault of ours: with the stack of the exception being handled."""
        self._say(logging.ERROR, event, values, exc_info=True)

    def _say(self, level: int, event: str, values: dict[str, Any], *, exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, extra={"fields": {**self._bound, **values}}, exc_info=exc_info)


def get_logger(name: str) -> Logger:
    """The logger of a module."""
    return Logger(logging.getLogger(name))


def configure(level: str = "info", *, as_json: bool = True) -> None:
    """Send everything to stdout, one line an event.

    Parameters
    ----------
    level
        debug, info, warning or error.
    as_json
        False gives lines for people.
    """
    import structlog

    shared: list[Any] = [
        _fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("pika", "urllib3", "docker", "uvicorn", "alembic", "cytomine"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    # pika reports every lost connection with a stack trace; amqp.py says it in one line.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def _fields(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """Lift our key-value pairs out of the record."""
    record = event.get("_record")
    event.update(getattr(record, "fields", {}))
    return event


def _mask(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """The last line of defence: no UUID, and keys are UUIDs, leaves in a log."""
    return {key: mask_text(value) if isinstance(value, str) else value for key, value in event.items()}
