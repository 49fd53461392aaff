"""Geometries to masks, by the rule of pixel centres."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry


def mask_from_polygon(  # noqa: PLR0917 - a window is read as x, y, width, height everywhere
    geometry: BaseGeometry, x: int, y: int, width: int, height: int, scale: float = 1.0
) -> NDArray[np.bool_]:
    """Draw polygons, with their holes, into a window: a pixel is inside when its centre is.

    Parameters
    ----------
    geometry : Polygon, MultiPolygon or a collection that holds some
        In full-resolution pixels, origin top-left. Points and lines have no inside and draw nothing.
    x, y, width, height : int
        The window, in pixels of `scale` full-resolution pixels.
    scale : float
        Such as 2**zoom.

    Returns
    -------
    (height, width) bool

    Examples
    --------
    >>> mask_from_polygon(shapely.box(1, 0, 3, 1), 0, 0, 4, 2).astype(int)
    array([[0, 1, 1, 0],
           [0, 0, 0, 0]])
    """
    starts, ends = _edges(geometry)
    origin = np.array([x, y], np.float64)
    starts, ends = starts / scale - origin, ends / scale - origin
    # A row crosses the edges whose ends lie on both sides of its centre; half open, so a shared corner counts once.
    low = np.minimum(starts[:, 1], ends[:, 1])
    high = np.maximum(starts[:, 1], ends[:, 1])
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64)
    counts = np.maximum(last - first, 0)
    edge = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    run, rise = ends[edge, 0] - starts[edge, 0], ends[edge, 1] - starts[edge, 1]
    crossing = starts[edge, 0] + (row + 0.5 - starts[edge, 1]) * run / rise
    column = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.int64)
    # Each crossing turns inside to outside from its pixel on.
    turns = np.bincount(row * (width + 1) + column, minlength=height * (width + 1))
    parity = np.cumsum(turns.reshape(height, width + 1)[:, :width], axis=1) & 1
    return parity.astype(np.bool_)


def _edges(geometry: BaseGeometry) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start and end points of the edges of all rings."""
    parts = shapely.get_parts(shapely.get_parts(geometry))
    areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    rings = shapely.get_rings(areas)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    return points[:-1][same], points[1:][same]
