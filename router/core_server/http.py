"""Routes as data, and the one way from a request to an answer.

Handlers are plain functions of a `Call`; they run in threads, inside a transaction of their route's mode.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from router.core_server import uploads
from router.core_server.auth import authenticate
from router.core_server.context import Call, Caller, Core, Received
from router.core_server.db import Sql
from router.core_server.errors import CoreError, NotFound, TooLarge, Unauthorized, WrongArgument
from router.core_server.wire import Arguments, answer

logger = logging.getLogger(__name__)

_FORM = re.compile(rb"\w+=")

Mode = Literal["read", "write", "own"]
Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """One URL.

    Parameters
    ----------
    methods : tuple of str
        HTTP methods.
    path : str
        Below /api/, or absolute with a leading slash; without `.json`.
    handler : callable
        Takes a Call; returns something for JSON, or a Response.
    mode : str
        The transaction: read, write, or own (the handler opens its own).
    public : bool
        Whether callers without signature or session are let in.
    file : bool
        Whether the body is an uploaded file.
    """

    methods: tuple[str, ...]
    path: str
    handler: Handler
    mode: Mode
    public: bool = False
    file: bool = False


@dataclass
class Routes:
    """A room's URLs."""

    routes: list[Route] = field(default_factory=list)

    def add(
        self,
        methods: str,
        *paths: str,
        mode: Mode | None = None,
        public: bool = False,
        file: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Return a decorator that puts a handler on `paths`; methods are separated by blanks."""
        names = tuple(methods.split())
        chosen: Mode = mode or ("read" if set(names) <= {"GET", "HEAD"} else "write")

        def register(handler: Handler) -> Handler:
            self.routes.extend(Route(names, path, handler, chosen, public, file) for path in paths)
            return handler

        return register


#: What Core had not before processing servers.
NOT_LEGACY = ("processing_server", "software_user_repository", "job/{id:int}/kill", "job/{id:int}/log")


def mount(core: Core, rooms: Iterable[Routes]) -> list[StarletteRoute]:
    """Return the routes for Starlette; a legacy Core (dialect A) lacks what came later."""
    mounted = []
    for room in rooms:
        for route in room.routes:
            if core.settings.dialect == "A" and route.path.startswith(NOT_LEGACY):
                continue
            path = route.path if route.path.startswith("/") else f"/api/{route.path}"
            mounted.append(
                StarletteRoute(path, _endpoint(core, route), methods=list(route.methods), name=route.handler.__name__)
            )
    return mounted


def _endpoint(core: Core, route: Route) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            return await _serve(core, route, request)
        except CoreError as error:
            return refuse(error)
        except OverflowError:
            return refuse(NotFound("Resource not found: an id in the address is too large"))
        except ClientDisconnect:
            return Response(status_code=499)

    return endpoint


def refuse(error: CoreError) -> Response:
    """Return the answer to a request that failed."""
    if error.status >= 500 and error.status != 503:
        logger.error("%s", error)
    return answer(error.body(), error.status)


@dataclass
class _Sent:
    """What a request with a body brought, and who sent it."""

    identified: bool = False
    caller: Caller | None = None
    body: bytes = b""
    received: Received | None = None


async def _serve(core: Core, route: Route, request: Request) -> Response:
    sent = _Sent()
    if route.mode != "read" or request.method not in {"GET", "HEAD"}:
        # who asks is clear before a body is read
        sent.identified = True
        sent.caller = await to_thread.run_sync(_identify, core, route, request)
        if route.file:
            sent.received = await uploads.receive(request, core.settings)
        else:
            sent.body = await _bounded_body(request, core.settings.max_body)
    try:
        return await to_thread.run_sync(_handle, core, route, request, sent)
    finally:
        if sent.received:
            sent.received.path.unlink(missing_ok=True)


def _identify(core: Core, route: Route, request: Request) -> Caller | None:
    with core.db.read() as sql:
        return _caller(sql, route, request)


def _caller(sql: Sql, route: Route, request: Request) -> Caller | None:
    try:
        caller = authenticate(sql, request)
    except Unauthorized:
        if route.public:
            return None
        raise
    if caller is None and not route.public:
        raise Unauthorized("Unauthorized: sign the request or log in first")
    return caller


async def _bounded_body(request: Request, bound: int) -> bytes:
    length = request.headers.get("content-length", "0")
    if length.isdigit() and int(length) > bound:
        msg = f"the body has {length} bytes, at most {bound} are taken: send it in parts"
        raise TooLarge(msg)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > bound:
            msg = f"the body has more than {bound} bytes: send it in parts"
            raise TooLarge(msg)
        parts.append(part)
    return b"".join(parts)


def _handle(core: Core, route: Route, request: Request, sent: _Sent) -> Response:
    parsed = _parse(request, sent.body) if sent.body else None
    transaction: AbstractContextManager[Any] = nullcontext()
    if route.mode == "read":
        transaction = core.db.read()
    elif route.mode == "write":
        transaction = core.db.write()
    with transaction as sql:
        caller = sent.caller if sent.identified else _caller(sql, route, request)
        arguments = Arguments.of_query(request.scope["query_string"])
        call = Call(core, request, sql, request.path_params, arguments, parsed, sent.received, caller)
        result = route.handler(call)
        return result if isinstance(result, Response) else answer(result)


def _parse(request: Request, body: bytes) -> Any:
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/x-www-form-urlencoded"):
        return _form(body)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        if request.method in {"GET", "DELETE"}:
            return None
        if _FORM.match(body):
            # the client's review() declares JSON and sends a form
            return _form(body)
        msg = f"the body is no JSON: {error}"
        raise WrongArgument(msg) from error


def _form(body: bytes) -> dict[str, str]:
    """Read a form; a field that comes several times is a list, separated by commas."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace"):
        fields[name] = f"{fields[name]},{value}" if name in fields else value
    return fields
