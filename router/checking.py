"""What is wrong, part by part, in words: for `cytomine-router check`."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests

from router import amqp
from router.core import CoreClient, Keys, Timeouts
from router.daemon import complete, make_engine
from router.errors import RouterError
from router.settings import Settings

_ROOM_BYTES = 5_000_000_000
_CLOCK_SECONDS = 60.0


def findings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every part and its problem; an empty problem is none."""
    checks: dict[str, Callable[[Settings], str]] = {
        "settings": _settings,
        "core": _core,
        "clock": _clock,
        "broker": _broker,
        "engine": _engine,
        "disk": _disk,
    }
    for part, check in checks.items():
        try:
            yield part, check(settings)
        except (RouterError, OSError) as error:
            yield part, str(error)


def _settings(settings: Settings) -> str:
    complete(settings)
    return ""


def _core(settings: Settings) -> str:
    keys = Keys(settings.core.public_key, settings.core.private_key.get_secret_value())
    with CoreClient(settings.core.url, keys, Timeouts(5.0, 10.0)) as core:
        user = core.current_user()
        if not user.admin:
            return f"the keys are those of {user.username}, who is no administrator"
    return ""


def _clock(settings: Settings) -> str:
    """Core's clock against ours: logs and jobs are read side by side."""
    answer = requests.get(f"{settings.core.url}/server/ping", timeout=10)
    date = answer.headers.get("date")
    if date is None:
        return ""
    apart = abs(parsedate_to_datetime(date).timestamp() - time.time())
    return f"differs from Core's by {apart:.0f} s; set the clocks" if apart > _CLOCK_SECONDS else ""


def _broker(settings: Settings) -> str:
    return amqp.probe(settings.broker.url.get_secret_value())


def _engine(settings: Settings) -> str:
    engine = make_engine(settings)
    try:
        engine.info()
    finally:
        engine.close()
    return ""


def _disk(settings: Settings) -> str:
    place = settings.logs.folder
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(Path(place)).free
    return f"{place} has {free / 1e9:.1f} GB left, less than 5 GB" if free < _ROOM_BYTES else ""
