"""Resources as data: one declaration gives table, wire format, checks, CRUD and rights.

Columns carry their wire names, so a row is almost the JSON object; only dates and booleans change form.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from router.core_server.errors import WrongArgument

if TYPE_CHECKING:
    from router.core_server.context import Call

Row = dict[str, Any]
Kind = Literal["int", "float", "text", "bool", "date", "ref", "json", "blob"]

SQL_TYPES: Mapping[Kind, str] = {
    "int": "INTEGER",
    "float": "REAL",
    "text": "TEXT",
    "bool": "INTEGER",
    "date": "INTEGER",
    "ref": "INTEGER",
    "json": "TEXT",
    "blob": "BLOB",
}


@dataclass(frozen=True)
class Field:
    """One field of a resource.

    Parameters
    ----------
    name : str
        Name on the wire and of the column.
    kind : Kind
        How it is stored and written.
    required : bool
        Absent or blank on POST and PUT is a 400.
    default : object
        Value when the body does not name the field (PUT too: it replaces the whole object).
    ref : str
        Table that an identifier points to.
    on_delete : str
        What happens to the row when the thing it points to goes away.
    fixed : bool
        Taken from POST bodies, kept by PUT.
    derived : bool
        Never taken from a body; the server fills it.
    hidden : bool
        Never written to the wire.
    alias : str
        Second name under which a body may carry it.
    max_length : int
        Longest text, characters.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    default: Any = None
    ref: str | None = None
    on_delete: Literal["CASCADE", "SET NULL"] = "CASCADE"
    fixed: bool = False
    derived: bool = False
    hidden: bool = False
    alias: str | None = None
    max_length: int | None = None

    def column(self) -> str:
        """Return the column's SQL definition."""
        text = f'"{self.name}" {SQL_TYPES[self.kind]}'
        if self.ref:
            text += f' REFERENCES "{self.ref}"(id) ON DELETE {self.on_delete}'
        return text

    def parse(self, body: Mapping[str, Any]) -> Any:
        """Take the field's value from a request body.

        Raises
        ------
        WrongArgument
            When a required value is missing or a value cannot be read.
        """
        value = body.get(self.name)
        if value is None and self.alias:
            value = body.get(self.alias)
        if value is None or (value == "" and self.kind != "text"):
            if self.required:
                msg = f"{self.name} is missing: a value is required"
                raise WrongArgument(msg)
            return self.default
        value = _READERS[self.kind](self, value)
        if self.required and self.kind == "text" and not value.strip():
            msg = f"{self.name} is blank: a value is required"
            raise WrongArgument(msg)
        if self.max_length and isinstance(value, str) and len(value) > self.max_length:
            msg = f"{self.name} has {len(value)} characters, at most {self.max_length} fit"
            raise WrongArgument(msg)
        return value

    def write(self, value: Any) -> Any:
        """Return the stored `value` in wire form."""
        if value is None:
            return None
        if self.kind == "bool":
            return bool(value)
        if self.kind == "date":
            return str(value)
        if self.kind == "json":
            return json.loads(value)
        return value


def as_bool(value: object) -> bool:
    """Read a boolean as JSON, Python or a form writes it."""
    return str(value).strip().lower() in {"true", "1", "yes", "on"}


def _read_int(spec: Field, value: Any) -> Any:
    # Core's Integer.parseInt falls back on the default: a progress of 33.3 becomes 0
    try:
        number = int(str(value))
    except ValueError:
        return spec.default
    return number if -(2**63) <= number < 2**63 else spec.default


def _read_ref(spec: Field, value: Any) -> int:
    if isinstance(value, Mapping):
        value = value.get("id")
    try:
        number = int(str(value))
    except ValueError:
        msg = f"{spec.name} must be the id of a {spec.ref}, not {value!r}"
        raise WrongArgument(msg) from None
    if not 0 <= number < 2**63:
        msg = f"{spec.name} must be the id of a {spec.ref}, not {value!r}"
        raise WrongArgument(msg)
    return number


