"""Plain resources around the others: groups of people, images and annotations, saved filters, job templates."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core_server.context import Call
from router.core_server.crud import create_row, enveloped, render_one
from router.core_server.errors import NotFound
from router.core_server.http import Routes
from router.core_server.resource import Field, Listing, Resource, Row, Rule
from router.core_server.rights import changeable, in_project, seen

routes = Routes()

GROUP = Resource(
    table="group",
    java="be.cytomine.security.Group",
    label="Group",
    paths=("group",),
    unique=(("name",),),
    rule=Rule("1"),
    fields=(Field("name", required=True, max_length=255), Field("gid", "int")),
)

USER_GROUP = Resource(
    table="usergroup",
    java="be.cytomine.security.UserGroup",
    label="UserGroup",
    unique=(("user", "group"),),
    rule=Rule("1"),
    lists=(Listing("user/{user:int}/group", '"user" = :user'),),
    fields=(
        Field("user", "ref", ref="secuser", required=True),
        Field("group", "ref", ref="group", required=True),
    ),
)

ANNOTATION_FILTER = Resource(
    table="annotationfilter",
    java="be.cytomine.ontology.AnnotationFilter",
    label="AnnotationFilter",
    paths=("annotationfilter",),
    rule=in_project("annotationfilter.project", "annotationfilter.user"),
    fields=(
        Field("name", required=True, max_length=255),
        Field("project", "ref", ref="project", required=True),
        Field("users", "json", required=True),
        Field("terms", "json", required=True),
        Field("user", "ref", ref="secuser", derived=True),
    ),
    prepare=lambda call, row, old: row.update(user=old["user"] if old else call.caller.person),
    narrow=lambda call: (
        ("project = :asked", {"asked": call.args.integer("project")})
        if call.args.integer("project") is not None
        else ("1", {})
    ),
)

JOB_TEMPLATE = Resource(
    table="jobtemplate",
    java="be.cytomine.processing.JobTemplate",
    label="JobTemplate",
    paths=("jobtemplate",),
    rule=in_project("jobtemplate.project"),
    lists=(Listing("project/{project:int}/jobtemplate", "project = :project", "project"),),
    fields=(
        Field("name", required=True, max_length=255),
        Field("project", "ref", ref="project", required=True),
        Field("software", "ref", ref="software", required=True),
    ),
)

IMAGE_GROUP = Resource(
    table="imagegroup",
    java="be.cytomine.image.group.ImageGroup",
    label="ImageGroup",
    paths=("imagegroup",),
    rule=in_project("imagegroup.project"),
    lists=(Listing("project/{project:int}/imagegroup", "project = :project", "project"),),
    fields=(Field("name", required=True, max_length=255), Field("project", "ref", ref="project", required=True)),
)


def _group_name(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        item["groupName"] = call.sql.value("SELECT name FROM imagegroup WHERE id = ?", (row["group"],))


_OF_GROUP = '(SELECT g.project FROM imagegroup g WHERE g.id = imagegroupimageinstance."group")'

IMAGE_GROUP_IMAGE = Resource(
    table="imagegroupimageinstance",
    java="be.cytomine.image.group.ImageGroupImageInstance",
    label="ImageGroupImageInstance",
    unique=(("group", "image"),),
    rule=in_project(_OF_GROUP),
    lists=(
        Listing("imagegroup/{group:int}/imagegroupimageinstance", '"group" = :group'),
        Listing("imageinstance/{image:int}/imagegroupimageinstance", "image = :image"),
    ),
    fields=(
        Field("group", "ref", ref="imagegroup", required=True),
        Field("image", "ref", ref="imageinstance", required=True),
    ),
    complete=_group_name,
)

ANNOTATION_GROUP = Resource(
    table="annotationgroup",
    java="be.cytomine.annotations.AnnotationGroup",
    label="AnnotationGroup",
    paths=("annotationgroup",),
    rule=in_project("annotationgroup.project"),
    lists=(
        Listing("project/{project:int}/annotationgroup", "project = :project", "project"),
        Listing("imagegroup/{imagegroup:int}/annotationgroup", "imageGroup = :imagegroup", "imagegroup"),
    ),
    fields=(
        Field("project", "ref", ref="project", required=True),
        Field("imageGroup", "ref", ref="imagegroup", required=True),
        Field("type", default="SAME_OBJECT"),
    ),
)

ANNOTATION_LINK = Resource(
    table="annotationlink",
    java="be.cytomine.annotations.AnnotationLink",
    label="AnnotationLink",
    paths=("annotationlink",),
    methods="create",
    unique=(("group", "annotationIdent"),),
    rule=in_project('(SELECT g.project FROM annotationgroup g WHERE g.id = annotationlink."group")'),
    lists=(
        Listing("annotationgroup/{group:int}/annotationlink", '"group" = :group'),
        Listing("annotation/{annotation:int}/annotationlink", "annotationIdent = :annotation"),
    ),
    fields=(
        Field("annotationClassName"),
        Field("annotationIdent", "ref", ref="annotation", required=True),
        Field("group", "ref", ref="annotationgroup", required=True),
        Field("image", "ref", ref="imageinstance", derived=True),
    ),
    prepare=lambda call, row, _old: row.update(
        image=call.row("annotation", row["annotationIdent"], "Annotation")["image"]
    ),
)

RESOURCES = (
    GROUP,
    USER_GROUP,
    ANNOTATION_FILTER,
    JOB_TEMPLATE,
    IMAGE_GROUP,
    IMAGE_GROUP_IMAGE,
    ANNOTATION_GROUP,
    ANNOTATION_LINK,
)


def _pair(resource: Resource, collection: str, item: str, columns: tuple[str, str]) -> None:
    """Give a link between two things its URLs, where both ids are in the address."""

    def find(call: Call) -> Row:
        pair = (call.params["first"], call.params["second"])
        row = call.sql.one(
            f'SELECT * FROM "{resource.table}" WHERE "{columns[0]}" = ? AND "{columns[1]}" = ?',
            pair,
        )
        if row is None:
            msg = f"{resource.label} not found with {columns[0]} {pair[0]} and {columns[1]} {pair[1]}"
            raise NotFound(msg)
        return row

    @routes.add("POST", *{collection, item} - {""})
    def add(call: Call) -> Any:
        named = {name: call.params[key] for name, key in zip(columns, ("first", "second"), strict=True)
                 if key in call.params}  # fmt: skip
        row = create_row(call, resource, {**call.fields, **named})
        return enveloped(call, "Add", resource, render_one(call, resource, row))

    @routes.add("GET", item)
    def show(call: Call) -> Any:
        return render_one(call, resource, seen(call, resource, find(call)["id"]))

    @routes.add("DELETE", item)
    def remove(call: Call) -> Any:
        row = changeable(call, resource, find(call)["id"])
        answer = enveloped(call, "Delete", resource, render_one(call, resource, row))
        call.sql.run(f'DELETE FROM "{resource.table}" WHERE id = ?', (row["id"],))
        return answer


_pair(USER_GROUP, "user/{first:int}/group", "user/{first:int}/group/{second:int}", ("user", "group"))
_pair(IMAGE_GROUP_IMAGE, "", "imagegroup/{first:int}/imageinstance/{second:int}", ("group", "image"))
_pair(ANNOTATION_LINK, "", "annotationgroup/{first:int}/annotation/{second:int}", ("group", "annotationIdent"))


@routes.add("POST", "annotationgroup/{first:int}/annotationgroup/{second:int}/merge")
def merge(call: Call) -> Any:
    """Put the annotations of a second group into the first and drop the second."""
    first = changeable(call, ANNOTATION_GROUP, call.params["first"])
    second = changeable(call, ANNOTATION_GROUP, call.params["second"])
    call.sql.run('UPDATE OR IGNORE annotationlink SET "group" = ? WHERE "group" = ?', (first["id"], second["id"]))
    call.sql.run("DELETE FROM annotationgroup WHERE id = ?", (second["id"],))
    return enveloped(call, "Edit", ANNOTATION_GROUP, render_one(call, ANNOTATION_GROUP, first))
