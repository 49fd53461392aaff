"""The formats of Docker's streaming answers: multiplexed output, lines of JSON, time stamps."""

from __future__ import annotations

import calendar
import json
import re
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BufferedReader
from typing import Any, cast

import requests

from router.engines.base import LogChunk

_HEADER = 8
_READ = 1 << 16
_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")


def blocks(answer: requests.Response) -> Iterator[bytes]:
    """The bytes of an answer as they arrive, as many at a time as there are."""
    raw = answer.raw
    if getattr(raw, "chunked", False) and raw.supports_chunked_reads():
        # Docker sends a line as a chunk, and urllib3 gives out one chunk at a time, at 20 us each.
        yield from unchunked(cast("Any", raw)._fp.fp)  # noqa: SLF001
        return
    while block := raw.read1(_READ):
        yield block


def unchunked(stream: BufferedReader) -> Iterator[bytes]:
    """The content in a stream of chunked transfer coding (RFC 9112, 7.1), everything that has arrived in one piece.

    Raises
    ------
    ConnectionError
        It broke off, or is not chunked.
    """
    buffer, inside = bytearray(), 0
    while block := stream.read1(_READ):
        buffer += block
        content, place = bytearray(), 0
        while True:
            if inside:
                # The two bytes that end a chunk are counted with it.
                taken = min(inside, len(buffer) - place)
                content += buffer[place : place + min(taken, max(0, inside - 2))]
                place, inside = place + taken, inside - taken
            end = -1 if inside else buffer.find(b"\r\n", place)
            if end < 0:
                break
            written = bytes(buffer[place:end]).partition(b";")[0].strip()
            if _SIZE.fullmatch(written) is None:
                raise ConnectionError("the engine's answer is not chunked as it says")
            size = int(written, 16)
            place = end + 2
            if size == 0:
                if content:
                    yield bytes(content)
                return
            inside = size + 2
        del buffer[:place]
        if content:
            yield bytes(content)
    raise ConnectionError("the engine's answer broke off")


def frames(answer: requests.Response, skip: int = 0) -> Iterator[LogChunk]:
    """The output in a log without a terminal; what arrived together within one second is one chunk.

    A frame is 4 bytes stream, 4 bytes length, one time stamp, output: one line of a program, so there may be a hundred
    thousand in a second, too many to be written one by one.

    Parameters
    ----------
    answer
        Of the engine.
    skip
        How many frames at the beginning were seen before.
    """
    buffer = bytearray()
    for block in blocks(answer):
        buffer += block
        start, second, parts = 0, 0, list[bytes]()
        while len(buffer) - start >= _HEADER:
            end = start + _HEADER + int.from_bytes(buffer[start + 4 : start + _HEADER])
            if len(buffer) < end:
                break
            if skip:
                skip -= 1
            else:
                stamp, _, data = bytes(buffer[start + _HEADER : end]).partition(b" ")
                at = _whole_second(stamp[:19])
                if parts and at != second:
                    yield LogChunk(second, b"".join(parts), len(parts))
                    parts = []
                second = at
                parts.append(data)
            start = end
        del buffer[:start]
        if parts:
            yield LogChunk(second, b"".join(parts), len(parts))


def lines(answer: requests.Response) -> Iterator[Mapping[str, Any]]:
    """The objects of an answer of one JSON object a line."""
    buffer = b""
    for block in blocks(answer):
        *complete, buffer = (buffer + block).split(b"\n")
        for line in complete:
            if line.strip():
                yield json.loads(line)


@lru_cache(maxsize=64)
def _whole_second(stamp: bytes) -> int:
    return calendar.timegm(time.strptime(stamp.decode("ascii"), "%Y-%m-%dT%H:%M:%S"))


def seconds(stamp: str) -> float | None:
    """Docker's time stamp as seconds since the epoch; None for its zero."""
    if not stamp or stamp.startswith("0001"):
        return None
    whole, _, fraction = stamp.rstrip("Z").partition(".")
    return _whole_second(whole.encode()) + (float(f"0.{fraction}") if fraction.isdigit() else 0.0)