def _read_float(spec: Field, value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return spec.default


def _read_date(spec: Field, value: Any) -> Any:
    return _read_int(spec, value)


def _read_text(spec: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        msg = f"{spec.name} must be a text"
        raise WrongArgument(msg)
    text = str(value)
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        msg = f"{spec.name} holds characters that are no text"
        raise WrongArgument(msg)
    return text


_READERS: Mapping[Kind, Callable[[Field, Any], Any]] = {
    "int": _read_int,
    "float": _read_float,
    "text": _read_text,
    "bool": lambda _spec, value: int(as_bool(value)),
    "date": _read_date,
    "ref": _read_ref,
    "json": lambda _spec, value: json.dumps(value),
    "blob": lambda _spec, value: value,
}


@dataclass(frozen=True)
class Rule:
    """Who may do what, as SQL conditions over a row of the resource's table.

    `:me` is the person (a user job acts for its launcher), `:self` the account itself. An administrator
    passes everything. `None` means: administrators only. Conditions see the table under its own name.
    """

    read: str | None = "1"
    add: str | None = None
    change: str | None = None


@dataclass(frozen=True)
class Listing:
    """A collection below another thing, such as project/{id}/job."""

    path: str
    where: str
    parent: str | None = None
    order: str = "id ASC"


@dataclass(frozen=True, eq=False)
class Resource:
    """One class of Core: its names, fields, uniqueness, rights and what is computed around it."""

    table: str
    java: str
    label: str
    fields: tuple[Field, ...]
    rule: Rule
    key: str = ""
    paths: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    lists: tuple[Listing, ...] = ()
    methods: str = "create read update delete list"
    order: str = "id ASC"
    extra_sql: str = ""
    #: Fills and checks a row before it is stored; the second row is the one it replaces.
    prepare: Callable[[Call, Row, Row | None], None] | None = None
    #: Runs after a row was stored, in the same transaction.
    added: Callable[[Call, Row], None] | None = None
    changed: Callable[[Call, Row, Row], None] | None = None
    #: Runs before a row is deleted, in the same transaction.
    removing: Callable[[Call, Row], None] | None = None
    #: Adds computed fields to objects that are about to be written.
    complete: Callable[[Call, Sequence[Row], list[dict[str, Any]]], None] | None = None
    #: Computed fields that lists filter and sort by: kind and SQL expression.
    computed: Mapping[str, tuple[Kind, str]] = field(default_factory=dict)
    #: Extra condition of the plain list from the query, with its named arguments.
    narrow: Callable[[Call], tuple[str, dict[str, Any]]] | None = None
    names: Mapping[str, Field] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", {item.name: item for item in self.fields})
        object.__setattr__(self, "key", self.key or self.table)

    def expression(self, name: str) -> tuple[Kind, str] | None:
        """Return kind and SQL of a field by which lists may filter and sort, if there is one of this name."""
        if name in self.computed:
            return self.computed[name]
        if name in {"id", "created", "updated"}:
            return "date", f'"{name}"'
        item = self.names.get(name)
        return None if item is None or item.hidden else (item.kind, f'"{name}"')

    def create_sql(self) -> str:
        """Return the statements that make the table, its indexes and its triggers."""
        columns = ["id INTEGER PRIMARY KEY", "created INTEGER NOT NULL", "updated INTEGER", "deleted INTEGER"]
        columns += [item.column() for item in self.fields]
        columns += [f"UNIQUE ({', '.join(f'{chr(34)}{n}{chr(34)}' for n in names)})" for names in self.unique]
        statements = [f'CREATE TABLE "{self.table}" (\n  ' + ",\n  ".join(columns) + "\n);"]
        statements += [
            f'CREATE INDEX "{self.table}_{item.name}" ON "{self.table}"("{item.name}");'
            for item in self.fields
            if item.ref and not any(names[0] == item.name for names in self.unique)
        ]
        return "\n".join([*statements, self.extra_sql])

    def parse(self, body: Mapping[str, Any], old: Row | None = None) -> Row:
        """Return the row that `body` asks for; with `old`, the row that replaces it."""
        row: Row = {}
        for item in self.fields:
            if item.derived or (old is not None and item.fixed):
                row[item.name] = old[item.name] if old is not None else item.default
            else:
                row[item.name] = item.parse(body)
        return row

    def write(self, row: Row) -> dict[str, Any]:
        """Return the JSON object of a row, without computed fields."""
        written: dict[str, Any] = {"class": self.java, "id": row["id"]}
        for name in ("created", "updated", "deleted"):
            written[name] = None if row[name] is None else str(row[name])
        for item in self.fields:
            if not item.hidden:
                written[item.name] = item.write(row[item.name])
        return written
