"""Annotations: one table for those of people, of jobs and reviewed ones; single and bulk changes."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from router.core_server import ids
from router.core_server.annotation_json import envelope_of, single
from router.core_server.context import Call
from router.core_server.crud import Refused, bulk_answer
from router.core_server.errors import CoreError, WrongArgument
from router.core_server.http import Routes
from router.core_server.images import IMAGE_INSTANCE, REFERENCE_SLICE
from router.core_server.resource import Field, Resource, Row
from router.core_server.rights import changeable, in_project, project_contributed, seen
from router.core_server.shapes import Shapes, check

#: URL names under which an annotation answers; each id is found whatever its kind.
NAMES = ("annotation", "userannotation", "algoannotation", "reviewedannotation", "roiannotation")

ANNOTATION = Resource(
    table="annotation",
    java="be.cytomine.ontology.UserAnnotation",
    label="Annotation",
    rule=in_project("annotation.project", "annotation.user"),
    fields=(
        Field("kind"),
        Field("user", "ref", ref="secuser"),
        Field("image", "ref", ref="imageinstance"),
        Field("slice", "ref", ref="sliceinstance"),
        Field("project", "ref", ref="project"),
        Field("wkb", "blob", hidden=True),
        Field("area", "float"),
        Field("perimeter", "float"),
        Field("x", "float"),
        Field("y", "float"),
        Field("geometryCompression", "float", default=0.0),
        Field("reviewed", "bool", default=0),
        Field("parentIdent", "int"),
        Field("reviewUser", "ref", ref="secuser", on_delete="SET NULL"),
    ),
    extra_sql=(
        'CREATE INDEX annotation_parent ON annotation("parentIdent") WHERE parentIdent IS NOT NULL;'
        "CREATE INDEX annotation_image_user ON annotation(image, user);"
        "CREATE VIRTUAL TABLE annotation_box USING rtree(id, minx, maxx, miny, maxy, minimage, maximage);"
        "CREATE TRIGGER annotation_gone AFTER DELETE ON annotation BEGIN"
        " DELETE FROM annotation_box WHERE id = old.id;"
        " UPDATE imageinstance SET"
        " numberOfAnnotations = numberOfAnnotations - (old.kind = 'user'),"
        " numberOfJobAnnotations = numberOfJobAnnotations - (old.kind = 'algo'),"
        " numberOfReviewedAnnotations = numberOfReviewedAnnotations - (old.kind = 'reviewed')"
        " WHERE id = old.image;"
        " UPDATE annotation SET reviewed = 0 WHERE id = old.parentIdent AND old.kind = 'reviewed';"
        "END;"
    ),
)
RESOURCES = (ANNOTATION,)

_INSERT = (
    "INSERT INTO annotation (id, created, kind, user, image, slice, project, wkb, area, perimeter, x, y,"
    " geometryCompression, reviewed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0.0, 0)"
)
INSERT_BOX = "INSERT INTO annotation_box VALUES (?, ?, ?, ?, ?, ?, ?)"
_INSERT_TERM = (
    "INSERT INTO annotationterm (id, created, annotation, term, user, algo, rate, project)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

routes = Routes()


@dataclass(frozen=True)
class _Place:
    """Where a shape goes and whose it becomes."""

    image: Row
    slice: int
    width: int | None
    height: int | None
    user: int
    algo: bool
    terms: tuple[int, ...]


class _Places:
    """Finds the places of a request's bodies; asks the database once for each image, slice and term."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._images: dict[Any, tuple[Row, int, int | None, int | None]] = {}
        self._slices: dict[Any, Row] = {}
        self._terms: dict[int, set[int]] = {}
        self._users: dict[Any, tuple[int, bool]] = {}

    def find(self, body: Any) -> _Place:
        if not isinstance(body, dict):
            raise WrongArgument("each annotation must be a JSON object")
        image_id, slice_id = body.get("image"), body.get("slice")
        if slice_id is not None and slice_id not in self._slices:
            self._slices[slice_id] = self._call.row("sliceinstance", _scalar(slice_id, "slice"), "SliceInstance")
        if image_id is None and slice_id is not None:
            image_id = self._slices[slice_id]["image"]
        image, reference, width, height = self._image(_scalar(image_id, "image"))
        if slice_id is not None and self._slices[slice_id]["image"] != image["id"]:
            msg = f"slice {slice_id} does not belong to image {image['id']}"
            raise WrongArgument(msg)
        user, algo = self._user(body.get("user"))
        placed = self._slices[slice_id]["id"] if slice_id is not None else reference
        return _Place(image, placed, width, height, user, algo, self._allowed_terms(body.get("term"), image["project"]))

    def _image(self, ident: Any) -> tuple[Row, int, int | None, int | None]:
        if ident not in self._images:
            image = seen(self._call, IMAGE_INSTANCE, ident)
            project_contributed(self._call, image["project"])
            base = self._call.row("abstractimage", image["baseImage"], "AbstractImage")
            reference = self._call.sql.value(REFERENCE_SLICE.replace("s.*", "s.id"), (image["id"],))
            self._images[ident] = (image, reference, base["width"], base["height"])
        return self._images[ident]

    def _user(self, ident: Any) -> tuple[int, bool]:
        caller = self._call.caller
        if ident is None or not caller.admin or caller.algo:
            return caller.id, caller.algo
        if ident not in self._users:
            row = self._call.row("secuser", _scalar(ident, "user"), "User")
            self._users[ident] = (row["id"], bool(row["algo"]))
        return self._users[ident]

    def _allowed_terms(self, value: Any, project: int) -> tuple[int, ...]:
        if value in (None, [], ""):
            return ()
        values = value if isinstance(value, list) else [value]
        if project not in self._terms:
            rows = self._call.sql.all(
                "SELECT t.id FROM term t JOIN project p ON p.ontology = t.ontology WHERE p.id = ?", (project,)
            )
            self._terms[project] = {row["id"] for row in rows}
        terms = dict.fromkeys(_scalar(item, "term") for item in values)
        unknown = [term for term in terms if term not in self._terms[project]]
        if unknown:
            msg = f"Term {unknown[0]} is not in the ontology of project {project}"
            raise WrongArgument(msg)
        return tuple(terms)


