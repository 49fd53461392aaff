"""All SQL of the daemon: what is wished for every job, and what Core still has to hear.

store = Store("sqlite:////data/router.db")
with store.write() as unit:      # one transaction, durable at the end of the block
    unit.add_jobs([...])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.store.inbox import NewJob
    from router.store.rows import DeadLetter, Held, JobRow, Moment, Report, Task
    from router.store.store import Store, Unit

__all__ = ["DeadLetter", "Held", "JobRow", "Moment", "NewJob", "Report", "Store", "Task", "Unit"]

_HOMES = {"NewJob": "inbox", "Store": "store", "Unit": "store"}


def __getattr__(name: str) -> Any:
    """Load what is asked for: SQLAlchemy takes half a second, and a look (`glance`) does without it."""
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'rows')}"), name)
