"""Annotation listings: every filter of Core's search, with an R*Tree for what lies where."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import json
from typing import Any

import numpy as np
import shapely

from router.core_server.annotation_json import listing
from router.core_server.context import Call
from router.core_server.errors import NotFound
from router.core_server.http import Routes
from router.core_server.images import IMAGE_INSTANCE, SLICE_INSTANCE
from router.core_server.resource import Row
from router.core_server.rights import member, project_seen, seen
from router.core_server.shapes import box_of, read_one
from router.core_server.wire import collection, page_of, whole

routes = Routes()

_IN = "IN (SELECT value FROM json_each({}))"


class _Where:
    """Collects conditions and their arguments."""

    def __init__(self) -> None:
        self.clauses: list[str] = ["1"]
        self.values: dict[str, Any] = {}

    def add(self, clause: str, **values: Any) -> None:
        self.clauses.append(clause)
        self.values |= values

    def ids(self, column: str, idents: list[int] | None, name: str) -> None:
        """Keep rows whose column is among `idents`; None keeps all."""
        if idents is not None:
            self.add(f"{column} {_IN.format(':' + name)}", **{name: json.dumps(idents)})

    def __str__(self) -> str:
        return " AND ".join(f"({clause})" for clause in self.clauses)


def _scope(call: Call, where: _Where) -> list[int] | None:
    """Bound the search to what the caller may see; return the images it names."""
    args = call.args
    project = args.integer("project")
    if project is not None:
        project_seen(call, project)
        where.add("a.project = :project", project=project)
    images = args.ids("images", "image")
    slices = args.ids("slices", "slice")
    for ident in images or ():
        seen(call, IMAGE_INSTANCE, ident)
    for ident in slices or ():
        seen(call, SLICE_INSTANCE, ident)
    where.ids("a.image", images, "images")
    where.ids("a.slice", slices, "slices")
    if project is None and images is None and slices is None and not call.caller.admin:
        where.add(member("a.project"), me=call.caller.person)
    if images is None and slices:
        rows = call.sql.all(
            f"SELECT DISTINCT image FROM sliceinstance WHERE id {_IN.format('?')}",
            (json.dumps(slices),),
        )
        return [row["image"] for row in rows]
    return images


def _users(call: Call, where: _Where) -> None:
    """Choose the kinds of annotations, as Core does from the users asked for."""
    args = call.args
    users = args.ids("users", "user")
    job = args.integer("job")
    if job is not None:
        rows = call.sql.all("SELECT id FROM secuser WHERE job = ?", (job,))
        users = [*(users or []), *(row["id"] for row in rows)]
    if args.flag("reviewed"):
        where.add("a.kind = 'reviewed'")
        where.ids("a.user", users, "users")
        where.ids("a.reviewUser", args.ids("reviewUsers"), "reviewers")
        return
    if users is None:
        where.add("a.kind IN ('user', 'algo')" if args.flag("includeAlgo") else "a.kind = 'user'")
        return
    rows = call.sql.all(
        f"SELECT id FROM secuser WHERE algo AND id {_IN.format('?')}",
        (json.dumps(users),),
    )
    jobs = [row["id"] for row in rows]
    inside, of_jobs = _IN.format(":users"), _IN.format(":jobs")
    where.add(
        f"a.kind IN ('user', 'algo') AND a.user {inside} OR a.kind = 'user' AND :jobs <> '[]' AND EXISTS"
        f" (SELECT 1 FROM annotationterm t WHERE t.annotation = a.id AND t.algo AND t.user {of_jobs})",
        users=json.dumps(users),
        jobs=json.dumps(jobs),
    )


def _with_term(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM annotationterm t WHERE t.annotation = a.id AND {condition})"


def _terms(call: Call, where: _Where) -> None:
    args = call.args
    chosen = [_with_term(f"t.term {_IN.format(':terms')}")] if args.ids("terms", "term") is not None else []
    if args.flag("noTerm"):
        chosen.append(f"NOT {_with_term('NOT t.algo' if not args.flag('reviewed') else '1')}")
    if args.flag("noAlgoTerm"):
        chosen.append(f"NOT {_with_term('t.algo')}")
    if args.flag("multipleTerm"):
        chosen.append("(SELECT count(DISTINCT t.term) FROM annotationterm t WHERE t.annotation = a.id) > 1")
    if chosen:
        # terms and "no term" are boxes that are ticked together: any of them keeps the annotation
        where.add(" OR ".join(chosen), terms=json.dumps(args.ids("terms", "term") or []))
    suggested = args.ids("suggestedTerms", "suggestedTerm")
    if suggested is not None:
        where.add(_with_term(f"t.algo AND t.term {_IN.format(':suggested')}"), suggested=json.dumps(suggested))
    users = args.ids("usersForTermAlgo", "userForTermAlgo")
    job = args.integer("jobForTermAlgo")
    if job is not None:
        users = [row["id"] for row in call.sql.all("SELECT id FROM secuser WHERE job = ?", (job,))]
    if users is not None:
        where.add(_with_term(f"t.algo AND t.user {_IN.format(':algousers')}"), algousers=json.dumps(users))
    people = args.ids("usersForTerm", "userForTerm")
    if people is not None:
        where.add(_with_term(f"t.user {_IN.format(':termusers')}"), termusers=json.dumps(people))


def _tags(call: Call, where: _Where) -> None:
    args = call.args
    tagged = "EXISTS (SELECT 1 FROM tagdomainassociation d WHERE d.domainIdent = a.id{})"
    chosen = []
    if args.ids("tags", "tag") is not None:
        chosen.append(tagged.format(f" AND d.tag {_IN.format(':tags')}"))
    if args.flag("noTag"):
        chosen.append(f"NOT {tagged.format('')}")
    if chosen:
        where.add(" OR ".join(chosen), tags=json.dumps(args.ids("tags", "tag") or []))
    tracks = args.ids("tracks", "track")
    if tracks is not None:
        where.add(
            "EXISTS (SELECT 1 FROM annotationtrack k WHERE k.annotationIdent = a.id"
            f" AND k.track {_IN.format(':tracks')})",
            tracks=json.dumps(tracks),
        )


def _rest(call: Call, where: _Where) -> None:
    args = call.args
    if args.flag("notReviewedOnly"):
        where.add("NOT a.reviewed")
    after, before = args.integer("afterThan"), args.integer("beforeThan")
    if after is not None:
        where.add("a.created >= :after", after=after)
    if before is not None:
        where.add("a.created <= :before", before=before)
    where.ids("a.id", args.ids("annotations"), "annotations")


def shape_of(call: Call, ident: int) -> Any:
    """Return the geometry of an annotation that the caller may see."""
    row = call.row("annotation", ident, "Annotation")
    project_seen(call, row["project"])
    return shapely.from_wkb(row["wkb"])


def _area(call: Call) -> tuple[Any, float] | None:
    """Return the geometry that annotations must touch, and from how far."""
    args = call.args
    if args.get("bbox"):
        return box_of(str(args["bbox"])), 0.0
    if args.integer("bboxAnnotation") is not None:
        return shape_of(call, args.integer("bboxAnnotation") or 0).envelope, 0.0
    base = args.get("baseAnnotation")
    if base not in (None, ""):
        distance = args.number("maxDistanceBaseAnnotation") or 0.0
        text = str(base)
        return (shape_of(call, int(text)) if text.isdigit() else read_one(text)), max(0.0, distance)
    return None


def _near(call: Call, where: _Where, area: tuple[Any, float], images: list[int] | None) -> list[Row]:
    """Return the rows that touch an area: boxes from the R*Tree, then exactly."""
    geometry, distance = area
    left, bottom, right, top = geometry.buffer(distance).bounds if distance else geometry.bounds
    # the tree rounds to 32 bits, outwards; its third dimension is the image
    lowest, highest = (min(images), max(images)) if images else (0, 2**62)
    rows = call.sql.all(
        "SELECT a.* FROM annotation_box b CROSS JOIN annotation a ON a.id = b.id"
        " WHERE b.maxx >= :left AND b.minx <= :right AND b.maxy >= :bottom AND b.miny <= :top"
        f" AND b.maximage >= :lowest AND b.minimage <= :highest AND {where}",
        {"left": left, "right": right, "bottom": bottom, "top": top, "lowest": lowest, "highest": highest}
        | where.values,
    )
    if not rows:
        return []
    shapes = shapely.from_wkb(np.array([row["wkb"] for row in rows], dtype=object))
    shapely.prepare(geometry)
    hits = shapely.dwithin(geometry, shapes, distance) if distance else shapely.intersects(geometry, shapes)
    found = [row for row, hit in zip(rows, hits, strict=True) if hit]
    found.sort(key=lambda row: -int(row["id"]))
    return found


def search(call: Call) -> tuple[list[Row], int]:
    """Return the page of annotations that the request asks for, newest first, and how many there are."""
    where = _Where()
    images = _scope(call, where)
    for part in (_users, _terms, _tags, _rest):
        part(call, where)
    offset, size = page_of(call.args)
    area = _area(call)
    if area is not None:
        rows = _near(call, where, area, images)
        return rows[offset : offset + size if size else None], len(rows)
    query = f"FROM annotation a WHERE {where}"
    rows = call.sql.all(
        f"SELECT a.* {query} ORDER BY a.id DESC LIMIT {size or -1} OFFSET {offset}",
        where.values,
    )
    total = call.sql.value(f"SELECT count(*) {query}", where.values) if size or offset else len(rows)
    return rows, total


@routes.add("GET", "annotation", "userannotation", "algoannotation", "reviewedannotation")
def index(call: Call) -> Any:
    """List annotations by the query's filters."""
    name = call.request.url.path.rsplit("/", 1)[-1].removesuffix(".json")
    if name == "reviewedannotation":
        call.args["reviewed"] = "true"
    elif name == "algoannotation":
        call.args.setdefault("includeAlgo", "true")
    rows, total = search(call)
    return collection(listing(call, rows), total, call.args)


