"""A job's log as server-sent events, while it is being written.

Each event holds whole lines, its id is the place in the file after them: a browser that comes back names it as
`Last-Event-ID` and gets what follows, nothing twice. The last event, `end`, says that nothing will follow.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool

_BLOCK = 1 << 16
_LOOK_SECONDS = 0.05
_ASK_SECONDS = 0.5
#: A line without an end (a progress bar, a prompt) is shown after this.
_PATIENCE_SECONDS = 0.5
_ALIVE_SECONDS = 15.0
_NEWLINE = re.compile("\r\n|\r|\n")


async def events(
    log: Path, start: int, over: Callable[[], bool | None], stopping: threading.Event
) -> AsyncIterator[bytes]:
    """The stream, until the job is over or the router stops.

    Parameters
    ----------
    log
        The file; it may not be there yet.
    start
        Byte to begin at.
    over
        Whether nothing will be added any more.
    stopping
        Set when the router stops.
    """
    yield b"retry: 2000\n\n"
    place, ended, asked_at = start, False, 0.0
    waits_since, said_at = time.monotonic(), time.monotonic()
    while not stopping.is_set():
        now = time.monotonic()
        if not ended and now - asked_at >= _ASK_SECONDS:
            # Asked before the file is read: what was written until the end is then surely read after it.
            ended, asked_at = await run_in_threadpool(over) is not False, now
        data = await run_in_threadpool(_read, log, place)
        used = _usable(data, final=ended, impatient=now - waits_since > _PATIENCE_SECONDS)
        if used:
            place += used
            waits_since = said_at = now
            yield event(data[:used].decode(errors="replace"), place)
            continue
        if ended:
            yield event("the job is over", place, "end")
            return
        if not data:
            waits_since = now
        if now - said_at > _ALIVE_SECONDS:
            said_at = now
            yield b": the job goes on\n\n"
        await asyncio.sleep(_LOOK_SECONDS)


def event(text: str, ident: int, kind: str = "") -> bytes:
    """One event; each line of `text` is a `data` line, a carriage return counts as the end of one."""
    lines = "".join(f"data: {line}\n" for line in _NEWLINE.split(text))
    name = f"event: {kind}\n" if kind else ""
    return f"{name}id: {ident}\n{lines}\n".encode()


def _read(log: Path, place: int) -> bytes:
    try:
        with log.open("rb") as file:
            file.seek(place)
            return file.read(_BLOCK)
    except FileNotFoundError:
        return b""


def _usable(data: bytes, *, final: bool, impatient: bool) -> int:
    """How many bytes can be shown: whole lines, or, when waiting has lasted long enough, whole characters."""
    whole = data.rfind(b"\n") + 1
    if whole or not data:
        return whole
    if final:
        return len(data)
    return _whole_characters(data) if impatient or len(data) == _BLOCK else 0


def _whole_characters(data: bytes) -> int:
    """The length without the beginning of a UTF-8 character at the end."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return len(data) - back if length > back else len(data)
    return len(data)
