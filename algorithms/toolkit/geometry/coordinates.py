"""The one place where y is turned over: slides have their origin top-left, Cytomine's annotations bottom-left."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

GeometryT = TypeVar("GeometryT", bound="BaseGeometry | NDArray[np.object_]")


def to_cytomine(geometry: GeometryT, height: int) -> GeometryT:
    """Turn a geometry in full-resolution pixels from origin top-left to origin bottom-left.

    Parameters
    ----------
    geometry : shapely geometry, or an array of them
    height : int
        Height of the slide at full resolution, in pixels.

    Examples
    --------
    >>> to_cytomine(shapely.Point(10, 20), height=100)
    <POINT (10 80)>
    """

    def flip(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([points[:, 0], height - points[:, 1]])

    shapes: Any = geometry
    flipped: Any = shapely.transform(shapes, flip)
    return cast("GeometryT", flipped)


def from_cytomine(geometry: GeometryT, height: int) -> GeometryT:
    """Turn a geometry from origin bottom-left to origin top-left: the flip is its own inverse."""
    return to_cytomine(geometry, height)
