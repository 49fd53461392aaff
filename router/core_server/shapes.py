"""BaseGeometry of annotations: reading WKT, cutting at the image's border, measuring. Whole arrays at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from router.core_server.errors import WrongArgument

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

#: Longest WKT taken for one shape, characters (about 100,000 vertices).
MAX_WKT = 4_000_000


@dataclass(frozen=True)
class Shapes:
    """Checked shapes and their measures, one row each; `problems` holds a text where a shape is refused."""

    geometries: NDArray[Any]
    wkb: NDArray[Any]
    bounds: NDArray[np.float64]
    area: NDArray[np.float64]
    perimeter: NDArray[np.float64]
    centroid: NDArray[np.float64]
    problems: list[str | None]


def read_one(text: object) -> BaseGeometry:
    """Return the geometry of a WKT text from a query.

    Raises
    ------
    WrongArgument
        When it is none.
    """
    if not isinstance(text, str) or len(text) > MAX_WKT:
        raise WrongArgument("geometry must be a WKT text")
    geometry = shapely.from_wkt(text, on_invalid="ignore")
    if geometry is None or geometry.is_empty or not np.isfinite(geometry.bounds).all():
        msg = f"geometry is no valid WKT: {text[:80]!r}"
        raise WrongArgument(msg)
    return shapely.force_2d(geometry)


def box_of(text: str) -> BaseGeometry:
    """Return the geometry of a bounding box: WKT or `minx,miny,maxx,maxy`."""
    parts = text.split(",")
    if len(parts) == 4 and "(" not in text:
        try:
            left, bottom, right, top = (float(part) for part in parts)
        except ValueError:
            msg = f"bbox must be four numbers or WKT, not {text[:80]!r}"
            raise WrongArgument(msg) from None
        if not np.isfinite([left, bottom, right, top]).all():
            msg = f"bbox must be four finite numbers, not {text[:80]!r}"
            raise WrongArgument(msg)
        return shapely.box(min(left, right), min(bottom, top), max(left, right), max(bottom, top))
    return read_one(text)


def check(texts: Sequence[object], sizes: Sequence[tuple[int | None, int | None]]) -> Shapes:
    """Read WKT texts, cut them at their images' borders and measure them.

    Parameters
    ----------
    texts : sequence of object
        What the bodies hold as `location`.
    sizes : sequence of (width, height)
        Size of each shape's image, pixels; None where unknown.

    Returns
    -------
    Shapes
        A row for each text; refused ones carry a problem and meaningless measures.
    """
    usable = [text if isinstance(text, str) and 0 < len(text) <= MAX_WKT else None for text in texts]
    geometries = np.asarray(shapely.from_wkt(np.array(usable, dtype=object), on_invalid="ignore"), dtype=object)
    problems: list[str | None] = [None] * len(texts)
    _refuse(
        problems, shapely.is_missing(geometries) | shapely.is_empty(geometries), "Annotation location is not valid WKT"
    )
    geometries = shapely.force_2d(geometries)
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(shapely.bounds(geometries)).all(axis=1)
        _refuse(problems, ~finite, "Annotation location holds coordinates that are no finite numbers")
        geometries[~finite] = None
        _refuse(problems, ~shapely.is_valid(geometries), "Annotation location is not valid: the shape crosses itself")
    geometries = _cut(geometries, sizes)
    empty = shapely.is_empty(geometries)
    _refuse(problems, empty, "Annotation location does not intersect its image")
    # an empty point has no coordinates to ask for
    geometries[empty] = None
    bounds = shapely.bounds(geometries)
    area = shapely.area(geometries)
    _refuse(problems, (shapely.get_dimensions(geometries) == 2) & (area <= 0), "Annotation has no area")
    centres = shapely.centroid(geometries)
    centroid = np.stack([shapely.get_x(centres), shapely.get_y(centres)], axis=1)
    return Shapes(geometries, shapely.to_wkb(geometries), bounds, area, shapely.length(geometries), centroid, problems)


def _refuse(problems: list[str | None], wrong: NDArray[np.bool_] | np.bool_, reason: str) -> None:
    for index in np.flatnonzero(wrong).tolist():
        problems[index] = problems[index] or reason


def _cut(geometries: NDArray[Any], sizes: Sequence[tuple[int | None, int | None]]) -> NDArray[Any]:
    borders = np.array([(w or np.inf, h or np.inf) for w, h in sizes], dtype=float).reshape(-1, 2)
    bounds = shapely.bounds(geometries)
    with np.errstate(invalid="ignore"):
        outside = (bounds[:, :2] < 0).any(axis=1) | (bounds[:, 2:] > borders).any(axis=1)
    for index in np.flatnonzero(outside & shapely.is_valid(geometries)).tolist():
        width, height = sizes[index]
        if width and height:
            geometries[index] = _largest_dimension(
                shapely.intersection(geometries[index], shapely.box(0, 0, width, height)),
                int(shapely.get_dimensions(geometries[index])),
            )
    return geometries


def _largest_dimension(geometry: BaseGeometry, dimension: int) -> BaseGeometry:
    """Drop the points and lines that cutting a polygon may leave; empty when nothing else is left."""
    parts = [part for part in shapely.get_parts(geometry) if shapely.get_dimensions(part) == dimension]
    if not parts:
        return shapely.Point()
    return parts[0] if len(parts) == 1 else shapely.union_all(parts)


def to_wkt(wkb: Sequence[bytes]) -> list[str]:
    """Return WKT with every digit that the coordinates have."""
    if not wkb:
        return []
    geometries = shapely.from_wkb(np.array(wkb, dtype=object))
    return list(shapely.to_wkt(geometries, rounding_precision=-1, trim=True))
