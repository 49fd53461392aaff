"""A program under test as a process of its own: started, watched, ended by its own id, output kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from tests.support.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


class Program:
    """`python -m ARGUMENTS...` in a session of its own, its output in a file.

    Parameters
    ----------
    arguments
        What follows `python -m`.
    output
        File for standard output and error; appended to.
    environment
        Added to this process's own.
    """

    def __init__(self, arguments: list[str], output: Path, environment: Mapping[str, str] | None = None) -> None:
        self.name = arguments[0]
        self.output = output
        self.arguments = [sys.executable, "-m", *arguments]
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it (again)."""
        if self.alive:
            raise RuntimeError(f"{self.name} runs already")
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id; of the last start."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    @property
    def text(self) -> str:
        """All it printed so far."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def wait_until(self, what: str, look: Callable[[], object], timeout: float = 20.0) -> None:
        """Wait for `look` to become true; fail at once when the program ended."""

        def seen() -> bool:
            done = bool(look())
            if not done and not self.alive:
                raise AssertionError(f"{self.name} ended with {self.exit_code} before {what}:\n{self.text[-4000:]}")
            return done

        wait_for(f"{self.name}: {what}", seen, timeout, hint=lambda: self.text[-4000:])

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, timeout: float = 20.0) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        return self._process.wait(timeout)

    def stop(self, timeout: float = 20.0) -> int:
        """Ask it to end (SIGTERM), insist after `timeout` seconds; the exit code."""
        if self._process is None:
            return 0
        if self.alive:
            self._process.terminate()
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise

    def kill9(self) -> None:
        """End it as a power cut would."""
        if self.alive:
            self.signal(signal.SIGKILL)
            self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
