"""One job's log file: every piece written at once, no byte twice, none lost without a word.

The output of a job is a stream; masking and cutting depend on its bytes alone. Beside `JOB.log` lies `.JOB.position`:
"when the file had this size, the engine's log was read so far". It is written about once a second. After a crash the
engine's log is read again from there, and as many bytes as the file is longer than the noted size are skipped: they
are the same bytes. So nothing is lost or doubled, at no cost for each line.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from router import metrics
from router.engines.base import LogChunk, LogPosition
from router.log import get_logger
from router.logs.excerpt import NOTE
from router.masking import StreamMask

log = get_logger(__name__)

_NOTE_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class LogLimits:
    """How much of a log is kept.

    Parameters
    ----------
    whole
        Bytes of the local file until it is marked as cut.
    tail
        Bytes of the end that are kept all the same.
    """

    whole: int
    tail: int


def log_path(folder: Path, job: int) -> Path:
    """The log file of a job."""
    return folder / f"{job}.log"


def note_path(folder: Path, job: int) -> Path:
    """Where the position of a job's log is noted."""
    return folder / f".{job}.position"


class JobLog:
    """The file; one thread writes at a time.

    Parameters
    ----------
    folder
        Of all logs.
    job
        Core's id.
    container
        The container whose output it is; another one than last time (a further attempt) is appended.
    secrets
        Never written.
    limits
        How much is kept.
    """

    def __init__(self, folder: Path, job: int, container: str, secrets: Iterable[str], limits: LogLimits) -> None:
        self.path = log_path(folder, job)
        self._note_path = note_path(folder, job)
        self._container, self._limits = container, limits
        self._mask = StreamMask(secrets)
        self._lost, self._lost_why = 0, ""
        self._file: int | None = None
        self._size = 0
        self._open()
        self._noted_at = 0.0
        self._over = 0
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self.position = LogPosition()
        #: When output came last, on the monotonic clock.
        self.last_output = time.monotonic()
        self._skip = self._resume()

    @property
    def bytes_written(self) -> int:
        """Size of the file."""
        return self._size

    def write(self, chunk: LogChunk) -> None:
        """Append one piece of output and remember that it was read."""
        self.last_output = time.monotonic()
        here = self.position
        if chunk.second > here.second:
            self.position = LogPosition(chunk.second, chunk.count)
        elif chunk.second == here.second:
            self.position = LogPosition(here.second, here.seen + chunk.count)
        # A piece from before (the clock was set back) would not come again when asked from this second on.
        self._append(self._mask.feed(chunk.data))
        if self.last_output - self._noted_at > _NOTE_EVERY_SECONDS and self._mask.empty:
            # While the bytes from before a crash are skipped, the file is ahead of what was read.
            self._note(self._size - self._skip)

    def finish(self, sentence: str) -> None:
        """Complete the file: what was held back, the kept end of a log that was cut, the ending. May be repeated."""
        self._append(self._mask.flush())
        if self._over:
            missing = self._over - self._tail_size
            if missing:
                metrics.LOG_BYTES_LOST.labels("limit").inc(missing)
                self._put(f"\n{NOTE} {missing} bytes are lost here: over the limit of this file\n".encode())
            for piece in self._tail:
                self._put(piece)
        if self._lost:
            self._put(f"\n{NOTE} {self._lost} bytes were lost: {self._lost_why}\n".encode())
        self._note(self._size, finished=True)
        newline = b"" if self._ends_a_line() else b"\n"
        self._put(newline + f"{NOTE} {sentence}\n".encode())

    def close(self) -> None:
        """Close the file; the note stays, in case the end must be written again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> None:
        """Open the file; a disk that refuses it must not keep the job from running."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._size = os.fstat(self._file).st_size
        except OSError as error:
            log.warning("log file not opened", file=self.path.name, reason=error.strerror)

    def _append(self, data: bytes) -> None:
        """Write what was not written before the crash, up to the limit."""
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        data = data[skipped:]
        if not data:
            return
        room = max(0, self._limits.whole - self._size) if not self._over else 0
        self._put(data[:room])
        if len(data) > room:
            self._keep_tail(data[room:])

    def _keep_tail(self, data: bytes) -> None:
        if not self._over:
            limit = self._limits.whole
            self._put(f"\n{NOTE} the log has reached its limit of {limit} bytes; only its end will follow\n".encode())
        self._over += len(data)
        self._tail.append(data)
        self._tail_size += len(data)
        while self._tail and self._tail_size - len(self._tail[0]) >= self._limits.tail:
            self._tail_size -= len(self._tail.popleft())

    def _put(self, data: bytes) -> None:
        """Write all of it, or count what the disk did not take."""
        if self._file is None:
            self._open()
        while data:
            try:
                written = os.write(self._file, data) if self._file is not None else -1
            except OSError as error:
                self._lose(len(data), error.strerror or "the disk refused them")
                return
            if written < 0:
                self._lose(len(data), "the file could not be opened")
                return
            self._size += written
            metrics.LOG_BYTES.inc(written)
            data = data[written:]

    def _lose(self, number: int, why: str) -> None:
        if not self._lost:
            log.warning("log bytes lost", file=self.path.name, reason=why)
        self._lost += number
        metrics.LOG_BYTES_LOST.labels("disk").inc(number)
        self._lost_why = why

    def _ends_a_line(self) -> bool:
        if not self._size:
            return True
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def _note(self, size: int, *, finished: bool = False) -> None:
        self._noted_at = time.monotonic()
        note = {
            "container": self._container,
            "second": self.position.second,
            "seen": self.position.seen,
            "size": size,
            "over": self._over,
            "finished": finished,
        }
        fresh = self._note_path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(note))
            fresh.replace(self._note_path)
        except OSError as error:
            log.debug("log position not noted", file=self.path.name, reason=error.strerror)

    def _resume(self) -> int:
        """Take up the note; the number of bytes to skip."""
        try:
            note = json.loads(self._note_path.read_text())
            usable = note["container"] == self._container and note["size"] <= self._size
        except (OSError, ValueError, KeyError, TypeError):
            usable = False
        if not usable:
            self._note(self._size)
            return 0
        self.position = LogPosition(note["second"], note["seen"])
        self._over = note["over"]
        if note["finished"] and self._file is not None:
            os.ftruncate(self._file, note["size"])
            self._size = note["size"]
        return int(self._size - note["size"])
