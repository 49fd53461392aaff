"""A peer kept running in its own environment, so that its runs can alternate with ours."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.peers import peer_python

_SCRIPTS = Path(__file__).parent / "peers"


class PeerProcess:
    """Runs ``peers/SCRIPT.py``, which prints ``ready`` and then, for every line it reads, one line in answer."""

    def __init__(self, environment: str, script: str, *arguments: object) -> None:
        command = [peer_python(environment), _SCRIPTS / f"{script}.py", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("ready")

    def ask(self, line: str) -> str:
        """Send a line and return the answer."""
        if self._process.stdin is None:
            raise RuntimeError("the peer has no input")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def seconds(self, line: str) -> float:
        """Send a line and return the seconds that the peer measured."""
        return float(self.ask(line))

    def _answer(self) -> str:
        if self._process.stdout is None:
            raise RuntimeError("the peer has no output")
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the peer ended with code {self._process.wait()}")
        return answer.strip()

    def _expect(self, wanted: str) -> None:
        answer = self._answer()
        if answer != wanted:
            raise RuntimeError(f"the peer said {answer!r} instead of {wanted!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
