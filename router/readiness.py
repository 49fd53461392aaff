"""Whether something answers, asked with patience but not for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from router.errors import RouterError

_BELIEVED_SECONDS = 2.0


class Answering:
    """Ask a part that may hang; called by `/readyz`, by any thread.

    Parameters
    ----------
    ask
        Raises a RouterError when something is wrong.
    patience
        Seconds after which silence is the problem. One question is under way at a time.
    """

    def __init__(self, ask: Callable[[], object], patience: float = 3.0) -> None:
        self._ask, self._patience = ask, patience
        self._lock = threading.Lock()
        self._answered: threading.Event | None = None
        self._problem, self._at = "", float("-inf")

    def __call__(self) -> str:
        """What is wrong; empty when it answers."""
        with self._lock:
            if self._answered is None:
                if time.monotonic() - self._at < _BELIEVED_SECONDS:
                    return self._problem
                self._answered = threading.Event()
                threading.Thread(target=self._run, args=(self._answered,), name="readiness", daemon=True).start()
            answered = self._answered
        if not answered.wait(self._patience):
            return f"has not answered for {self._patience:.0f} s"
        return self._problem

    def _run(self, answered: threading.Event) -> None:
        problem = ""
        try:
            self._ask()
        except RouterError as error:
            problem = str(error)
        with self._lock:
            self._problem, self._at, self._answered = problem, time.monotonic(), None
        answered.set()