def _scalar(value: Any, name: str) -> int:
    try:
        return int(str(value))
    except ValueError:
        msg = f"{name} must be an id, not {value!r}"
        raise WrongArgument(msg) from None


def add_annotations(call: Call, bodies: Sequence[Any]) -> tuple[list[int], list[Refused]]:
    """Store annotations in one go; return the new ids, and the refused bodies with the reason."""
    places = _Places(call)
    errors: list[Refused] = []
    found: list[tuple[_Place, Any]] = []
    for body in bodies:
        try:
            found.append((places.find(body), body))
        except CoreError as error:
            errors.append((error, body))
    shapes = check([body.get("location") for _, body in found], [(place.width, place.height) for place, _ in found])
    for (_, body), problem in zip(found, shapes.problems, strict=True):
        if problem:
            errors.append((WrongArgument(problem), body))
    good = [index for index, problem in enumerate(shapes.problems) if problem is None]
    return _store(call, [found[index][0] for index in good], shapes, good), errors


def _store(call: Call, places: list[_Place], shapes: Shapes, rows: list[int]) -> list[int]:
    if not places:
        return []
    sql, moment = call.sql, ids.now()
    first = sql.next_id(len(places))
    idents = list(range(first, first + len(places)))
    bounds, area, length = shapes.bounds.tolist(), shapes.area.tolist(), shapes.perimeter.tolist()
    centroid = shapes.centroid.tolist()
    sql.many(
        _INSERT,
        [
            (ident, moment, "algo" if p.algo else "user", p.user, p.image["id"], p.slice, p.image["project"],
             shapes.wkb[row], area[row], length[row], *centroid[row])
            for ident, p, row in zip(idents, places, rows, strict=True)
        ],
    )  # fmt: skip
    boxes = ((bounds[row], p.image["id"]) for p, row in zip(places, rows, strict=True))
    sql.many(
        INSERT_BOX,
        [(ident, b[0], b[2], b[1], b[3], image, image) for ident, (b, image) in zip(idents, boxes, strict=True)],
    )
    pairs = [(ident, term, p) for ident, p in zip(idents, places, strict=True) for term in p.terms]
    if pairs:
        term_id = sql.next_id(len(pairs))
        sql.many(
            _INSERT_TERM,
            [
                (term_id + i, moment, ident, term, p.user, int(p.algo), 1.0 if p.algo else None, p.image["project"])
                for i, (ident, term, p) in enumerate(pairs)
            ],
        )
    _count(call, places)
    return idents


