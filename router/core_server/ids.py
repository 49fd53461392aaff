"""Identifiers, keys and time: one sequence over all resources, as in Core."""

from __future__ import annotations

import secrets
import time
import uuid

#: The first identifier given out; small numbers stay free for people to use as "no such thing".
FIRST_ID = 101


def now() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def key() -> str:
    """Return a fresh public or private key: the text of a random UUID, as Core makes them."""
    return str(uuid.uuid4())


def token() -> str:
    """Return an unguessable text for sessions and slide paths."""
    return secrets.token_urlsafe(32)
