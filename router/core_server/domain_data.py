"""What can hang on anything: properties, descriptions, tags, attached files.

A thing is named by its Java class and id. Rights come from the thing: whoever may see it sees what hangs on it.
"""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import FileResponse, Response

from router.core_server.annotations import ANNOTATION
from router.core_server.context import Call
from router.core_server.crud import create_row, delete_row, enveloped, listed, render_one, update_row
from router.core_server.errors import AlreadyExists, NotFound, WrongArgument
from router.core_server.files import keep, stored
from router.core_server.http import Routes
from router.core_server.images import ABSTRACT_IMAGE, IMAGE_INSTANCE
from router.core_server.jobs import JOB
from router.core_server.projects import PROJECT
from router.core_server.resource import Field, Resource, Row, Rule
from router.core_server.rights import project_contributed, project_managed, seen
from router.core_server.software import SOFTWARE, SOFTWARE_PARAMETER
from router.core_server.uploads import base_name

routes = Routes()

_DOMAIN = (Field("domainClassName", required=True, fixed=True), Field("domainIdent", "int", required=True, fixed=True))
_OPEN = Rule("1", "1", "1")


def _index(table: str) -> str:
    return f'CREATE INDEX "{table}_domain" ON "{table}"(domainIdent);'


PROPERTY = Resource(
    table="property",
    java="be.cytomine.meta.Property",
    label="Property",
    rule=_OPEN,
    fields=(*_DOMAIN, Field("key", required=True, max_length=255), Field("value", required=True, max_length=5000)),
    extra_sql=_index("property"),
)
DESCRIPTION = Resource(
    table="description",
    java="be.cytomine.meta.Description",
    label="Description",
    rule=_OPEN,
    fields=(*_DOMAIN, Field("data", required=True)),
    extra_sql=_index("description"),
)


def _creator(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        item["creatorName"] = call.sql.value("SELECT username FROM secuser WHERE id = ?", (row["user"],))


TAG = Resource(
    table="tag",
    java="be.cytomine.meta.Tag",
    label="Tag",
    paths=("tag",),
    unique=(("name",),),
    rule=Rule("1", "1", "tag.user = :me"),
    fields=(
        Field("name", required=True, max_length=255),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True),
    ),
    prepare=lambda call, row, old: row.update(user=call.caller.person if old is None else old["user"]),
    complete=_creator,
)


