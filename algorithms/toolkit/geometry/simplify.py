"""Fewer corners for large outlines (Douglas and Peucker, Cartographica 10(2), 1973), without breaking them."""

from __future__ import annotations

import shapely
from shapely import Polygon

#: The tolerance grows from here, in full-resolution pixels ...
FIRST_TOLERANCE = 0.25
#: ... until the outline is small enough, or this large.
LAST_TOLERANCE = 250.0


def simplify(polygon: Polygon, max_points: int) -> Polygon:
    """Drop corners until at most `max_points` a ring remain, as far as the outline stays valid.

    Examples
    --------
    >>> circle = shapely.Point(0, 0).buffer(100, quad_segs=1000)
    >>> shapely.get_num_coordinates(simplify(circle, 500)) <= 500
    True
    """
    limit = max_points * (1 + len(polygon.interiors))
    simpler, tolerance = polygon, FIRST_TOLERANCE
    while shapely.get_num_coordinates(simpler) > limit and tolerance <= LAST_TOLERANCE:
        candidate = shapely.simplify(polygon, tolerance, preserve_topology=True)
        if isinstance(candidate, Polygon) and candidate.is_valid and not candidate.is_empty:
            simpler = candidate
        tolerance *= 2
    return simpler
