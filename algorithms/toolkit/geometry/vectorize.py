"""Masks to polygons on pixel edges: areas are exact, and a mask drawn from its polygons is the mask again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

Offset = tuple[float, float]


def polygons_from_mask(
    mask: NDArray[np.bool_] | NDArray[np.uint8],
    offset: Offset = (0, 0),
    scale: float | tuple[float, float] = 1.0,
) -> list[Polygon]:
    """Outline the 4-connected regions of a mask, holes included, along the edges of pixels.

    Parameters
    ----------
    mask : (height, width) bool or uint8
        Non-zero is foreground.
    offset : (float, float)
        Position of the mask's corner (x, y), in pixels of the mask.
    scale : float or (float, float)
        Full-resolution pixels in a pixel of the mask, such as 2**zoom; horizontally and vertically where they differ.

    Returns
    -------
    list of Polygon
        Valid, in full-resolution pixels, origin top-left; in the order of their first pixel, row by row.

    Examples
    --------
    >>> ring = np.ones((3, 3), np.uint8); ring[1, 1] = 0
    >>> polygons_from_mask(ring, scale=2)[0].area
    32.0
    """
    import cv2

    _, labels = cv2.connectedComponents(np.ascontiguousarray(mask).astype(np.uint8), connectivity=4)
    return polygons_from_labels(np.asarray(labels, np.int32), offset, scale)[0]


def polygons_from_labels(
    labels: NDArray[np.int32], offset: Offset = (0, 0), scale: float | tuple[float, float] = 1.0
) -> tuple[list[Polygon], NDArray[np.int32]]:
    """Outline labelled regions, each of them 4-connected; 0 is background.

    Returns
    -------
    list of Polygon
        As `polygons_from_mask`.
    (n,) int32
        The label of each.
    """
    from algorithms.toolkit.geometry.trace import trace

    rings = trace(np.ascontiguousarray(labels))
    return rings.polygons(offset, scale), rings.owners[rings.areas > 0]
