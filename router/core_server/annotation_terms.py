"""Terms of annotations: those that people give, and those that jobs predict, with rate and expected term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core_server.annotations import ANNOTATION
from router.core_server.context import Call
from router.core_server.crud import enveloped, render, render_one
from router.core_server.errors import AlreadyExists, NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.ontologies import TERM
from router.core_server.resource import Field, Resource, Row, Rule
from router.core_server.rights import project_contributed, seen
from router.core_server.wire import whole

routes = Routes()

JAVA_TERM = "be.cytomine.ontology.AnnotationTerm"
JAVA_ALGO_TERM = "be.cytomine.ontology.AlgoAnnotationTerm"


def _complete(_call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        if row["algo"]:
            item |= {"class": JAVA_ALGO_TERM, "annotationIdent": row["annotation"]}
        else:
            item |= {"class": JAVA_TERM, "userannotation": row["annotation"]}
            del item["rate"], item["expectedTerm"]


ANNOTATION_TERM = Resource(
    table="annotationterm",
    java=JAVA_TERM,
    label="AnnotationTerm",
    rule=Rule("1", "1", "1"),
    unique=(("annotation", "term", "user"),),
    fields=(
        Field("annotation", "ref", ref="annotation"),
        Field("term", "ref", ref="term"),
        Field("expectedTerm", "ref", ref="term", on_delete="SET NULL"),
        Field("rate", "float"),
        Field("user", "ref", ref="secuser"),
        Field("project", "ref", ref="project"),
        Field("algo", "bool", default=0, hidden=True),
    ),
    complete=_complete,
)
RESOURCES = (ANNOTATION_TERM,)


def _answer(call: Call, verb: str, row: Row) -> Any:
    written = render_one(call, ANNOTATION_TERM, row)
    answer = enveloped(call, verb, ANNOTATION_TERM, written)
    if row["algo"]:
        answer["algoannotationterm"] = answer.pop("annotationterm")
        answer["callback"]["method"] = f"be.cytomine.{verb}AlgoAnnotationTermCommand"
    return answer


def _in_ontology(call: Call, term: object, project: int) -> int:
    found = call.sql.value(
        "SELECT t.id FROM term t JOIN project p ON p.ontology = t.ontology WHERE p.id = ? AND t.id = ?",
        (project, term),
    )
    if found is None:
        call.row("term", term, "Term")
        msg = f"Term {term} is not in the ontology of project {project}"
        raise WrongArgument(msg)
    return int(found)


def give_term(call: Call, annotation: Row, body: dict[str, Any], term: object) -> Row:
    """Give an annotation a term in the caller's name."""
    project = project_contributed(call, annotation["project"], annotation["user"])
    expected = body.get("expectedTerm")
    rate = ANNOTATION_TERM.names["rate"].parse(body)
    # as in Core: a rate or an expected term is a prediction, whoever posts it
    algo = call.caller.algo or expected is not None
    values = {
        "annotation": annotation["id"],
        "term": _in_ontology(call, term, project["id"]),
        "expectedTerm": None if expected is None else _in_ontology(call, expected, project["id"]),
        "rate": (1.0 if rate is None else rate) if algo else None,
        "user": call.caller.id,
        "project": project["id"],
        "algo": int(algo),
    }
    if call.sql.value(
        "SELECT 1 FROM annotationterm WHERE annotation = :annotation AND term = :term AND user = :user", values
    ):
        msg = f"Annotation {annotation['id']} has term {values['term']} from this user already!"
        raise AlreadyExists(msg)
    return call.sql.add("annotationterm", values)


@routes.add("POST", "annotation/{annotation:int}/term/{term:int}")
def add(call: Call) -> Any:
    """Give an annotation a term."""
    annotation = seen(call, ANNOTATION, call.params["annotation"])
    return _answer(call, "Add", give_term(call, annotation, call.fields, call.params["term"]))


@routes.add(
    "POST",
    "annotation/{annotation:int}/term/{term:int}/clearBefore",
    "annotation/{annotation:int}/term/{term:int}/clearBeforeForAll",
)
def replace(call: Call) -> Any:
    """Give an annotation a term in place of those it had (of the caller, or of everybody)."""
    annotation = seen(call, ANNOTATION, call.params["annotation"])
    project_contributed(call, annotation["project"], annotation["user"])
    everybody = call.request.url.path.removesuffix(".json").endswith("ForAll")
    call.sql.run(
        "DELETE FROM annotationterm WHERE annotation = ? AND (user = ? OR ?)",
        (annotation["id"], call.caller.id, everybody),
    )
    return _answer(call, "Add", give_term(call, annotation, call.fields, call.params["term"]))


def _find(call: Call) -> Row:
    annotation = seen(call, ANNOTATION, call.params["annotation"])
    user = call.params.get("user")
    row = call.sql.one(
        "SELECT * FROM annotationterm WHERE annotation = :annotation AND term = :term"
        " AND (:user IS NULL OR user = :user) ORDER BY user = :self DESC, id LIMIT 1",
        {"annotation": annotation["id"], "term": call.params["term"], "user": user, "self": call.caller.id},
    )
    if row is None:
        msg = f"AnnotationTerm not found with annotation {annotation['id']} and term {call.params['term']}"
        raise NotFound(msg)
    return row


@routes.add(
    "GET",
    "annotation/{annotation:int}/term/{term:int}",
    "annotation/{annotation:int}/term/{term:int}/user/{user:int}",
)
def show(call: Call) -> Any:
    """Show that an annotation has a term."""
    return render_one(call, ANNOTATION_TERM, _find(call))


@routes.add(
    "DELETE",
    "annotation/{annotation:int}/term/{term:int}",
    "annotation/{annotation:int}/term/{term:int}/user/{user:int}",
)
def remove(call: Call) -> Any:
    """Take a term from an annotation."""
    row = _find(call)
    project_contributed(call, row["project"], row["user"])
    answer = _answer(call, "Delete", row)
    call.sql.run("DELETE FROM annotationterm WHERE id = ?", (row["id"],))
    return answer


@routes.add("GET", "annotation/{annotation:int}/term")
def index(call: Call) -> Any:
    """List an annotation's terms; with idUser those of one user."""
    annotation = seen(call, ANNOTATION, call.params["annotation"])
    user = call.args.integer("idUser")
    rows = call.sql.all(
        "SELECT * FROM annotationterm WHERE annotation = :annotation AND (:user IS NULL OR user = :user) ORDER BY id",
        {"annotation": annotation["id"], "user": user},
    )
    if not rows:
        return whole([], call.args)
    items = []
    for row, written in zip(rows, render(call, ANNOTATION_TERM, rows), strict=True):
        term = render_one(call, TERM, call.row("term", row["term"], "Term"))
        items.append({**written, **{name: term[name] for name in ("name", "color", "ontology", "comment")}})
    return whole(items, call.args)
