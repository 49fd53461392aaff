"""Figures, times and states in the words of the people who read the pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

#: Core's job states (core-api 2.A step 7): the word, and the colour family it is shown in.
STATES: dict[int, tuple[str, str]] = {
    0: ("Not started", "idle"),
    1: ("Waiting for its turn", "busy"),
    2: ("Running", "busy"),
    3: ("Finished", "good"),
    4: ("Failed", "bad"),
    5: ("Lost from sight", "bad"),
    6: ("Preparing", "busy"),
    7: ("Previewed", "good"),
    8: ("Stopped", "idle"),
}

#: States in which nothing changes any more.
OVER = frozenset({3, 4, 5, 7, 8})


def state(status: int | None) -> str:
    """Return a job state's word."""
    return STATES.get(status or 0, STATES[5])[0]


def tone(status: int | None) -> str:
    """Return a job state's colour family: idle, busy, good or bad."""
    return STATES.get(status or 0, STATES[5])[1]


def moment(milliseconds: object) -> str:
    """Return a time (milliseconds since the epoch, text or number) as day and clock, today's without the day."""
    if milliseconds in (None, "", "null"):
        return "not yet"
    then = datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC).astimezone()
    clock = then.strftime("%H:%M")
    today = datetime.now(UTC).astimezone().date()
    if then.date() == today:
        return f"today, {clock}"
    day = f"{then.day} {then.strftime('%B')}"
    return f"{day}, {clock}" if then.year == today.year else f"{day} {then.year}, {clock}"


def stamp(milliseconds: object) -> str:
    """Return a time for the machine-readable attribute of a time element."""
    return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC).isoformat(timespec="seconds")


def lasting(start: object, end: object = None) -> str:
    """Return the time between two moments (milliseconds; no end means now) in words."""
    last = int(str(end)) if end not in (None, "") else time.time_ns() // 1_000_000
    seconds = max(0, last - int(str(start))) // 1000
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min {seconds} s"
    return f"{seconds} s" if seconds else "less than a second"


def figure(number: float | None) -> str:
    """Return a whole number with thin groups of three digits."""
    return f"{int(number or 0):,}".replace(",", "\u202f")


def measure(number: float | None) -> str:
    """Return a measure with three digits that count, and without exponents."""
    value = float(number or 0)
    return figure(float(f"{value:.3g}")) if abs(value) >= 100 else f"{value:.3g}"


def counted(number: float | None, one: str, many: str | None = None) -> str:
    """Return a number with its noun: 1 slide, 2 slides."""
    return f"{figure(number)} {one if number == 1 else many or one + 's'}"


def bytes_in_words(size: float | None) -> str:
    """Return a file's size."""
    value = float(size or 0)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return ""


def percent(rate: float | None) -> str:
    """Return a rate between 0 and 1 as per cent."""
    return f"{100 * (rate or 0):.0f}\u202f%"


def software_title(name: object) -> str:
    """Return a software's name as a title: object_finder becomes Object finder."""
    title = str(name).replace("_", " ").strip()
    return title[:1].upper() + title[1:]


FILTERS: dict[str, Callable[..., Any]] = {
    "state": state,
    "tone": tone,
    "moment": moment,
    "stamp": stamp,
    "lasting": lasting,
    "figure": figure,
    "measure": measure,
    "counted": counted,
    "filesize": bytes_in_words,
    "percent": percent,
    "title_of": software_title,
}