def _count(call: Call, places: list[_Place]) -> None:
    counts: dict[tuple[int, bool], int] = {}
    for place in places:
        key = (place.image["id"], place.algo)
        counts[key] = counts.get(key, 0) + 1
    for (image, algo), number in counts.items():
        column = "numberOfJobAnnotations" if algo else "numberOfAnnotations"
        call.sql.run(f"UPDATE imageinstance SET {column} = {column} + ? WHERE id = ?", (number, image))


@routes.add("POST", *NAMES)
def create(call: Call) -> Any:
    """Store one annotation, or each of an array."""
    if isinstance(call.body, list):
        added, errors = add_annotations(call, call.body)
        return bulk_answer("annotation", added, errors)
    added, errors = add_annotations(call, [call.fields])
    for error, _ in errors:
        raise error
    return envelope_of(call, "Add", find(call, added[0]))


def find(call: Call, ident: object) -> Row:
    """Return an annotation of any kind that the caller may see."""
    return seen(call, ANNOTATION, ident)


@routes.add("GET", *(f"{name}/{{id:int}}" for name in NAMES))
def show(call: Call) -> Any:
    """Show an annotation of any kind."""
    return single(call, find(call, call.id))


@routes.add("PUT", *(f"{name}/{{id:int}}" for name in NAMES))
def update(call: Call) -> Any:
    """Replace an annotation's shape."""
    old = changeable(call, ANNOTATION, call.id)
    if call.fields.get("location"):
        reshape(call, old, call.fields["location"])
    return envelope_of(call, "Edit", find(call, old["id"]))


def reshape(call: Call, old: Row, location: object, compression: float = 0.0) -> None:
    """Give an annotation another shape."""
    image = call.row("imageinstance", old["image"], "ImageInstance")
    base = call.row("abstractimage", image["baseImage"], "AbstractImage")
    shapes = check([location], [(base["width"], base["height"])])
    if shapes.problems[0]:
        raise WrongArgument(shapes.problems[0])
    left, bottom, right, top = shapes.bounds[0].tolist()
    call.sql.change(
        "annotation",
        old["id"],
        {
            "wkb": shapes.wkb[0],
            "area": float(shapes.area[0]),
            "perimeter": float(shapes.perimeter[0]),
            "x": float(shapes.centroid[0, 0]),
            "y": float(shapes.centroid[0, 1]),
            "geometryCompression": compression,
        },
    )
    call.sql.run("DELETE FROM annotation_box WHERE id = ?", (old["id"],))
    call.sql.run(INSERT_BOX, (old["id"], left, right, bottom, top, old["image"], old["image"]))


@routes.add("DELETE", *(f"{name}/{{id:int}}" for name in NAMES))
def remove(call: Call) -> Any:
    """Delete an annotation; one that was reviewed stays until its review is taken back."""
    row = changeable(call, ANNOTATION, call.id)
    if row["reviewed"]:
        msg = f"Annotation {row['id']} is reviewed: take the review back first"
        raise WrongArgument(msg)
    answer = envelope_of(call, "Delete", row)
    call.sql.run("DELETE FROM annotation WHERE id = ?", (row["id"],))
    return answer
