"""What Core says on RabbitMQ: four dialects, three body shapes (router-protocol.md section 2).

`parse` never raises: nothing but a `Message` or a `Poison` comes out. A dialect is told by the shape of the body,
never by configuration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.masking import flag_value, is_key

_LARGEST_ID = 2**63 - 1
_LONGEST = 1 << 20
_UNPASSABLE = re.compile("[\0\ud800-\udfff]")


class TaskKind(StrEnum):
    """Work for the catalogue; the values are Core's request types."""

    UPDATE_SERVER = "updateProcessingServer"
    ADD_REPOSITORY = "addSoftwareUserRepository"
    REMOVE_REPOSITORY = "removeSoftwareUserRepository"
    REFRESH_LIST = "refreshSoftwareUserRepositoryList"
    REFRESH_ONE = "refreshRepository"
    REFRESH_ALL = "refreshRepositories"
    ADD_SOFTWARE = "addSoftware"


@dataclass(frozen=True)
class Execute:
    """Run a job (2.2). Dialects B and C."""

    job: int
    command: tuple[str, ...] = field(repr=False)
    pulling_command: str = ""
    server_parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LegacyExecute:
    """Run a job of a legacy Core (2.3).

    Parameters
    ----------
    command
        All that the message holds.
    public_key
        Of the job's user, found in the command; Core is asked which job it belongs to.
    job
        Known from the positional form only.
    """

    command: tuple[str, ...] = field(repr=False)
    public_key: str
    job: int | None = None


@dataclass(frozen=True)
class Kill:
    """Stop a job."""

    job: int


@dataclass(frozen=True)
class NewQueue:
    """A queue to consume from now on; `server` is None in the legacy announcement."""

    queue: str
    exchange: str
    server: int | None


@dataclass(frozen=True)
class CatalogueTask:
    """Something the catalogue does when it has time."""

    kind: TaskKind
    details: Mapping[str, str | int | None]


@dataclass(frozen=True)
class Poison:
    """A body nobody can act on, and why."""

    reason: str


Message = Execute | LegacyExecute | Kill | NewQueue | CatalogueTask


class _Unreadable(Exception):
    """Internal: the reason why a body is poison."""


def parse(body: bytes) -> Message | Poison:
    """Read one message.

    Parameters
    ----------
    body
        The bytes of the delivery: UTF-8, or whatever the JVM of an old Core had as its default (1.3).
    """
    if len(body) > _LONGEST:
        return Poison(f"the body has {len(body)} bytes, more than {_LONGEST}")
    try:
        return _read(_load(body))
    except _Unreadable as reason:
        return Poison(str(reason))


def _load(body: bytes) -> Any:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {error}"
        raise _Unreadable(message) from error


def _read(found: Any) -> Message:
    if isinstance(found, list):
        return _legacy(_command(found))
    if not isinstance(found, dict):
        message = f"neither an object nor an array: {type(found).__name__}"
        raise _Unreadable(message)
    if "requestType" not in found:
        if "name" in found:
            return NewQueue(_text(found, "name"), _text(found, "exchange", ""), None)
        raise _Unreadable("an object without requestType and without name")
    kind = found["requestType"]
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        message = _REFUSED.get(str(kind)) or f"unknown requestType {str(kind)[:80]!r}"
        raise _Unreadable(message)
    return reader(found)


def _execute(found: dict[str, Any]) -> Execute:
    elements = found.get("command")
    if not isinstance(elements, list):
        raise _Unreadable("command is not an array")
    parameters = found.get("serverParameters") or {}
    if not isinstance(parameters, dict):
        raise _Unreadable("serverParameters is not an object")
    return Execute(
        job=_number(found, "jobId"),
        command=_command(elements),
        pulling_command=_text(found, "pullingCommand", ""),
        server_parameters={_clean(key, "serverParameters"): _word(value) for key, value in parameters.items()},
    )


