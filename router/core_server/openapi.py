"""The REST API described as OpenAPI 3.0, out of the routes and the resources themselves: `/api/openapi.json`.

What a handler reads of the query is found in its room's source, by the names it asks `call.args` for.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from router.core_server.http import Route, Routes
from router.core_server.resource import Field, Kind, Resource

VERSION = "3.2.0-embedded"
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_READ = re.compile(r'args(?:\.(?P<how>\w+)\(|\[)"(?P<name>\w+)"')
_TYPES: Mapping[str, Mapping[str, str]] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "flag": {"type": "boolean"},
}
_KINDS: Mapping[Kind, Mapping[str, Any]] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "text": {"type": "string"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "description": "milliseconds since 1970"},
    "ref": {"type": "integer"},
    "json": {},
    "blob": {"type": "string"},
}
_LIST_QUERY = (("max", "integer"), ("offset", "integer"), ("sort", ""), ("order", ""))
_ANSWERS = {
    "default": {"description": "The answer, or an object with `errors` and the status code that Core has for it."}
}


def description(rooms: Iterable[Routes], resources: Sequence[Resource]) -> dict[str, Any]:
    """Return the OpenAPI document of all routes."""
    by_path = {path: resource for resource in resources for path in resource.paths}
    paths: dict[str, dict[str, Any]] = {}
    for room in rooms:
        for route in room.routes:
            address = route.path if route.path.startswith("/") else f"/api/{route.path}"
            place = paths.setdefault(_PLACE.sub(r"{\1}", address), {})
            resource = by_path.get(route.path.removesuffix("/{id:int}"))
            for method in route.methods:
                place.setdefault(method.lower(), _operation(route, method, resource))
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "The embedded Core",
            "version": VERSION,
            "description": "Cytomine-Core's REST API on one machine. Paths may end in `.json`.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {resource.key: _schema(resource) for resource in resources},
            "securitySchemes": {
                "signature": {"type": "apiKey", "in": "header", "name": "Authorization"},
                "session": {"type": "apiKey", "in": "cookie", "name": "JSESSIONID"},
            },
        },
        "security": [{"signature": []}, {"session": []}],
    }


def _operation(route: Route, method: str, resource: Resource | None) -> dict[str, Any]:
    said = (inspect.getdoc(route.handler) or "").partition("\n")[0]
    found: dict[str, Any] = {
        "summary": said or (f"{method} {resource.label}" if resource else route.handler.__name__),
        "tags": [(resource.key if resource else route.handler.__module__.rpartition(".")[2])],
        "parameters": [*_places(route.path), *_query(route, method, resource)],
        "responses": _ANSWERS,
    }
    if route.public:
        found["security"] = []
    if method in {"POST", "PUT"}:
        found["requestBody"] = _body(route, resource)
    return found


def _places(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer"} if kind in {"int", "num"} else {"type": "string"},
        }
        for name, kind in _PLACE.findall(path)
    ]


def _query(route: Route, method: str, resource: Resource | None) -> list[dict[str, Any]]:
    if resource is not None:
        named = dict(_LIST_QUERY) if method == "GET" and "{id" not in route.path else {}
    else:
        named = dict(_read_in(route.handler.__module__))
    return [{"name": name, "in": "query", "schema": _TYPES.get(how, {"type": "string"})} for name, how in named.items()]


@cache
def _read_in(module: str) -> Mapping[str, str]:
    """The names that a room's handlers read of the query, and how."""
    source = inspect.getsource(sys.modules[module])
    return {found["name"]: found["how"] or "" for found in _READ.finditer(source)}


def _body(route: Route, resource: Resource | None) -> dict[str, Any]:
    if route.file:
        file = {"type": "object", "properties": {"files[]": {"type": "string", "format": "binary"}}}
        return {"content": {"multipart/form-data": {"schema": file}}}
    if resource is None:
        return {"content": {"application/json": {"schema": {}}}}
    one = {"$ref": f"#/components/schemas/{resource.key}"}
    both = one if "{id" in route.path else {"oneOf": [one, {"type": "array", "items": one}]}
    return {"content": {"application/json": {"schema": both}}}


def _schema(resource: Resource) -> dict[str, Any]:
    fields = [item for item in resource.fields if not item.derived and not item.hidden]
    properties = {item.name: _property(item) for item in fields}
    needed = [item.name for item in fields if item.required and not item.alias]
    return {"type": "object", "properties": properties, **({"required": needed} if needed else {})}


def _property(item: Field) -> dict[str, Any]:
    found = dict(_KINDS[item.kind])
    if item.ref:
        found["description"] = f"id of a {item.ref}"
    if item.max_length:
        found["maxLength"] = item.max_length
    if not item.required and found:
        found["nullable"] = True
    return found