def _tag_name(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        item["tagName"] = call.sql.value("SELECT name FROM tag WHERE id = ?", (row["tag"],))


TAG_ASSOCIATION = Resource(
    table="tagdomainassociation",
    java="be.cytomine.meta.TagDomainAssociation",
    label="TagDomainAssociation",
    unique=(("domainIdent", "tag"),),
    rule=_OPEN,
    fields=(*_DOMAIN, Field("tag", "ref", ref="tag", required=True)),
    extra_sql=_index("tagdomainassociation"),
    complete=_tag_name,
)


def _with_address(_call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        item["url"] = f"/api/attachedfile/{row['id']}/download"


ATTACHED_FILE = Resource(
    table="attachedfile",
    java="be.cytomine.meta.AttachedFile",
    label="AttachedFile",
    rule=_OPEN,
    fields=(*_DOMAIN, Field("filename", max_length=255), Field("key"), Field("size", "int", default=0)),
    extra_sql=_index("attachedfile")
    + "CREATE TRIGGER attachedfile_gone AFTER DELETE ON attachedfile BEGIN INSERT INTO trash VALUES (old.id); END;",
    complete=_with_address,
)

RESOURCES = (PROPERTY, DESCRIPTION, TAG, TAG_ASSOCIATION, ATTACHED_FILE)
#: Tables whose rows go when the thing they hang on goes.
HANGING = ("property", "description", "tagdomainassociation", "attachedfile")

_KNOWN = {r.java: r for r in (PROJECT, IMAGE_INSTANCE, ABSTRACT_IMAGE, JOB, SOFTWARE, SOFTWARE_PARAMETER)}
#: Old package names that clients of several generations send.
_SHORT = {r.java.rsplit(".", 1)[-1]: r for r in _KNOWN.values()} | dict.fromkeys(
    ("UserAnnotation", "AlgoAnnotation", "ReviewedAnnotation", "AnnotationDomain"), ANNOTATION
)


def owner_of(call: Call, java: str, ident: object, write: bool = False) -> None:
    """Refuse those who may not see (or write to) the thing of class `java` and id `ident`."""
    resource = _SHORT.get(java.rsplit(".", 1)[-1])
    if resource is None:
        table = java.rsplit(".", 1)[-1].lower()
        if not table.isalnum() or not call.sql.value(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
        ):
            raise NotFound.of(java, ident)
        call.row(table, ident, java)
        if write:
            call.must_be_admin()
        return
    row = seen(call, resource, ident)
    if not write:
        return
    if resource in {SOFTWARE, SOFTWARE_PARAMETER}:
        return
    if resource is PROJECT:
        project_managed(call, row["id"])
    elif "project" in row:
        project_contributed(call, row["project"], row.get("user") if resource is not JOB else 0)


def _domain(call: Call, write: bool = False) -> dict[str, Any]:
    java = call.params.get("java")
    if java is None:
        row = seen(call, ANNOTATION, call.params["ident"])
        java = {"user": "UserAnnotation", "algo": "AlgoAnnotation", "reviewed": "ReviewedAnnotation"}[row["kind"]]
        java = f"be.cytomine.ontology.{java}"
    owner_of(call, java, call.params["ident"], write)
    return {"domainClassName": java, "domainIdent": call.params["ident"]}


def _row(call: Call, resource: Resource, write: bool = False) -> Row:
    row = call.row(resource.table, call.id, resource.label)
    owner_of(call, row["domainClassName"], row["domainIdent"], write)
    return row


_PREFIXES = ("domain/{java}/{ident:int}", "annotation/{ident:int}")


def _hang(resource: Resource, name: str) -> None:
    """Give a resource its URLs below the things it hangs on."""
    collections = [f"{prefix}/{name}" for prefix in _PREFIXES]
    items = [f"{prefix}/{name}/{{id:int}}" for prefix in _PREFIXES] + [f"{name}/{{id:int}}"]

    @routes.add("POST", *collections)
    def add(call: Call) -> Any:
        body = {**call.fields, **_domain(call, write=True)}
        return enveloped(call, "Add", resource, render_one(call, resource, create_row(call, resource, body)))

    @routes.add("GET", *collections)
    def index(call: Call) -> Any:
        domain = _domain(call)
        return listed(call, resource, "domainIdent = :ident", {"ident": domain["domainIdent"]})

    @routes.add("GET", *items)
    def show(call: Call) -> Any:
        return render_one(call, resource, _row(call, resource))

    @routes.add("PUT", *items)
    def update(call: Call) -> Any:
        row = update_row(call, resource, _row(call, resource, write=True), call.fields)
        return enveloped(call, "Edit", resource, render_one(call, resource, row))

    @routes.add("DELETE", *items)
    def remove(call: Call) -> Any:
        row = _row(call, resource, write=True)
        answer = enveloped(call, "Delete", resource, render_one(call, resource, row))
        delete_row(call, resource, row)
        return answer


_hang(PROPERTY, "property")
_hang(TAG_ASSOCIATION, "tag_domain_association")


@routes.add("GET", *(f"{prefix}/key/{{key}}/property" for prefix in _PREFIXES))
def property_by_key(call: Call) -> Any:
    """Show the property of a thing by its key."""
    _domain(call)
    pair = (call.params["ident"], call.params["key"])
    row = call.sql.one("SELECT * FROM property WHERE domainIdent = ? AND key = ? ORDER BY id LIMIT 1", pair)
    if row is None:
        msg = f"Property not found with key {pair[1]} on {pair[0]}"
        raise NotFound(msg)
    return render_one(call, PROPERTY, row)


_DESCRIPTION = "domain/{java}/{ident:int}/description"


def _described(call: Call) -> Row:
    row = call.sql.one("SELECT * FROM description WHERE domainIdent = ?", (call.params["ident"],))
    if row is None:
        raise NotFound.of("Description", call.params["ident"])
    return row


@routes.add("POST", _DESCRIPTION)
def describe(call: Call) -> Any:
    """Give a thing its one description."""
    domain = _domain(call, write=True)
    if call.sql.value("SELECT 1 FROM description WHERE domainIdent = ?", (domain["domainIdent"],)):
        msg = f"Description of {domain['domainIdent']} already exists!"
        raise AlreadyExists(msg)
    row = create_row(call, DESCRIPTION, {**call.fields, **domain})
    return enveloped(call, "Add", DESCRIPTION, render_one(call, DESCRIPTION, row))


@routes.add("GET", _DESCRIPTION)
def description(call: Call) -> Any:
    """Show the description of a thing."""
    _domain(call)
    return render_one(call, DESCRIPTION, _described(call))


@routes.add("PUT", _DESCRIPTION)
def change_description(call: Call) -> Any:
    """Replace the description of a thing."""
    _domain(call, write=True)
    row = update_row(call, DESCRIPTION, _described(call), call.fields)
    return enveloped(call, "Edit", DESCRIPTION, render_one(call, DESCRIPTION, row))


@routes.add("DELETE", _DESCRIPTION)
def remove_description(call: Call) -> Any:
    """Delete the description of a thing."""
    _domain(call, write=True)
    row = _described(call)
    delete_row(call, DESCRIPTION, row)
    return enveloped(call, "Delete", DESCRIPTION, render_one(call, DESCRIPTION, row))


@routes.add("POST PUT", "attachedfile", file=True)
def attach(call: Call) -> Any:
    """Attach a file to a thing; metadata in the query or as form parts, and the answer is bare."""
    if call.received is None:
        raise WrongArgument("the body holds no file: send a multipart part named files[]")
    form = {**call.received.form, **call.args}
    name = base_name(str(form.get("filename") or call.received.name))
    body = {"filename": name, "key": form.get("key"), "size": call.received.size}
    body |= {key: form.get(key) for key in ("domainClassName", "domainIdent")}
    parsed = ATTACHED_FILE.parse(body)
    owner_of(call, parsed["domainClassName"], parsed["domainIdent"], write=True)
    row = create_row(call, ATTACHED_FILE, body)
    keep(call, row["id"])
    return render_one(call, ATTACHED_FILE, row)


@routes.add("GET", "domain/{java}/{ident:int}/attachedfile")
def attached(call: Call) -> Any:
    """List what is attached to a thing."""
    domain = _domain(call)
    return listed(call, ATTACHED_FILE, "domainIdent = :ident", {"ident": domain["domainIdent"]})


@routes.add("GET", "attachedfile/{id:int}")
def show_attached(call: Call) -> Any:
    """Show an attached file's facts."""
    return render_one(call, ATTACHED_FILE, _row(call, ATTACHED_FILE))


@routes.add("GET", "attachedfile/{id:int}/download")
def download(call: Call) -> Response:
    """Send an attached file."""
    row = _row(call, ATTACHED_FILE)
    path = stored(call, row["id"])
    return FileResponse(path, filename=base_name(row["filename"]), media_type="application/octet-stream")


@routes.add("DELETE", "attachedfile/{id:int}")
def remove_attached(call: Call) -> Any:
    """Delete an attached file."""
    row = _row(call, ATTACHED_FILE, write=True)
    answer = enveloped(call, "Delete", ATTACHED_FILE, render_one(call, ATTACHED_FILE, row))
    delete_row(call, ATTACHED_FILE, row)
    return answer
