"""Who looked where: positions in images, actions on annotations, visits to projects and images."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import json
from typing import Any

from router.core_server.annotations import ANNOTATION
from router.core_server.context import Call
from router.core_server.crud import create_row, listed, render_one
from router.core_server.http import Routes
from router.core_server.images import IMAGE_INSTANCE, SLICE_INSTANCE
from router.core_server.resource import Field, Resource, Row, Rule
from router.core_server.rights import member, project_managed, project_seen, seen
from router.core_server.users import USER

routes = Routes()


def _sender(call: Call, row: Row, _old: Row | None) -> None:
    row["user"] = call.caller.person


POSITION = Resource(
    table="position",
    java="be.cytomine.social.PersistentUserPosition",
    label="UserPosition",
    paths=("position",),
    methods="read",
    rule=Rule(member("position.project"), member("position.project")),
    fields=(
        Field("user", "ref", ref="secuser"),
        Field("image", "ref", ref="imageinstance"),
        Field("slice", "ref", ref="sliceinstance"),
        Field("project", "ref", ref="project"),
        Field("zoom", "int"),
        Field("rotation", "float", default=0.0),
        Field("broadcast", "bool", default=0),
        Field("location", "json", derived=True),
        Field("x", "float", derived=True),
        Field("y", "float", derived=True),
    ),
)

ACTION = Resource(
    table="annotationaction",
    key="annotation_action",
    java="be.cytomine.social.AnnotationAction",
    label="AnnotationAction",
    paths=("annotation_action", "annotationaction"),
    methods="read",
    rule=Rule(member("annotationaction.project"), member("annotationaction.project")),
    fields=(
        Field("user", "ref", ref="secuser"),
        Field("image", "ref", ref="imageinstance"),
        Field("slice", "ref", ref="sliceinstance"),
        Field("project", "ref", ref="project"),
        Field("action", required=True, max_length=255),
        Field("annotationIdent", "ref", ref="annotation", required=True),
    ),
    prepare=_sender,
)

CONNECTION = Resource(
    table="projectconnection",
    java="be.cytomine.social.PersistentProjectConnection",
    label="PersistentProjectConnection",
    rule=Rule(member("projectconnection.project"), member("projectconnection.project")),
    fields=(
        Field("user", "ref", ref="secuser"),
        Field("project", "ref", ref="project", required=True),
        Field("time", "int", default=0),
        Field("os"),
        Field("browser"),
        Field("browserVersion"),
    ),
    prepare=_sender,
)

CONSULTATION = Resource(
    table="imageconsultation",
    java="be.cytomine.social.PersistentImageConsultation",
    label="PersistentImageConsultation",
    rule=Rule(member("imageconsultation.project"), member("imageconsultation.project")),
    fields=(
        Field("user", "ref", ref="secuser"),
        Field("project", "ref", ref="project"),
        Field("image", "ref", ref="imageinstance", required=True),
        Field("imageName"),
        Field("imageThumb"),
        Field("mode"),
        Field("time", "int", default=0),
    ),
    prepare=_sender,
)
RESOURCES = (POSITION, ACTION, CONNECTION, CONSULTATION)

_SIDES = ("topLeft", "topRight", "bottomRight", "bottomLeft")


@routes.add("POST", "imageinstance/{id:int}/position", "sliceinstance/{id:int}/position")
def put_position(call: Call) -> Any:
    """Note which part of an image the caller looks at."""
    body = call.fields
    by_slice = "sliceinstance" in call.request.url.path
    place = seen(call, SLICE_INSTANCE if by_slice else IMAGE_INSTANCE, call.id)
    corners = []
    for side in _SIDES:
        x, y = (
            POSITION.names["x"].parse({"x": body.get(f"{side}X")}),
            POSITION.names["y"].parse({"y": body.get(f"{side}Y")}),
        )
        corners.append([x or 0.0, y or 0.0])
    values = POSITION.parse(body) | {
        "user": call.caller.person,
        "image": place["image"] if by_slice else place["id"],
        "slice": place["id"] if by_slice else None,
        "project": place["project"],
        "location": json.dumps(corners),
        "x": sum(corner[0] for corner in corners) / 4,
        "y": sum(corner[1] for corner in corners) / 4,
    }
    return render_one(call, POSITION, call.sql.add("position", values))


@routes.add("GET", "imageinstance/{id:int}/positions", "sliceinstance/{id:int}/positions")
def positions(call: Call) -> Any:
    """List where people looked in an image."""
    by_slice = "sliceinstance" in call.request.url.path
    seen(call, SLICE_INSTANCE if by_slice else IMAGE_INSTANCE, call.id)
    return listed(
        call,
        POSITION,
        f"{'slice' if by_slice else 'image'} = :place AND (:user IS NULL OR user = :user)"
        " AND (:after IS NULL OR created >= :after) AND (:before IS NULL OR created <= :before)",
        {
            "place": call.id,
            "user": call.args.integer("user"),
            "after": call.args.integer("afterThan"),
            "before": call.args.integer("beforeThan"),
        },
    )


@routes.add("GET", "imageinstance/{id:int}/position/{user:int}", "sliceinstance/{id:int}/position/{user:int}")
def last_position(call: Call) -> Any:
    """Show where somebody looked last."""
    by_slice = "sliceinstance" in call.request.url.path
    seen(call, SLICE_INSTANCE if by_slice else IMAGE_INSTANCE, call.id)
    column = "slice" if by_slice else "image"
    row = call.sql.one(
        f"SELECT * FROM position WHERE {column} = ? AND user = ? ORDER BY id DESC LIMIT 1",
        (call.id, call.params["user"]),
    )
    return render_one(call, POSITION, row) if row else {}


@routes.add("GET", "imageinstance/{id:int}/online", "sliceinstance/{id:int}/online")
def online_in_image(call: Call) -> Any:
    """Tell who looks at an image right now: nobody is followed here."""
    seen(call, SLICE_INSTANCE if "sliceinstance" in call.request.url.path else IMAGE_INSTANCE, call.id)
    return {"users": []}


@routes.add("POST", "annotation_action", "annotationaction", "annotationactions")
def act(call: Call) -> Any:
    """Note that the caller looked at or chose an annotation."""
    annotation = seen(call, ANNOTATION, call.fields.get("annotationIdent") or call.fields.get("annotation"))
    body = {"action": call.fields.get("action"), "annotationIdent": annotation["id"]}
    body |= {name: annotation[name] for name in ("image", "slice", "project")}
    return render_one(call, ACTION, create_row(call, ACTION, body))


@routes.add(
    "GET",
    *(f"{place}/{{id:int}}/{name}" for place in ("imageinstance", "sliceinstance")
      for name in ("annotation_action", "annotationaction", "annotationactions")),
)  # fmt: skip
def actions(call: Call) -> Any:
    """List what people did with an image's annotations."""
    column = "slice" if "sliceinstance" in call.request.url.path else "image"
    seen(call, SLICE_INSTANCE if column == "slice" else IMAGE_INSTANCE, call.id)
    return listed(call, ACTION, f"{column} = :place", {"place": call.id})


