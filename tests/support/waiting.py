"""Wait for something to become true, never longer than said, and say what was missing."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(
    what: str, look: Callable[[], T], timeout: float = 20.0, pause: float = 0.05, hint: Callable[[], str] = str
) -> T:
    """Return the first true value of `look`; an `AssertionError` with `hint()` when there was none in time."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain for {what}\n{hint()}")
        time.sleep(pause)
