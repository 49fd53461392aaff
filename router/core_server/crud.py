"""Create, read, update, delete and list for every declared resource, in Core's wire conventions."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from router.core_server.context import Call
from router.core_server.errors import AlreadyExists, CoreError, WrongArgument
from router.core_server.http import Routes
from router.core_server.resource import Kind, Listing, Resource, Row, as_bool
from router.core_server.rights import changeable, may_add, seen, visible
from router.core_server.wire import answer, collection, envelope, page_of

#: Why a body of an array was refused, and the body.
Refused = tuple[CoreError, Any]
Finder = Callable[[str], Resource]

_OPERATORS = {"lte": "<=", "gte": ">=", "lt": "<", "gt": ">", "equals": "=", "ne": "<>"}
_FILTER = re.compile(r"^(\w+)\[(in|like|ilike|lte|gte|lt|gt|equals|ne)\]$")


def render(call: Call, resource: Resource, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as wire objects with their computed fields."""
    written = [resource.write(row) for row in rows]
    if resource.complete and rows:
        resource.complete(call, rows, written)
    return written


def render_one(call: Call, resource: Resource, row: Row) -> dict[str, Any]:
    """Return one row as wire object."""
    return render(call, resource, [row])[0]


def enveloped(call: Call, verb: str, resource: Resource, written: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a change of one object."""
    return envelope(verb, resource.label, resource.key, written, call.sql.next_id())


def create_row(call: Call, resource: Resource, body: dict[str, Any], checked: bool = True) -> Row:
    """Store what a POST body asks for and return the row.

    Raises
    ------
    WrongArgument, AlreadyExists, Forbidden
        As the resource's fields, uniqueness and rule say.
    """
    row = resource.parse(body)
    if resource.prepare:
        resource.prepare(call, row, None)
    _refuse_twins(call, resource, row)
    row = call.sql.add(resource.table, row)
    if checked:
        may_add(call, resource, row["id"])
    if resource.added:
        resource.added(call, row)
    return row


def update_row(call: Call, resource: Resource, old: Row, body: dict[str, Any]) -> Row:
    """Replace a row by what a PUT body says and return the new one."""
    row = resource.parse(body, old)
    if resource.prepare:
        resource.prepare(call, row, old)
    call.sql.change(resource.table, old["id"], row)
    new = call.row(resource.table, old["id"], resource.label)
    if resource.changed:
        resource.changed(call, old, new)
    return new


def delete_row(call: Call, resource: Resource, row: Row) -> None:
    """Delete a row and what hangs on it."""
    if resource.removing:
        resource.removing(call, row)
    call.sql.run(f'DELETE FROM "{resource.table}" WHERE id = ?', (row["id"],))


def _refuse_twins(call: Call, resource: Resource, row: Row) -> None:
    for names in resource.unique:
        condition = " AND ".join(f'"{name}" = :{name}' for name in names)
        if call.sql.value(f'SELECT 1 FROM "{resource.table}" WHERE {condition}', row):
            said = ", ".join(f"{name} {row[name]}" for name in names)
            msg = f"{resource.label} with {said} already exists!"
            raise AlreadyExists(msg)


def _add_many(call: Call, resource: Resource, bodies: list[Any]) -> Any:
    added: list[int] = []
    errors: list[Refused] = []
    for body in bodies:
        try:
            if not isinstance(body, dict):
                raise WrongArgument("each item must be a JSON object")
            with call.sql.savepoint():
                added.append(create_row(call, resource, body)["id"])
        except CoreError as error:
            errors.append((error, body))
    return bulk_answer(resource.table, added, errors)


def bulk_answer(name: str, added: Sequence[int], errors: Sequence[Refused]) -> Any:
    """Return the answer to a POST of an array: 200 all, 206 some, the error's code none."""
    message = f"{name}s {','.join(map(str, added))} added"
    if not errors:
        return {"message": message}
    said = [{"data": body, "message": str(error)} for error, body in errors]
    return answer({"success": False, "message": message, "errors": said}, 206 if added else errors[0][0].status)


def post(resource: Resource) -> Callable[[Call], Any]:
    """Return the handler that creates one object, or each of an array."""

    def create(call: Call) -> Any:
        if isinstance(call.body, list):
            return _add_many(call, resource, call.body)
        row = create_row(call, resource, call.fields)
        row = call.row(resource.table, row["id"], resource.label)
        return enveloped(call, "Add", resource, render_one(call, resource, row))

    return create


def get(resource: Resource) -> Callable[[Call], Any]:
    """Return the handler that shows one object."""
    return lambda call: render_one(call, resource, seen(call, resource, call.id))


def put(resource: Resource) -> Callable[[Call], Any]:
    """Return the handler that replaces one object."""

    def update(call: Call) -> Any:
        row = update_row(call, resource, changeable(call, resource, call.id), call.fields)
        return enveloped(call, "Edit", resource, render_one(call, resource, row))

    return update


def delete(resource: Resource) -> Callable[[Call], Any]:
    """Return the handler that deletes one object."""

    def remove(call: Call) -> Any:
        row = changeable(call, resource, call.id)
        written = render_one(call, resource, row)
        delete_row(call, resource, row)
        return enveloped(call, "Delete", resource, written)

    return remove


def _condition(item: tuple[Kind, str], operator: str, value: Any, name: str) -> tuple[str, dict[str, Any]]:
    kind, expression = item
    if operator == "in":
        values = [part for part in str(value).split(",") if part != ""]
        if kind == "bool":
            values = [str(int(as_bool(part))) for part in values]
        marks = ", ".join(f":{name}{i}" for i in range(len(values)))
        clause = f"CAST({expression} AS TEXT) IN ({marks})"
        if "null" in values:
            clause = f"({clause} OR {expression} IS NULL)"
        return clause, {f"{name}{i}": part for i, part in enumerate(values)}
    if operator in {"like", "ilike"}:
        return f"instr(lower({expression}), lower(:{name})) > 0", {name: str(value).strip("%")}
    if kind not in {"text", "json"}:
        try:
            value = float(value)
        except (TypeError, ValueError):
            msg = f"a filter {operator} needs a number, not {value!r}"
            raise WrongArgument(msg) from None
    return f"{expression} {_OPERATORS[operator]} :{name}", {name: value}


def filters(call: Call, resource: Resource) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition of the query's `field[operator]=value` filters."""
    clauses, values = ["1"], dict[str, Any]()
    for index, (name, value) in enumerate(call.args.items()):
        match = _FILTER.match(name)
        item = resource.expression(match[1]) if match else None
        if match and item:
            clause, arguments = _condition(item, match[2], value, f"f{index}")
            clauses.append(clause)
            values |= arguments
    return " AND ".join(clauses), values


def _ordered(call: Call, resource: Resource, order: str) -> str:
    item = resource.expression(str(call.args.get("sort")))
    if item is None:
        return order
    direction = "DESC" if str(call.args.get("order", "")).lower() == "desc" else "ASC"
    return f"{item[1]} {direction}, id {direction}"


def listed(
    call: Call, resource: Resource, where: str = "1", values: dict[str, Any] | None = None, order: str | None = None
) -> dict[str, Any]:
    """Return the page of the rows under `where` that the caller may see and asks for."""
    narrowed, more = filters(call, resource)
    if resource.narrow:
        clause, arguments = resource.narrow(call)
        narrowed, more = f"{narrowed} AND {clause}", more | arguments
    condition = f"({visible(call, resource)}) AND ({where}) AND ({narrowed})"
    named = {**call.caller.names(), **(values or {}), **more}
    offset, size = page_of(call.args)
    query = (
        f'SELECT * FROM "{resource.table}" WHERE {condition}'
        f" ORDER BY {_ordered(call, resource, order or resource.order)} LIMIT {size or -1} OFFSET {offset}"
    )
    rows = call.sql.all(query, named)
    total = len(rows)
    if size or offset:
        total = call.sql.value(f'SELECT count(*) FROM "{resource.table}" WHERE {condition}', named)
    return collection(render(call, resource, rows), total, call.args)


def _lister(resource: Resource, listing: Listing | None, find: Finder) -> Callable[[Call], Any]:
    def lister(call: Call) -> Any:
        if listing is None:
            return listed(call, resource)
        if listing.parent:
            seen(call, find(listing.parent), call.params[listing.parent])
        return listed(call, resource, listing.where, dict(call.params), listing.order)

    return lister


def routes_of(resources: Sequence[Resource]) -> Routes:
    """Return the URLs that follow from the declarations."""
    routes = Routes()
    tables = {resource.table: resource for resource in resources}
    makers = {"read": ("GET", get), "update": ("PUT", put), "delete": ("DELETE", delete)}
    for resource in resources:
        for path in resource.paths:
            if "create" in resource.methods:
                routes.add("POST", path)(post(resource))
            if "list" in resource.methods:
                routes.add("GET", path)(_lister(resource, None, tables.__getitem__))
            for name, (method, maker) in makers.items():
                if name in resource.methods:
                    routes.add(method, f"{path}/{{id:int}}")(maker(resource))
        for listing in resource.lists:
            routes.add("GET", listing.path)(_lister(resource, listing, tables.__getitem__))
    return routes
