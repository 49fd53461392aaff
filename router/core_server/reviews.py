"""Reviewing: an expert takes a predicted or drawn annotation over, with the terms that she confirms."""

from __future__ import annotations

from typing import Any

from router.core_server import ids
from router.core_server.annotation_json import envelope_of, single
from router.core_server.annotations import ANNOTATION, INSERT_BOX
from router.core_server.context import Call
from router.core_server.crud import enveloped, render_one
from router.core_server.errors import AlreadyExists, NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.images import IMAGE_INSTANCE
from router.core_server.resource import Row
from router.core_server.rights import project_contributed, seen
from router.core_server.wire import Arguments

routes = Routes()


def _terms(call: Call, annotation: Row) -> list[int]:
    """Return the terms to confirm: those named, else those that the annotation has."""
    named = call.args.ids("terms", "term")
    if named is None and isinstance(call.body, dict):
        named = Arguments(call.body).ids("terms", "term")
    if named:
        for term in named:
            call.row("term", term, "Term")
        return list(dict.fromkeys(named))
    rows = call.sql.all("SELECT DISTINCT term FROM annotationterm WHERE annotation = ?", (annotation["id"],))
    return [row["term"] for row in rows]


def review(call: Call, annotation: Row) -> Row:
    """Store the reviewed twin of an annotation and return it."""
    if annotation["kind"] == "reviewed":
        raise WrongArgument("a reviewed annotation cannot be reviewed again")
    if annotation["reviewed"]:
        msg = f"Annotation {annotation['id']} is already reviewed!"
        raise AlreadyExists(msg)
    terms = _terms(call, annotation)
    copied = {name: annotation[name] for name in ANNOTATION.names if name not in {"kind", "reviewed"}}
    person = call.caller.person
    row = call.sql.add("annotation", {**copied, "kind": "reviewed", "reviewed": 1, "parentIdent": annotation["id"],
                                      "reviewUser": person})  # fmt: skip
    box = call.sql.tuples("SELECT minx, maxx, miny, maxy, minimage, maximage FROM annotation_box WHERE id = ?",
                          (annotation["id"],))[0]  # fmt: skip
    call.sql.run(INSERT_BOX, (row["id"], *box[:4], annotation["image"], annotation["image"]))
    call.sql.run("UPDATE annotation SET reviewed = 1 WHERE id = ?", (annotation["id"],))
    call.sql.run(
        "UPDATE imageinstance SET numberOfReviewedAnnotations = numberOfReviewedAnnotations + 1,"
        " reviewStart = coalesce(reviewStart, ?), reviewUser = coalesce(reviewUser, ?) WHERE id = ?",
        (ids.now(), person, annotation["image"]),
    )
    for term in terms:
        values = {"annotation": row["id"], "term": term, "user": person, "project": row["project"], "algo": 0}
        call.sql.add("annotationterm", values)
    return row


def _annotation(call: Call) -> Row:
    row = seen(call, ANNOTATION, call.id)
    project_contributed(call, row["project"], row["user"])
    return row


@routes.add("POST PUT", "annotation/{id:int}/review")
def add(call: Call) -> Any:
    """Review an annotation; with PUT give its reviewed twin other terms."""
    annotation = _annotation(call)
    if call.request.method == "PUT" and annotation["reviewed"]:
        _unreview(call, annotation)
        annotation = _annotation(call)
    row = review(call, annotation)
    return envelope_of(call, "Add", seen(call, ANNOTATION, row["id"]), "reviewedannotation")


def _unreview(call: Call, annotation: Row) -> Row:
    parent = annotation["parentIdent"] if annotation["kind"] == "reviewed" else annotation["id"]
    twin = call.sql.one("SELECT * FROM annotation WHERE parentIdent = ? AND kind = 'reviewed'", (parent,))
    if twin is None:
        raise NotFound.of("ReviewedAnnotation", annotation["id"])
    call.sql.run("DELETE FROM annotation WHERE id = ?", (twin["id"],))
    return twin


@routes.add("DELETE", "annotation/{id:int}/review")
def remove(call: Call) -> Any:
    """Take a review back."""
    annotation = _annotation(call)
    parent = annotation["parentIdent"] if annotation["kind"] == "reviewed" else annotation["id"]
    twin = call.sql.one("SELECT * FROM annotation WHERE parentIdent = ? AND kind = 'reviewed'", (parent,))
    if twin is None:
        raise NotFound.of("ReviewedAnnotation", annotation["id"])
    answer = envelope_of(call, "Delete", twin, "reviewedannotation")
    _unreview(call, annotation)
    return answer


@routes.add("POST PUT DELETE", "imageinstance/{id:int}/review")
def review_image(call: Call) -> Any:
    """Start the review of an image, or end it (DELETE); with cancel=true it was never done."""
    image = seen(call, IMAGE_INSTANCE, call.id)
    project_contributed(call, image["project"])
    moment = ids.now()
    if call.request.method != "DELETE":
        values = {"reviewStart": moment, "reviewStop": None, "reviewUser": call.caller.person}
    elif call.args.flag("cancel"):
        values = {"reviewStart": None, "reviewStop": None, "reviewUser": None}
    else:
        values = {"reviewStart": image["reviewStart"] or moment, "reviewStop": moment,
                  "reviewUser": image["reviewUser"] or call.caller.person}  # fmt: skip
    call.sql.change("imageinstance", image["id"], values)
    row = seen(call, IMAGE_INSTANCE, call.id)
    return enveloped(call, "Edit", IMAGE_INSTANCE, render_one(call, IMAGE_INSTANCE, row))


@routes.add("POST", "imageinstance/{id:int}/annotation/review")
def review_layers(call: Call) -> Any:
    """Review every annotation of some users in an image."""
    image = seen(call, IMAGE_INSTANCE, call.id)
    project_contributed(call, image["project"])
    reviewed = []
    for user in call.args.ids("users") or []:
        rows = call.sql.all(
            "SELECT * FROM annotation WHERE image = ? AND user = ? AND kind <> 'reviewed' AND NOT reviewed",
            (image["id"], user),
        )
        reviewed += [review(call, row)["id"] for row in rows]
    return {"message": f"{len(reviewed)} annotations reviewed", "ids": reviewed}


@routes.add("GET", "annotation/{id:int}/review")
def show(call: Call) -> Any:
    """Show the reviewed twin of an annotation."""
    annotation = seen(call, ANNOTATION, call.id)
    twin = call.sql.one("SELECT * FROM annotation WHERE parentIdent = ? AND kind = 'reviewed'", (annotation["id"],))
    if twin is None:
        raise NotFound.of("ReviewedAnnotation", annotation["id"])
    return single(call, twin)
