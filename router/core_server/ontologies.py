"""Ontologies, their terms and the tree of terms."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core_server.context import Call
from router.core_server.crud import create_row, enveloped, listed, render_one
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.resource import Field, Listing, Resource, Row, Rule
from router.core_server.rights import changeable, seen

routes = Routes()


def _shared(ontology: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ontology o WHERE o.id = {ontology} AND (o.user = :me OR EXISTS (SELECT 1 FROM project p"
        " JOIN member m ON m.project = p.id WHERE p.ontology = o.id AND m.user = :me)))"
    )


def _managed(ontology: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM ontology o WHERE o.id = {ontology} AND (o.user = :me OR EXISTS (SELECT 1 FROM project p"
        " JOIN member m ON m.project = p.id AND m.admin WHERE p.ontology = o.id AND m.user = :me)))"
    )


def _own(call: Call, row: Row, old: Row | None) -> None:
    if old is None:
        row["user"] = call.caller.person


def _tree(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    light = call.args.flag("light")
    for row, item in zip(rows, written, strict=True):
        key = row["id"]
        item |= {
            "title": row["name"],
            "attr": {"id": key, "type": item["class"]},
            "data": row["name"],
            "isFolder": True,
            "key": key,
            "hideCheckbox": True,
            "state": "open",
            "projects": call.sql.all("SELECT id, name FROM project WHERE ontology = ?", (key,)),
        }
        if not light:
            item["children"] = _branches(call.sql.all(_TERMS_WITH_PARENT, (key,)), None)


_TERMS_WITH_PARENT = (
    "SELECT term.*, (SELECT term1 FROM relationterm r WHERE r.term2 = term.id) AS parent FROM term"
    " WHERE ontology = ? ORDER BY id"
)


def _branches(terms: list[Row], parent: int | None) -> list[dict[str, Any]]:
    return [
        {
            "id": term["id"],
            "name": term["name"],
            "title": term["name"],
            "data": term["name"],
            "color": term["color"],
            "class": TERM.java,
            "parent": term["parent"],
            "attr": {"id": term["id"], "type": TERM.java},
            "checked": False,
            "key": term["id"],
            "children": (below := _branches(terms, term["id"])),
            "isFolder": bool(below),
            "hideCheckbox": False,
        }
        for term in terms
        if term["parent"] == parent
    ]


ONTOLOGY = Resource(
    table="ontology",
    java="be.cytomine.ontology.Ontology",
    label="Ontology",
    paths=("ontology",),
    unique=(("name",),),
    rule=Rule(_shared("ontology.id"), "1", _managed("ontology.id")),
    fields=(
        Field("name", required=True, max_length=255),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True),
    ),
    prepare=_own,
    complete=_tree,
)


def _with_parent(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        item["parent"] = call.sql.value("SELECT term1 FROM relationterm WHERE term2 = ?", (row["id"],))


def _adopt(call: Call, row: Row) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    if body.get("parent"):
        _relate(call, body["parent"], row["id"])


TERM = Resource(
    table="term",
    java="be.cytomine.ontology.Term",
    label="Term",
    paths=("term",),
    unique=(("ontology", "name"),),
    rule=Rule(_shared("term.ontology"), _managed("term.ontology"), _managed("term.ontology")),
    lists=(
        Listing("ontology/{ontology:int}/term", "ontology = :ontology", "ontology"),
        Listing(
            "project/{project:int}/term",
            "ontology = (SELECT p2.ontology FROM project p2 WHERE p2.id = :project)",
            "project",
        ),
    ),
    fields=(
        Field("name", required=True, max_length=255),
        Field("comment"),
        Field("ontology", "ref", ref="ontology", required=True),
        Field("color", default="#000000"),
    ),
    complete=_with_parent,
    added=_adopt,
)


def _named(_call: Call, _rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for item in written:
        item["name"] = "parent"


RELATION_TERM = Resource(
    table="relationterm",
    java="be.cytomine.ontology.RelationTerm",
    label="RelationTerm",
    unique=(("term1", "term2"),),
    rule=Rule(
        _shared("(SELECT t.ontology FROM term t WHERE t.id = term1)"),
        _managed("(SELECT t.ontology FROM term t WHERE t.id = term1)"),
        _managed("(SELECT t.ontology FROM term t WHERE t.id = term1)"),
    ),
    fields=(
        Field("relation", "int", default=1, derived=True),
        Field("term1", "ref", ref="term", required=True),
        Field("term2", "ref", ref="term", required=True),
    ),
    complete=_named,
)


def _relate(call: Call, parent: object, child: object) -> Row:
    ancestor: Any = parent
    while ancestor is not None:
        if str(ancestor) == str(child):
            msg = f"term {child} cannot be its own ancestor"
            raise WrongArgument(msg)
        ancestor = call.sql.value("SELECT term1 FROM relationterm WHERE term2 = ?", (ancestor,))
    if call.sql.value("SELECT 1 FROM relationterm WHERE term2 = ? AND term1 <> ?", (child, parent)):
        msg = f"term {child} has a parent already: delete that relation first"
        raise WrongArgument(msg)
    return create_row(call, RELATION_TERM, {"term1": parent, "term2": child})


@routes.add("POST", "relation/parent/term", "relation/{relation:int}/term")
def add_relation(call: Call) -> Any:
    """Put a term below another."""
    row = _relate(call, call.fields.get("term1"), call.fields.get("term2"))
    return enveloped(call, "Add", RELATION_TERM, render_one(call, RELATION_TERM, row))


def _relation(call: Call) -> Row:
    pair = (call.params["a"], call.params["b"])
    row = call.sql.one("SELECT * FROM relationterm WHERE term1 = ? AND term2 = ?", pair)
    if row is None:
        msg = f"RelationTerm not found with terms : {pair[0]}, {pair[1]}"
        raise NotFound(msg)
    return row


@routes.add("GET", "relation/parent/term1/{a:int}/term2/{b:int}")
def show_relation(call: Call) -> Any:
    """Show that a term is below another."""
    return render_one(call, RELATION_TERM, seen(call, RELATION_TERM, _relation(call)["id"]))


@routes.add("DELETE", "relation/parent/term1/{a:int}/term2/{b:int}")
def remove_relation(call: Call) -> Any:
    """Take a term from below another."""
    row = changeable(call, RELATION_TERM, _relation(call)["id"])
    written = render_one(call, RELATION_TERM, row)
    call.sql.run("DELETE FROM relationterm WHERE id = ?", (row["id"],))
    return enveloped(call, "Delete", RELATION_TERM, written)


@routes.add("GET", "relation/term/{term:int}")
def relations(call: Call) -> Any:
    """List the relations of a term."""
    return listed(call, RELATION_TERM, "term1 = :term OR term2 = :term", dict(call.params))


RESOURCES = (ONTOLOGY, TERM, RELATION_TERM)
