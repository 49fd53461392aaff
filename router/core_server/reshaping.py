"""Changing shapes: fewer points, holes filled, corrected by hand, touching ones united."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from router.core_server.annotation_json import envelope_of, single
from router.core_server.annotations import ANNOTATION, NAMES, reshape
from router.core_server.context import Call
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.images import IMAGE_INSTANCE
from router.core_server.resource import Row
from router.core_server.rights import changeable, project_contributed, seen
from router.core_server.shapes import read_one

routes = Routes()

#: Attempts to reach the wanted number of points, each halving or doubling the tolerance.
ATTEMPTS = 40


def _wkt(geometry: Any) -> str:
    return str(shapely.to_wkt(geometry, rounding_precision=-1))


def simplified(geometry: Any, fewest: int, most: int) -> tuple[Any, float]:
    """Return a geometry with between `fewest` and `most` points, and the tolerance that made it, pixels."""
    if shapely.get_num_coordinates(geometry) <= most:
        return geometry, 0.0
    low, high, tolerance = 0.0, float("inf"), 1.0
    best, used = geometry, 0.0
    for _ in range(ATTEMPTS):
        candidate = shapely.simplify(geometry, tolerance, preserve_topology=True)
        count = shapely.get_num_coordinates(candidate)
        if count >= fewest:
            best, used = candidate, tolerance
        if count > most:
            low = tolerance
        elif count < fewest:
            high = tolerance
        else:
            break
        tolerance = tolerance * 2 if high == float("inf") else (low + high) / 2
    return best, used


@routes.add("PUT", *(f"{name}/{{id:int}}/simplify" for name in NAMES))
def simplify(call: Call) -> Any:
    """Give an annotation fewer points; the answer is bare."""
    row = changeable(call, ANNOTATION, call.id)
    most = max(4, call.args.integer("maxPoint", 500) or 500)
    fewest = min(most, max(3, call.args.integer("minPoint", 0) or 0))
    geometry, tolerance = simplified(shapely.from_wkb(row["wkb"]), fewest, most)
    reshape(call, row, _wkt(geometry), tolerance)
    return single(call, seen(call, ANNOTATION, row["id"]))


@routes.add("PUT", "simplify")
def simplify_text(call: Call) -> Any:
    """Give a WKT fewer points, without storing anything."""
    most = max(4, call.args.integer("maxPoint", 500) or 500)
    fewest = min(most, max(3, call.args.integer("minPoint", 0) or 0))
    geometry, tolerance = simplified(read_one(call.fields.get("wkt")), fewest, most)
    return {"wkt": _wkt(geometry), "geometryCompression": tolerance}


@routes.add("PUT POST", *(f"{name}/{{id:int}}/fill" for name in NAMES))
def fill(call: Call) -> Any:
    """Fill an annotation's holes."""
    row = changeable(call, ANNOTATION, call.id)
    parts = shapely.get_parts(shapely.from_wkb(row["wkb"]))
    solid = [shapely.Polygon(part.exterior) if part.geom_type == "Polygon" else part for part in parts]
    reshape(call, row, _wkt(solid[0] if len(solid) == 1 else shapely.union_all(solid)))
    return envelope_of(call, "Edit", seen(call, ANNOTATION, row["id"]))


@routes.add("POST", "annotationcorrection")
def correct(call: Call) -> Any:
    """Add a drawn shape to the caller's annotation that it touches, or cut it off (remove)."""
    body = call.fields
    drawn = read_one(body.get("location"))
    image = seen(call, IMAGE_INSTANCE, body.get("image"))
    layers = call.args.ids("layers") or body.get("layers") or [call.caller.id]
    row = _touched(call, image["id"], drawn, layers)
    changeable(call, ANNOTATION, row["id"])
    geometry: Any = shapely.from_wkb(row["wkb"])
    corrected = geometry.difference(drawn) if body.get("remove") else geometry.union(drawn)
    if corrected.is_empty:
        raise WrongArgument("the correction would leave nothing: delete the annotation instead")
    reshape(call, row, _wkt(corrected))
    return envelope_of(call, "Edit", seen(call, ANNOTATION, row["id"]))


def _touched(call: Call, image: int, drawn: Any, layers: list[Any]) -> Row:
    left, bottom, right, top = drawn.bounds
    rows = call.sql.all(
        "SELECT a.* FROM annotation_box b CROSS JOIN annotation a ON a.id = b.id WHERE a.image = ? AND b.minx <= ?"
        " AND b.maxx >= ? AND b.miny <= ? AND b.maxy >= ? AND a.kind <> 'algo' ORDER BY a.id",
        (image, right, left, top, bottom),
    )
    wanted = {str(layer) for layer in layers}
    for row in rows:
        if str(row["user"]) in wanted and drawn.intersects(shapely.from_wkb(row["wkb"])):
            return row
    raise NotFound("there is no annotation to correct where the shape was drawn")


@routes.add("PUT POST", *(f"{name}/union" for name in NAMES))
def union(call: Call) -> Any:
    """Unite the touching annotations of a user, an image and a term: the first of each group takes all in.

    Groups come from the distance `bufferLength` and from borders shared over at least `minIntersectionLength` pixels.
    """
    image = seen(call, IMAGE_INSTANCE, call.args.integer("idImage"))
    user, term = call.args.integer("idUser"), call.args.integer("idTerm")
    project_contributed(call, image["project"], user)
    shortest = call.args.number("minIntersectionLength") or 0.0
    distance = max(0.0, call.args.number("bufferLength") or 0.0)
    rows = call.sql.all(
        "SELECT * FROM annotation a WHERE image = :image AND (:user IS NULL OR user = :user) AND kind <> 'reviewed'"
        " AND (:term IS NULL OR EXISTS (SELECT 1 FROM annotationterm t WHERE t.annotation = a.id AND t.term = :term))"
        " ORDER BY id",
        {"image": image["id"], "user": user, "term": term},
    )
    united = 0
    for group in _groups([shapely.from_wkb(row["wkb"]) for row in rows], shortest, distance):
        shapes = [shapely.from_wkb(rows[index]["wkb"]) for index in group]
        reshape(call, rows[group[0]], _wkt(_united(shapes, distance)))
        call.sql.many("DELETE FROM annotation WHERE id = ?", [(rows[index]["id"],) for index in group[1:]])
        united += len(group) - 1
    return {"message": f"{united} annotations united"}


def _united(shapes: list[Any], distance: float) -> Any:
    if not distance:
        return shapely.union_all(shapes)
    return shapely.buffer(shapely.union_all([shapely.buffer(shape, distance) for shape in shapes]), -distance)


def _groups(shapes: list[Any], shortest: float, distance: float) -> list[list[int]]:
    """Return the connected groups of at least two shapes, as indices in order."""
    if not shapes:
        return []
    array = np.array(shapes, dtype=object)
    left, right = shapely.STRtree(array).query(array, predicate="dwithin", distance=distance)
    leader = list(range(len(shapes)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        if a < b and (not shortest or distance or shapely.length(shapely.intersection(array[a], array[b])) >= shortest):
            first, second = sorted((find(a), find(b)))
            leader[second] = first
    groups: dict[int, list[int]] = {}
    for index in range(len(shapes)):
        groups.setdefault(find(index), []).append(index)
    return [group for group in groups.values() if len(group) > 1]
