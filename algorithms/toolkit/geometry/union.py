"""Union of polygons that touch, such as the pieces of objects cut by tiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, STRtree

from algorithms.toolkit.geometry.validity import make_valid_polygons


def union_touching(polygons: Sequence[Polygon], distance: float = 0, min_length: float = 0) -> list[Polygon]:
    """Merge groups of polygons that touch or overlap: a spatial index, connected components, one union a group.

    Parameters
    ----------
    polygons : sequence of Polygon
        Valid polygons, in any units.
    distance : float
        Polygons up to this far apart are merged too; the gap between them is closed.
    min_length : float
        Polygons are merged when their intersection (after each grew by half the distance) is longer than this: the
        length of the shared edge, or the perimeter of a shared area. With 0, sharing a single corner is not enough.

    Returns
    -------
    list of Polygon
        In the order of the first member of each group; polygons that touch nothing are returned untouched.

    Examples
    --------
    >>> [p.area for p in union_touching([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 5, 6, 6)])]
    [2.0, 1.0]
    """
    shapes = np.asarray(polygons, dtype=object)
    if len(shapes) < 2:
        return list(polygons)
    grown = shapely.buffer(shapes, distance / 2, join_style="mitre") if distance > 0 else shapes
    tree = STRtree(grown)
    first, second = tree.query(grown, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    shared = shapely.length(shapely.intersection(grown[first], grown[second]))
    enough = shared > min_length
    groups = connected_components(len(shapes), first[enough], second[enough])
    return _merge(shapes, groups, distance)


def connected_components(count: int, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """Group `count` things joined in pairs: the smallest member of the group of each.

    >>> connected_components(4, np.array([1, 2]), np.array([2, 3]))
    array([0, 1, 1, 1])
    """
    root = np.arange(count)
    while len(first):
        low, high = np.minimum(root[first], root[second]), np.maximum(root[first], root[second])
        apart = low != high
        first, second, low, high = first[apart], second[apart], low[apart], high[apart]
        np.minimum.at(root, high, low)
        while True:  # every member points to the root at once
            above = root[root]
            if np.array_equal(above, root):
                break
            root = above
    return root


def _merge(shapes: NDArray[np.object_], groups: NDArray[np.intp], distance: float) -> list[Polygon]:
    order = np.argsort(groups, kind="stable")
    _, begins = np.unique(groups[order], return_index=True)
    merged: list[Polygon] = []
    for members in np.split(order, begins[1:]):
        if len(members) == 1:
            merged.append(shapes[members[0]])
            continue
        if distance > 0:
            grown = shapely.union_all(shapely.buffer(shapes[members], distance / 2, join_style="mitre"))
            closed = shapely.buffer(grown, -distance / 2, join_style="mitre")
            # closing never takes away: narrow parts that the shrinking would lose stay
            whole = shapely.union_all([*shapes[members], closed])
        else:
            whole = shapely.union_all(shapes[members])
        merged.extend(make_valid_polygons(whole))
    return merged
