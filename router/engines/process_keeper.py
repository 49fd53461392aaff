"""Runs one program and writes down its output and its end; started by process.py, lives on without the router."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

SPEC, OUTPUT, PROCESS, END = "spec.json", "output", "process.json", "end.json"
#: Second and length of a chunk of output.
HEADER = struct.Struct(">QI")
_MOST = 16384


def keep(place: Path) -> None:
    """Run what the folder's spec says, to its end."""
    spec = json.loads((place / SPEC).read_text())
    work = place / "work"
    work.mkdir(exist_ok=True)
    with (place / OUTPUT).open("ab", buffering=0) as output:
        program = subprocess.Popen(
            spec["arguments"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=work,
            env={**os.environ, "HOME": str(work), **spec["environment"]},
            start_new_session=True,
        )
        _write(place / PROCESS, {"keeper": os.getpid(), "program": program.pid, "at": time.time()})
        assert program.stdout is not None  # noqa: S101 - a pipe was asked for
        while data := os.read(program.stdout.fileno(), _MOST):
            output.write(HEADER.pack(int(time.time()), len(data)) + data)
        code = program.wait()
    _write(place / END, {"code": code if code >= 0 else 128 - code, "at": time.time()})


def _write(path: Path, content: dict[str, float]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content))
    fresh.replace(path)


def _leave() -> None:
    """Become nobody's child, in a session of its own, with no one's output."""
    if os.fork():
        os._exit(0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nothing, stream)


if __name__ == "__main__":
    _leave()
    keep(Path(sys.argv[1]))
