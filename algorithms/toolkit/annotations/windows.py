"""The window of an annotation in its slide, by the same rules as Core's crops."""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from algorithms.toolkit.annotations.base import Pixels
from algorithms.toolkit.errors import DataError
from algorithms.toolkit.geometry import mask_from_polygon
from algorithms.toolkit.slides import Slide

#: Side of the window around a point.
POINT = 100


def check_inside(geometry: BaseGeometry, size: tuple[int, int], name: str) -> None:
    """Refuse a geometry that has no pixel of its slide.

    Raises
    ------
    DataError
    """
    if geometry.is_empty:
        msg = f"{name} has an empty geometry: delete it, or draw it again"
        raise DataError(msg)
    left, top, right, bottom = geometry.bounds
    if right < 0 or bottom < 0 or left > size[0] or top > size[1]:
        msg = (
            f"{name} lies outside its image of {size[0]} x {size[1]} pixels (x {left:g} to {right:g}, y {top:g} to "
            f"{bottom:g} from the top): delete it, or leave its image out"
        )
        raise DataError(msg)


def crop_of(slide: Slide, geometry: BaseGeometry, zoom: int = 0, *, alpha: bool = False) -> Pixels:
    """Read the bounding box of a geometry (full-resolution pixels, origin top-left) at a zoom level.

    Parameters
    ----------
    alpha : bool
        Paint what lies outside the geometry white.

    Returns
    -------
    (height, width, 3) uint8
    """
    x, y, width, height = _window(geometry, (slide.width, slide.height))
    size = max(1, int(width / 2**zoom + 1e-6)), max(1, int(height / 2**zoom + 1e-6))
    pixels = slide.region(x, y, width, height, size)
    if alpha and geometry.area > 0:
        across, down = size[0] / width, size[1] / height
        moved = shapely.transform(geometry, lambda points: (points - (x, y)) * (across, down))
        pixels = np.where(mask_from_polygon(moved, 0, 0, *size)[:, :, None], pixels, np.uint8(255))
    return np.asarray(pixels, np.uint8)


def _window(geometry: BaseGeometry, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = geometry.bounds
    if geometry.geom_type == "Point":
        x, y, x1, y1 = math.floor(left) - POINT // 2, math.ceil(top) - POINT // 2, 0, 0
        x1, y1 = x + POINT, y + POINT
    else:
        x, y = math.floor(left), math.floor(top)
        x1, y1 = max(x + 1, math.ceil(right)), max(y + 1, math.ceil(bottom))
    x, y = min(max(x, 0), size[0] - 1), min(max(y, 0), size[1] - 1)
    return x, y, max(1, min(x1, size[0]) - x), max(1, min(y1, size[1]) - y)
