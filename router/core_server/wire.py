"""Core's conventions on the wire: query values, envelopes, collections, JSON answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.responses import Response

from router.core_server.errors import WrongArgument
from router.core_server.resource import as_bool

#: The client mounts a HTTP cache and would otherwise keep old states.
NO_CACHE = {"Cache-Control": "no-cache, no-store, max-age=0, must-revalidate"}

#: The largest identifier SQLite holds.
LARGEST = 2**63 - 1


class Arguments(dict[str, Any]):
    """Query (and for searches body) values of a request, read without regard to how they were written."""

    @classmethod
    def of_query(cls, query: bytes) -> Arguments:
        """Read a raw query string; keys that the js client encoded twice are decoded once more."""
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
        return cls((unquote(name), value) for name, value in pairs)

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean: True, true, 1."""
        value = self.get(name)
        return default if value in (None, "") else as_bool(value)

    def integer(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number, or `default` where there is none."""
        value = self.get(name)
        if value in (None, "", "null", "None"):
            return default
        try:
            number = int(float(str(value))) if "." in str(value) else int(str(value))
        except (ValueError, OverflowError):
            msg = f"{name} must be a whole number, not {value!r}"
            raise WrongArgument(msg) from None
        if abs(number) > LARGEST:
            msg = f"{name} is too large: {value!r}"
            raise WrongArgument(msg)
        return number

    def number(self, name: str) -> float | None:
        """Return a finite number, or None where there is none."""
        value = self.get(name)
        if value in (None, "", "null", "None"):
            return None
        try:
            number = float(str(value))
        except ValueError:
            number = float("nan")
        if not abs(number) < float("inf"):
            msg = f"{name} must be a number, not {value!r}"
            raise WrongArgument(msg)
        return number

    def ids(self, *names: str) -> list[int] | None:
        """Return identifiers under any of `names`: a list, or a text separated by comma or underscore."""
        for name in names:
            value = self.get(name)
            if value in (None, "", "null", "None"):
                continue
            items: Iterable[Any] = (
                value if isinstance(value, list) else str(value).strip("[]").replace("_", ",").split(",")
            )
            return [ident for ident in (as_id(name, item) for item in items if str(item).strip()) if ident is not None]
        return None


def as_id(name: str, value: object) -> int:
    """Read one identifier."""
    try:
        ident = int(str(value).strip())
    except ValueError:
        msg = f"{name} must hold ids, not {value!r}"
        raise WrongArgument(msg) from None
    if abs(ident) > LARGEST:
        msg = f"{name} is too large: {value!r}"
        raise WrongArgument(msg)
    return ident


def answer(content: Any, status: int = 200) -> Response:
    """Return a JSON answer that nobody caches."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, media_type="application/json;charset=UTF-8", headers=NO_CACHE)


def page_of(arguments: Arguments) -> tuple[int, int]:
    """Return offset and size of the page asked for; size 0 means all."""
    offset = max(0, arguments.integer("offset", 0) or 0)
    size = max(0, arguments.integer("max", 0) or 0)
    return offset, size


def collection(items: Sequence[Any], total: int, arguments: Arguments) -> dict[str, Any]:
    """Return Core's envelope of a page."""
    offset, size = page_of(arguments)
    return {
        "collection": list(items),
        "offset": offset,
        "perPage": min(size, total) if size else total,
        "size": total,
        "totalPages": -(-total // size) if size else 1,
    }


def whole(items: Sequence[Any], arguments: Arguments) -> dict[str, Any]:
    """Return Core's envelope of the page of `items` that `arguments` ask for."""
    offset, size = page_of(arguments)
    return collection(items[offset : offset + size if size else None], len(items), arguments)


def envelope(verb: str, label: str, key: str, written: Mapping[str, Any], command: int) -> dict[str, Any]:
    """Return the answer to a POST, PUT or DELETE of one object.

    Parameters
    ----------
    verb : str
        Add, Edit or Delete.
    label : str
        Class name, such as SoftwareParameter.
    key : str
        Name under which clients look for the object.
    written : Mapping
        The object.
    command : int
        Identifier of the command.
    """
    done = {"Add": "added", "Edit": "updated", "Delete": "deleted"}[verb]
    name = written.get("name") or ""
    return {
        "message": f"{label} {written['id']} ({name}) {done}" if name else f"{label} {written['id']} {done}",
        "callback": {"method": f"be.cytomine.{verb}{label}Command", f"{key}ID": str(written["id"])},
        "printMessage": True,
        key: written,
        "command": command,
    }
