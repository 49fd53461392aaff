"""The REST API called from inside the process, as the person who looks at the page.

Pages hold no rules and no SQL of their own: what a person sees and may do here is what the API shows and allows her.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from starlette.convertors import Convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from router.core_server.context import Call, Caller, Core
from router.core_server.db import Sql
from router.core_server.errors import CoreError, NotFound
from router.core_server.http import Route, Routes
from router.core_server.wire import Arguments


class Refused(CoreError):
    """The API answered with an error body instead of raising."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Table:
    """The API's routes, to be found by method and path.

    Parameters
    ----------
    rooms : iterable of Routes
        The same routes that the server mounts, in the same order.
    """

    def __init__(self, rooms: Iterable[Routes]) -> None:
        self._routes: dict[str, list[tuple[re.Pattern[str], dict[str, Convertor[Any]], Route]]] = {}
        for route in (route for room in rooms for route in room.routes if not route.file):
            pattern, _, convertors = compile_path("/" + route.path.removeprefix("/"))
            for method in route.methods:
                self._routes.setdefault(method, []).append((pattern, convertors, route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, Any]]:
        """Return the route of `path` (below /api/, without .json) and the values in it.

        Raises
        ------
        NotFound
            When the API has no such address.
        """
        for pattern, convertors, route in self._routes.get(method, ()):
            match = pattern.match(path)
            if match:
                return route, {name: convertors[name].convert(value) for name, value in match.groupdict().items()}
        msg = f"the API has no {method} {path}"
        raise NotFound(msg)


@dataclass(frozen=True)
class Api:
    """Calls of one person; `sql` is the open transaction of a page that only reads."""

    core: Core
    table: Table
    request: Request
    caller: Caller | None
    sql: Sql | None = None

    def get(self, path: str, **arguments: object) -> Any:
        """Return what GET `path` answers."""
        return self.ask("GET", path, None, arguments)

    def all(self, path: str, **arguments: object) -> list[dict[str, Any]]:
        """Return every object of the collection at `path`."""
        items: list[dict[str, Any]] = self.get(path, **arguments)["collection"]
        return items

    def maybe(self, path: str, **arguments: object) -> Any:
        """Return what GET `path` answers, or None when there is no such thing."""
        try:
            return self.get(path, **arguments)
        except NotFound:
            return None

    def ask(self, method: str, path: str, body: object = None, arguments: Mapping[str, object] | None = None) -> Any:
        """Call a route and return its answer as Python objects.

        Raises
        ------
        CoreError
            As the API refuses.
        """
        return _plain(self.raw(method, path, body, arguments))

    def raw(self, method: str, path: str, body: object = None, arguments: Mapping[str, object] | None = None) -> Any:
        """Call a route and return its answer untouched."""
        route, params = self.table.find(method, "/" + path.strip("/"))
        args = Arguments((name, str(value)) for name, value in (arguments or {}).items() if value is not None)
        # handlers read their own address from the request, so it must be the API's, not the page's
        address = "/" + path.strip("/") if route.path.startswith("/") else "/api/" + path.strip("/")
        scope = {**self.request.scope, "method": method, "path": address, "query_string": b""}
        with self._transaction(route) as sql:
            return route.handler(Call(self.core, Request(scope), sql, params, args, body, None, self.caller))

    def _transaction(self, route: Route) -> AbstractContextManager[Any]:
        if route.mode == "own":
            return nullcontext()
        if route.mode == "write":
            return self.core.db.write()
        return nullcontext(self.sql) if self.sql is not None else self.core.db.read()


def _plain(answer: Any) -> Any:
    if not isinstance(answer, Response):
        return answer
    if not (answer.media_type or "").startswith("application/json"):
        return answer
    content = json.loads(bytes(answer.body))
    if answer.status_code != 200:
        errors = content.get("errors") if isinstance(content, dict) else None
        message = errors.get("message", "") if isinstance(errors, dict) else str(errors or content)
        raise Refused(answer.status_code, message)
    return content
