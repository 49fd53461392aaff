"""Times and lengths of time as people read them."""

from __future__ import annotations

from datetime import datetime


def when(at: float | None) -> str:
    """A moment, in local time."""
    return "-" if at is None else datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="seconds")


def lasting(seconds: float | None) -> str:
    """A length of time: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if seconds is None:
        return "-"
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
