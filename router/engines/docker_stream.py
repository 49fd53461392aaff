"""The formats of Docker's streaming answers: multiplexed output, lines of JSON, time stamps."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import requests

from router.engines.base import LogChunk

_HEADER = 8
_READ = 1 << 16


def blocks(answer: requests.Response) -> Iterator[bytes]:
    """The bytes of an answer as they arrive."""
    raw = answer.raw
    if getattr(raw, "chunked", False) and raw.supports_chunked_reads():
        yield from raw.read_chunked(_READ)
        return
    while block := raw.read1(_READ):
        yield block


def frames(answer: requests.Response) -> Iterator[LogChunk]:
    """The frames of a log without a terminal: 4 bytes stream, 4 bytes length, one time stamp, output."""
    buffer = bytearray()
    for block in blocks(answer):
        buffer += block
        start = 0
        while len(buffer) - start >= _HEADER:
            end = start + _HEADER + int.from_bytes(buffer[start + 4 : start + _HEADER])
            if len(buffer) < end:
                break
            stamp, _, data = bytes(buffer[start + _HEADER : end]).partition(b" ")
            yield LogChunk(_whole_second(stamp[:19]), data)
            start = end
        del buffer[:start]


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
