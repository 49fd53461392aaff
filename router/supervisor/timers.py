"""Calls for later, made by the supervisor's thread when it looks round."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Timers:
    """Calls and when they are due; any thread may add one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[tuple[float, Callable[[], None]]] = []

    def add(self, seconds: float, call: Callable[[], None]) -> None:
        """Make this call when so many seconds have gone by."""
        with self._lock:
            self._calls.append((time.monotonic() + seconds, call))

    def due(self) -> list[Callable[[], None]]:
        """The calls whose time has come, once."""
        now = time.monotonic()
        with self._lock:
            due = [call for at, call in self._calls if at <= now]
            self._calls = [(at, call) for at, call in self._calls if at > now]
        return due
