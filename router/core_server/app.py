"""The server as one object: rooms, tables, first accounts, the ASGI application."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from router.core_server import (
    activity,
    annotation_terms,
    archives,
    auth,
    domain_data,
    execute,
    files,
    groups,
    ids,
    images,
    imports,
    job_data,
    jobs,
    ontologies,
    pages,
    pictures,
    processing,
    projects,
    reshaping,
    reviews,
    search,
    sessions,
    similar,
    software,
    statistics,
    storages,
    timeline,
    tracks,
    users,
    webui,
)
from router.core_server import annotations as annotations_room
from router.core_server.broker import Broker
from router.core_server.context import Call, Core, Settings
from router.core_server.crud import routes_of
from router.core_server.db import Database, Sql
from router.core_server.errors import NotFound
from router.core_server.foreign_ui import WebUi
from router.core_server.http import Routes, mount, refuse
from router.core_server.openapi import description
from router.core_server.slides import SlideShelf
from router.core_server.wire import answer

logger = logging.getLogger(__name__)

#: Rooms in the order in which their tables are made.
ROOMS: tuple[Any, ...] = (
    users,
    ontologies,
    projects,
    storages,
    images,
    annotations_room,
    annotation_terms,
    tracks,
    processing,
    software,
    jobs,
    job_data,
    domain_data,
    search,
    execute,
    archives,
    imports,
    pictures,
    sessions,
    reviews,
    reshaping,
    statistics,
    similar,
    groups,
    activity,
    webui,
)
RESOURCES = tuple(resource for room in ROOMS for resource in getattr(room, "RESOURCES", ()))


class _Number(Convertor[int]):
    """A whole number that may be negative, as window positions are."""

    regex = "-?[0-9]{1,15}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("num", _Number())


def _hanging_triggers() -> str:
    """Return the triggers that take what hangs on a thing away with it."""
    return "".join(
        f'CREATE TRIGGER "{resource.table}_hanging" AFTER DELETE ON "{resource.table}" BEGIN '
        + "".join(f"DELETE FROM {table} WHERE domainIdent = old.id; " for table in domain_data.HANGING)
        + "END;"
        for resource in RESOURCES
        if resource.table not in domain_data.HANGING
    )


def open_core(settings: Settings) -> tuple[Core, list[dict[str, Any]]]:
    """Open the data folder, filling an empty one, and return the server's parts and what to announce."""
    for folder in (settings.data, settings.slides, settings.files, settings.incoming):
        folder.mkdir(parents=True, exist_ok=True)
    for leftover in settings.incoming.iterdir():
        leftover.unlink()
    db = Database(settings.data / "core.db")
    empty = db.create(RESOURCES, [files.SCHEMA, auth.SCHEMA, webui.SCHEMA, timeline.SCHEMA, _hanging_triggers()])
    core = Core(settings, db, Broker(settings.amqp, partial(processing.all_queues, db)), SlideShelf())
    announcements = [_fill(core)] if empty else []
    if not (settings.data / "keys.json").exists():
        _renew_keys(core)
    files.sweep(core)
    return core, announcements


def _account(sql: Sql, username: str, names: tuple[str, str], roles: tuple[str, ...]) -> int:
    values = users.USER.parse({"username": username, "firstname": names[0], "lastname": names[1]})
    values |= {"publicKey": ids.key(), "privateKey": ids.key(), "enabled": 1, "origin": "BOOTSTRAP"}
    user = sql.add("secuser", values)
    for role in roles:
        ident = sql.value("SELECT id FROM secrole WHERE authority = ?", (role,))
        sql.add("secusersecrole", {"secuser": user["id"], "role": ident})
    return int(user["id"])


def _fill(core: Core) -> dict[str, Any]:
    """Give an empty database its roles, accounts, storage, constraints and processing server."""
    with core.db.write() as sql:
        for role in users.ROLES:
            sql.add("secrole", {"authority": role})
        admin = _account(sql, "admin", ("Admin", "Istrator"), ("ROLE_USER", "ROLE_ADMIN"))
        _account(sql, "rabbitmq", ("Software", "Router"), ("ROLE_USER", "ROLE_SUPER_ADMIN"))
        sql.add("storage", {"name": "admin storage", "user": admin})
        for kind, name, expression in software.CONSTRAINTS:
            sql.add("parameterconstraint", {"name": name, "expression": expression, "dataType": kind})
    return processing.add_local_server(core)


def _renew_keys(core: Core) -> None:
    """Write keys.json; the password is hashed in the database, so a lost file means a new password."""
    password = secrets.token_urlsafe(12)
    keys: dict[str, dict[str, str]] = {}
    with core.db.write() as sql:
        sql.run("UPDATE secuser SET password = ? WHERE username = 'admin'", (auth.hash_password(password),))
        for name, username in (("admin", "admin"), ("router", "rabbitmq")):
            row = sql.one("SELECT * FROM secuser WHERE username = ?", (username,)) or {}
            keys[name] = {key: row[key] for key in ("username", "publicKey", "privateKey")}
    keys["admin"]["password"] = password
    _write_private(core.settings.data / "keys.json", json.dumps(keys, indent=2) + "\n")


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


class _Addresses:
    """Takes `.json` and trailing slashes off addresses; what was sent stays known for signatures."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            query: bytes = scope["query_string"]
            path = scope["path"].rstrip("/") or "/"
            while path.endswith(".json"):
                path = path.removesuffix(".json")
            scope = {
                **scope,
                "path": path,
                "sent_path": scope["path"],
                "raw_target": raw + b"?" + query if query else raw,
            }
        await self._app(scope, receive, send)


async def _unknown(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    if status == 405:
        return answer({"success": False, "errors": f"{request.method} is not possible here"}, 405)
    return refuse(NotFound(f"nothing answers {request.method} {request.url.path}"))


async def _broken(request: Request, error: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer({"success": False, "errors": "the server failed; its log says why"}, 500)


def _described(rooms: list[Routes]) -> Routes:
    """Return the URL of the description of all others."""
    routes = Routes()

    @routes.add("GET", "openapi", public=True)
    def openapi(_: Call) -> Any:
        """Describe the API (OpenAPI 3.0)."""
        return description(rooms, RESOURCES)

    return routes


def build(core: Core, announcements: list[dict[str, Any]]) -> ASGIApp:
    """Return the ASGI application; it closes `core` when it stops."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        core.broker.start(announcements)
        core.slides.warm_up()
        try:
            yield
        finally:
            core.broker.stop()
            core.slides.close()
            core.db.close()

    rooms = [room.routes for room in ROOMS] + [routes_of(RESOURCES)]
    rooms.append(_described(rooms))
    handlers: Mapping[Any, Any] = {404: _unknown, 405: _unknown, 500: _broken}
    routes: list[BaseRoute] = [*mount(core, rooms), *pages.mount(core, rooms)]
    if core.settings.web_ui is not None:
        routes.append(Mount("/", WebUi(core.settings.web_ui)))
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return _Addresses(app)
