"""Any geometry to valid polygons."""

from __future__ import annotations

import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry


def make_valid_polygons(geometry: BaseGeometry, min_area: float = 0) -> list[Polygon]:
    """Repair a geometry and return its polygons; points, lines and what is not larger than `min_area` fall away.

    Examples
    --------
    >>> bow_tie = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> [p.area for p in make_valid_polygons(bow_tie)]
    [1.0, 1.0]
    """
    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry)
    # collections may hold collections of their own
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return [part for part in parts if isinstance(part, Polygon) and part.area > min_area]
