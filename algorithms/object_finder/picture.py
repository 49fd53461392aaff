"""Outlines drawn over the thumbnail of a slide."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

#: Longest side of the picture; blue is the colour that neither tissue nor stains have.
SIZE, COLOUR = 1600, (0, 70, 255)


def draw_outlines(
    thumbnail: NDArray[np.uint8], polygons: Iterable[Polygon], width: int, colour: tuple[int, int, int] = COLOUR
) -> NDArray[np.uint8]:
    """Draw outlines and holes.

    Parameters
    ----------
    thumbnail : (height, width, 3) uint8
    polygons : iterable of Polygon
        In full-resolution pixels, origin top-left.
    width : int
        Width of the slide at full resolution.
    colour : (int, int, int)
        Red, green, blue.
    """
    picture = thumbnail.copy()
    scale = picture.shape[1] / width * 16  # sixteenths of a pixel
    lines = [
        np.rint(shapely.get_coordinates(ring) * scale).astype(np.int32)
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    thickness = 2 if len(lines) < 500 else 1
    cv2.polylines(picture, lines, isClosed=True, color=colour, thickness=thickness, lineType=cv2.LINE_AA, shift=4)
    return picture


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write RGB pixels as PNG."""
    from PIL import Image

    Image.fromarray(pixels).save(path, format="PNG")