@routes.add("GET POST", "annotation/search", mode="read")
def annotation_search(call: Call) -> Any:
    """List annotations by filters in the query or the body."""
    if isinstance(call.body, dict):
        call.args.update({name: value for name, value in call.body.items() if value is not None})
    rows, total = search(call)
    return collection(listing(call, rows), total, call.args)


@routes.add("GET POST", "imageinstance/{image:int}/annotation/included", "annotation/included", mode="read")
def included(call: Call) -> Any:
    """List the annotations of an image that touch a geometry or another annotation."""
    if isinstance(call.body, dict):
        call.args.update(call.body)
    # clients 3.x leave the image out of the address and put it into the query
    image = seen(call, IMAGE_INSTANCE, call.params.get("image", call.args.integer("image")))
    other = call.args.pop("annotation", None)
    geometry = call.args.pop("geometry", None)
    call.args["image"] = image["id"]
    call.args["baseAnnotation"] = other or geometry
    if not call.args["baseAnnotation"]:
        raise NotFound("included needs geometry=WKT or annotation=ID")
    rows, _ = search(call)
    items = [item for item in listing(call, rows) if str(item["id"]) != str(other)]
    return whole(items, call.args)


@routes.add("GET", "sliceinstance/{id:int}/annotationindex")
def annotation_index(call: Call) -> Any:
    """Count a slice's annotations by user."""
    row = seen(call, SLICE_INSTANCE, call.id)
    items = call.sql.all(
        "SELECT user, slice, sum(kind <> 'reviewed') AS countAnnotation,"
        " sum(kind = 'reviewed') AS countReviewedAnnotation FROM annotation"
        " WHERE image = ? AND slice = ? GROUP BY user",
        (row["image"], row["id"]),
    )
    return whole(items, call.args)


@routes.add("GET", "user/{user:int}/{kind}/count", "project/{project:int}/{kind}/count")
def count(call: Call) -> Any:
    """Count the annotations of a kind, of a user or a project."""
    kind = call.params["kind"].removesuffix("annotation")
    where, values = "user = :user", {**call.params, "kind": kind}
    if "project" in call.params:
        project_seen(call, call.params["project"])
        where = "project = :project"
    elif call.args.integer("project") is not None:
        values["in"] = project_seen(call, call.args.integer("project"))["id"]
        where = "user = :user AND project = :in"
    total = call.sql.value(f"SELECT count(*) FROM annotation WHERE kind = :kind AND {where}", values)
    return {"total": total}