def _legacy(command: tuple[str, ...]) -> LegacyExecute:
    """Job and keys of a legacy command: behind flags, or job, user, host and both keys in a row (2.3)."""
    key = flag_value(command, "publickey")
    if key:
        return LegacyExecute(command, key)
    for place in range(len(command) - 4):
        job, user, host, public, private = command[place : place + 5]
        numbers = all(word.isascii() and word.isdigit() and len(word) < 19 for word in (job, user))
        if numbers and host.startswith("http") and is_key(public) and is_key(private):
            return LegacyExecute(command, public, int(job))
    raise _Unreadable("the command of a legacy job holds no keys, so nobody knows which job it is")


def _new_queue(found: dict[str, Any]) -> NewQueue:
    return NewQueue(_text(found, "name"), _text(found, "exchange", ""), _number(found, "processingServerId"))


def _repository(found: dict[str, Any]) -> CatalogueTask:
    details = {key: _text(found, key, None) for key in ("provider", "username", "dockerUsername", "prefix")}
    return CatalogueTask(TaskKind(found["requestType"]), {"id": _number(found, "id"), **details})


def _task(found: dict[str, Any]) -> CatalogueTask:
    return CatalogueTask(TaskKind(found["requestType"]), {})


def _refresh_one(found: dict[str, Any]) -> CatalogueTask:
    details = {"id": _number(found, "id"), "username": _text(found, "username")}
    return CatalogueTask(TaskKind.REFRESH_ONE, details)


def _numbered(kind: TaskKind, key: str) -> Callable[[dict[str, Any]], CatalogueTask]:
    return lambda found: CatalogueTask(kind, {key: _number(found, key)})


_READERS: Mapping[str, Callable[[dict[str, Any]], Message]] = {
    "execute": _execute,
    "kill": lambda found: Kill(_number(found, "jobId")),
    "addProcessingServer": _new_queue,
    TaskKind.UPDATE_SERVER: _numbered(TaskKind.UPDATE_SERVER, "processingServerId"),
    TaskKind.ADD_SOFTWARE: _numbered(TaskKind.ADD_SOFTWARE, "SoftwareId"),
    TaskKind.ADD_REPOSITORY: _repository,
    TaskKind.REMOVE_REPOSITORY: _repository,
    TaskKind.REFRESH_LIST: _task,
    TaskKind.REFRESH_ALL: _task,
    TaskKind.REFRESH_ONE: _refresh_one,
}
_UNRELEASED = "dialect D (flexible job management) was never released and is not supported"
_REFUSED = {
    "checkLoadsAndExecute": _UNRELEASED,
    "checkLoadOfAllPs": _UNRELEASED,
    "checkLoadOnePS": _UNRELEASED,
    "getLogs": "getLogs has no caller in any Core; logs are attached to the job as log.out",
}


def _number(found: dict[str, Any], key: str) -> int:
    value = found.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _LARGEST_ID:
        message = f"{key} is not a positive number: {str(value)[:80]!r}"
        raise _Unreadable(message)
    return value


_NEEDED: Any = object()


def _text(found: dict[str, Any], key: str, default: Any = _NEEDED) -> Any:
    value = found.get(key)
    if value is None and default is not _NEEDED:
        return default
    if not isinstance(value, str) or (not value and default is _NEEDED):
        message = f"{key} is not a text"
        raise _Unreadable(message)
    return _clean(value, key)


def _command(elements: list[Any]) -> tuple[str, ...]:
    """The words as sent, empty ones too: rebuilding a torn command compares with what Core makes (2.2.6)."""
    if all(isinstance(element, str) for element in elements):
        # As always in practice: one search instead of one a word.
        words = tuple(elements)
        _clean("".join(words), "command")
    else:
        words = tuple(_word(element) for element in elements)
    if not any(words):
        raise _Unreadable("the command is empty")
    return words


def _word(value: Any) -> str:
    """One element of a command as text; a legacy parameter without a value is null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _clean(value, "command")
    message = f"an element of the command is a {type(value).__name__}"
    raise _Unreadable(message)


def _clean(text: str, key: str) -> str:
    """Refuse what no program can be given: NUL, and halves of surrogate pairs."""
    if _UNPASSABLE.search(text):
        message = f"{key} holds a character that no program can be given"
        raise _Unreadable(message)
    return text