@routes.add("POST", "project/{project:int}/userconnection")
def connect(call: Call) -> Any:
    """Note that the caller opened a project."""
    project = project_seen(call, call.params["project"])
    row = create_row(call, CONNECTION, {**call.fields, "project": project["id"]})
    return render_one(call, CONNECTION, row)


@routes.add("GET", "project/{project:int}/userconnection/{user:int}")
def connections(call: Call) -> Any:
    """List somebody's visits to a project, for its managers."""
    project = project_managed(call, call.params["project"])
    return listed(
        call, CONNECTION, "project = :p AND user = :u", {"p": project["id"], "u": call.params["user"]}, "id DESC"
    )


@routes.add("POST", "imageinstance/{image:int}/consultation", "consultation")
def consult(call: Call) -> Any:
    """Note that the caller opened an image."""
    image = seen(call, IMAGE_INSTANCE, call.params.get("image", call.fields.get("image")))
    written = render_one(call, IMAGE_INSTANCE, image)
    body = {"image": image["id"], "project": image["project"], "mode": call.fields.get("mode")}
    body |= {"imageName": written["instanceFilename"], "imageThumb": written["thumb"]}
    return render_one(call, CONSULTATION, create_row(call, CONSULTATION, body))


@routes.add("GET", "project/{project:int}/user/{user:int}/imageconsultation")
def consultations(call: Call) -> Any:
    """List the images that somebody opened in a project."""
    project = project_managed(call, call.params["project"])
    return listed(
        call, CONSULTATION, "project = :p AND user = :u", {"p": project["id"], "u": call.params["user"]}, "id DESC"
    )


@routes.add("GET", "project/{project:int}/connectionFrequency")
def frequency(call: Call) -> Any:
    """Count a project's visits by day."""
    project = project_seen(call, call.params["project"])
    rows = call.sql.all(
        "SELECT created / 86400000 * 86400000 AS time, count(*) AS frequency FROM projectconnection WHERE project = ?"
        " GROUP BY 1 ORDER BY 1",
        (project["id"],),
    )
    return {"collection": rows, "size": len(rows), "offset": 0, "perPage": len(rows), "totalPages": 1}


@routes.add("GET", "project/{project:int}/online/user")
def online(call: Call) -> Any:
    """List who is in a project: those who came by in the last two minutes."""
    project = project_seen(call, call.params["project"])
    return listed(
        call,
        USER,
        "id IN (SELECT c.user FROM projectconnection c WHERE c.project = :p"
        " AND c.created > (SELECT max(created) FROM projectconnection) - 120000)",
        {"p": project["id"]},
    )
