"""When to tell, and when to stop: progress at most every two seconds, and the request to end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from algorithms.toolkit.errors import Cancelled

#: Seconds between two messages about progress.
INTERVAL = 2.0


class Pace:
    """Passes progress on at most every two seconds; the first message, a hundred per cent and `flush` at once.

    Parameters
    ----------
    tell : callable
        Takes the percentage, a whole number, and a comment.
    clock : callable
        Seconds; replaced by tests.
    """

    def __init__(self, tell: Callable[[int, str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock = tell, clock
        self._last = -INTERVAL
        self._told: tuple[int, str] | None = None
        self._begun = False

    def __call__(self, percent: float, comment: str = "") -> None:
        """Tell how far it is, unless that was just done."""
        message = (max(0, min(100, int(percent))), comment)
        now = self._clock()
        due = not self._begun or now - self._last >= INTERVAL or message[0] == 100
        if due and message != self._told:
            self._begun, self._last, self._told = True, now, message
            self._tell(*message)


@contextmanager
def cancellation() -> Iterator[threading.Event]:
    """Raise `Cancelled` in the main thread at the first SIGTERM or SIGINT, instead of ending at once.

    Yields
    ------
    threading.Event
        Set when the run was asked to stop, for loops in other threads.
    """
    asked = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
        if not asked.is_set():
            asked.set()
            msg = "stopped on request"
            raise Cancelled(msg)

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
