"""Tracks: annotations that follow one thing through time."""

from __future__ import annotations

from typing import Any

from router.core_server.annotations import ANNOTATION
from router.core_server.context import Call
from router.core_server.crud import create_row, enveloped, listed, render_one
from router.core_server.errors import NotFound
from router.core_server.http import Routes
from router.core_server.resource import Field, Listing, Resource, Row
from router.core_server.rights import in_project, project_contributed, seen

routes = Routes()


def _project(call: Call, row: Row, _old: Row | None) -> None:
    row["project"] = call.row("imageinstance", row["image"], "ImageInstance")["project"]


TRACK = Resource(
    table="track",
    java="be.cytomine.ontology.Track",
    label="Track",
    paths=("track",),
    unique=(("image", "name"),),
    rule=in_project("track.project"),
    lists=(
        Listing("project/{project:int}/track", "project = :project", "project"),
        Listing("imageinstance/{imageinstance:int}/track", "image = :imageinstance", "imageinstance"),
    ),
    fields=(
        Field("name", required=True, max_length=255),
        Field("color"),
        Field("image", "ref", ref="imageinstance", required=True),
        Field("project", "ref", ref="project", derived=True),
    ),
    prepare=_project,
)

ANNOTATION_TRACK = Resource(
    table="annotationtrack",
    java="be.cytomine.ontology.AnnotationTrack",
    label="AnnotationTrack",
    unique=(("track", "annotationIdent"),),
    rule=in_project("(SELECT t.project FROM track t WHERE t.id = annotationtrack.track)"),
    lists=(Listing("track/{track:int}/annotationtrack", "track = :track", "track"),),
    fields=(
        Field("annotationIdent", "ref", ref="annotation", required=True),
        Field("track", "ref", ref="track", required=True),
        Field("slice", "ref", ref="sliceinstance", on_delete="SET NULL", derived=True),
    ),
)
RESOURCES = (TRACK, ANNOTATION_TRACK)


@routes.add("POST", "annotationtrack", "annotationtrack/{annotation:int}/{track:int}")
def add(call: Call) -> Any:
    """Put an annotation on a track."""
    body = {"annotationIdent": call.fields.get("annotation"), **call.fields}
    body |= {"annotationIdent": call.params.get("annotation", body["annotationIdent"])}
    body |= {"track": call.params.get("track", body.get("track"))}
    annotation = seen(call, ANNOTATION, body["annotationIdent"])
    project_contributed(call, annotation["project"])
    row = create_row(call, ANNOTATION_TRACK, body)
    call.sql.run("UPDATE annotationtrack SET slice = ? WHERE id = ?", (annotation["slice"], row["id"]))
    row["slice"] = annotation["slice"]
    return enveloped(call, "Add", ANNOTATION_TRACK, render_one(call, ANNOTATION_TRACK, row))


def _find(call: Call) -> Row:
    annotation = seen(call, ANNOTATION, call.params["annotation"])
    pair = (annotation["id"], call.params["track"])
    row = call.sql.one("SELECT * FROM annotationtrack WHERE annotationIdent = ? AND track = ?", pair)
    if row is None:
        msg = f"AnnotationTrack not found with annotation {pair[0]} and track {pair[1]}"
        raise NotFound(msg)
    return row


@routes.add("GET", "annotationtrack/{annotation:int}/{track:int}")
def show(call: Call) -> Any:
    """Show that an annotation is on a track."""
    return render_one(call, ANNOTATION_TRACK, _find(call))


@routes.add("DELETE", "annotationtrack/{annotation:int}/{track:int}")
def remove(call: Call) -> Any:
    """Take an annotation off a track."""
    row = _find(call)
    project_contributed(call, seen(call, ANNOTATION, row["annotationIdent"])["project"])
    call.sql.run("DELETE FROM annotationtrack WHERE id = ?", (row["id"],))
    return enveloped(call, "Delete", ANNOTATION_TRACK, render_one(call, ANNOTATION_TRACK, row))


@routes.add("GET", "annotation/{annotation:int}/annotationtrack")
def index(call: Call) -> Any:
    """List the tracks of an annotation."""
    annotation = seen(call, ANNOTATION, call.params["annotation"])
    return listed(call, ANNOTATION_TRACK, "annotationIdent = :ident", {"ident": annotation["id"]})
