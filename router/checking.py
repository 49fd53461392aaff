"""What is wrong, part by part, and what to do about it: for `cytomine-router check`."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests

from router import amqp
from router.core import CoreClient, Keys, Timeouts
from router.daemon import complete, make_engine
from router.engines.base import Engine
from router.errors import CoreUnauthorized, RouterError
from router.launch import isolation
from router.policy import Machine, effective
from router.settings import Settings, without_password

_ROOM_BYTES = 5_000_000_000
_CLOCK_SECONDS = 60.0
_ADVICE = {
    "settings": "Set it in router.yml or the environment; settings/router.yml lists and explains every key.",
    "core": "Is core.url Core's address as seen from this machine, and does Core's own log show anything?",
    "clock": "Set the clocks (NTP) of this machine and of Core's.",
    "broker": "Is RabbitMQ running, and are address, user, password and vhost in broker.url right?",
    "engine": "Start it, and correct engine.host or this user's right to open that socket.",
    "logs": "Make the folder that logs.folder names, and let this user write in it.",
    "store": "Correct store.url, or the rights of its folder.",
    "disk": "Make room there: jobs whose logs find none lose them, and the store refuses new jobs.",
}


@dataclass(frozen=True)
class Checked:
    """One part: what is wrong with it (empty: nothing), and what to do then."""

    part: str
    problem: str = ""
    advice: str = ""


class _NotAsked(Exception):
    """A part could not be looked at; why, and where to read on."""


def findings(settings: Settings) -> Iterator[Checked]:
    """Look at every part, one after the other; nothing is changed by looking."""
    checks: dict[str, Callable[[Settings], str]] = {
        "settings": _settings,
        "core": _core,
        "clock": _clock,
        "broker": _broker,
        "engine": _engine,
        "logs": _logs,
        "store": _store,
        "disk": _disk,
    }
    for part, check in checks.items():
        try:
            problem, advice = check(settings), _ADVICE[part]
        except _NotAsked as reason:
            problem, advice = reason.args
        except CoreUnauthorized as error:
            problem, advice = str(error), "Correct core.public_key and core.private_key (or core.keys_file)."
        except (RouterError, OSError) as error:
            problem, advice = str(error), _ADVICE[part]
        yield Checked(part, problem, advice) if problem else Checked(part)


def _settings(settings: Settings) -> str:
    complete(settings)
    return ""


def _core(settings: Settings) -> str:
    _given("core.url", settings.core.url)
    keys = Keys(settings.core.public_key, settings.core.private_key.get_secret_value())
    with CoreClient(settings.core.url, keys, Timeouts(5.0, 10.0)) as core:
        user = core.current_user()
        if not user.admin:
            return f"the keys are those of {user.username}, who is no administrator: Core will refuse reports"
    return ""


def _clock(settings: Settings) -> str:
    """Core's clock against ours: logs and jobs are read side by side."""
    _given("core.url", settings.core.url)
    try:
        answer = requests.get(f"{settings.core.url}/server/ping", timeout=10)
    except requests.RequestException:
        raise _NotAsked("not compared: Core does not answer", "See core.") from None
    date = answer.headers.get("date")
    if date is None:
        return ""
    apart = abs(parsedate_to_datetime(date).timestamp() - time.time())
    return f"differs from Core's by {apart:.0f} s" if apart > _CLOCK_SECONDS else ""


def _broker(settings: Settings) -> str:
    url = settings.broker.url.get_secret_value()
    _given("broker.url", url)
    problem = amqp.probe(url)
    return f"{without_password(url)}: {problem}" if problem else ""


def _engine(settings: Settings) -> str:
    engine = make_engine(settings)
    try:
        engine.info()
        return _forwarder(settings, engine)
    finally:
        engine.close()


def _forwarder(settings: Settings, engine: Engine) -> str:
    """Whether the jobs' own network can be made; a router in a container uses its own image."""
    wanted = isolation(settings)
    if wanted is None or settings.engine.kind != "docker":
        return ""
    from router.engines.network import own_container_id

    if own_container_id() is not None or engine.has_image(wanted.image) is not None:
        return ""
    return (
        f"jobs wait: the forwarder of their network needs the image {wanted.image}, which is not there. "
        "Make it ('make images'), or name another network in engine.network."
    )


def _logs(settings: Settings) -> str:
    return _unwritable(settings.logs.folder)


def _store(settings: Settings) -> str:
    url = settings.store.url.get_secret_value()
    if url.startswith("sqlite:///"):
        return _unwritable(Path(url.removeprefix("sqlite:///")).parent)
    from router.store.glance import glance

    with glance(url) as look:
        look.listed(limit=1)
    return ""


def _disk(settings: Settings) -> str:
    places = [settings.logs.folder]
    url = settings.store.url.get_secret_value()
    if url.startswith("sqlite:///"):
        places.append(Path(url.removeprefix("sqlite:///")).parent)
    short = []
    for place in dict.fromkeys(map(_existing, places)):
        free = shutil.disk_usage(place).free
        if free < _ROOM_BYTES:
            short.append(f"{place} has {free / 1e9:.1f} GB left, less than 5 GB")
    return "; ".join(short)


def _given(key: str, value: str) -> None:
    if not value:
        msg = f"not asked: {key} is not set"
        raise _NotAsked(msg, "See settings.")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def _unwritable(folder: Path) -> str:
    place = _existing(folder)
    return "" if os.access(place, os.W_OK | os.X_OK) and place.is_dir() else f"{place} cannot be written to"


def policies(settings: Settings) -> dict[str, dict[str, Any]]:
    """What the container of a job may do and use as things are, by software; shares need an engine that answers."""
    engine = make_engine(settings)
    try:
        info = engine.info()
        machine = Machine(info.memory or None, float(info.cpus))
    except RouterError:
        machine = Machine()
    finally:
        engine.close()
    return effective(settings, machine)
