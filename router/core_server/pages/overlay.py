"""Annotation tiles: many shapes become one small picture, so a slide with 100,000 of them moves like an empty one.

Shapes smaller than a few screen pixels are painted as their boxes, all at once; only larger ones are read and traced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from router.core_server.pages.shades import rgb

if TYPE_CHECKING:
    from shapely import Geometry

#: Side of an annotation tile, screen pixels.
TILE = 512
#: Boxes below this side (screen pixels) are painted whole.
SMALL = 4.0
#: Radius of a point's mark, screen pixels.
POINT = 5
FILL, EDGE = 70, 235
#: Binary places of a pixel that OpenCV draws with.
_SHIFT = 4


class Tile:
    """An empty picture over a part of the slide.

    Parameters
    ----------
    corner : (float, float)
        Slide pixels of the tile's upper left corner, counted right and down from the slide's.
    slide_height : int
        Slide pixels.
    scale : float
        Screen pixels per slide pixel.
    size : (int, int)
        Width and height in screen pixels.
    """

    def __init__(self, corner: tuple[float, float], slide_height: int, scale: float, size: tuple[int, int]) -> None:
        self._left, self._top = corner
        self._slide_height, self._scale = slide_height, scale
        self._shape = (size[1], size[0])
        self._fills: dict[str, NDArray[np.uint8]] = {}
        self._edges: dict[str, NDArray[np.uint8]] = {}

    @property
    def window(self) -> tuple[float, float, float, float]:
        """Return left, bottom, right and top in slide pixels, y up, with room for marks that stick in."""
        height, width = self._shape
        room = (POINT + 2) / self._scale
        high = self._slide_height - self._top
        return (
            self._left - room,
            high - height / self._scale - room,
            self._left + width / self._scale + room,
            high + room,
        )

    def small(self, edges: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which boxes (left, right, bottom, top) are painted whole; points have no size and are marked."""
        side = np.maximum(edges[:, 1] - edges[:, 0], edges[:, 3] - edges[:, 2]) * self._scale
        whole: NDArray[np.bool_] = (side > 0) & (side < SMALL)
        return whole

    def paint_boxes(self, edges: NDArray[np.float64], colour: str) -> None:
        """Paint small shapes of one colour as rectangles of at least one pixel."""
        height, width = self._shape
        x = (edges[:, :2] - self._left) * self._scale
        y = (self._slide_height - edges[:, [3, 2]] - self._top) * self._scale
        first = np.floor(np.stack([x[:, 0], y[:, 0]])).astype(np.int64)
        last = np.maximum(np.ceil(np.stack([x[:, 1], y[:, 1]])).astype(np.int64), first + 1)
        plane = self._plane(self._edges, colour)
        across, down = (last - first).max(axis=1, initial=0)
        for dx in range(across):
            for dy in range(down):
                column, row = first[0] + dx, first[1] + dy
                inside = (column < last[0]) & (row < last[1]) & (column >= 0) & (row >= 0)
                inside &= (column < width) & (row < height)
                plane[row[inside], column[inside]] = EDGE

    def trace(self, geometries: Sequence[Geometry] | NDArray[Any], colour: str) -> None:
        """Draw shapes of one colour: polygons with their holes, lines, and marks for points."""
        import cv2
        import shapely

        fill, edge = self._plane(self._fills, colour), self._plane(self._edges, colour)
        parts = shapely.get_parts(geometries)
        dimension = shapely.get_dimensions(parts)
        rings, owner = shapely.get_rings(parts[dimension == 2], return_index=True)
        outlines = self._points(rings)
        for group in np.split(np.arange(len(owner)), np.flatnonzero(np.diff(owner)) + 1):
            cv2.fillPoly(fill, [outlines[index] for index in group], (FILL,), cv2.LINE_8, _SHIFT)
        lines = self._points(parts[dimension == 1])
        for closed, drawn in ((True, outlines), (False, lines)):
            cv2.polylines(edge, drawn, isClosed=closed, color=(EDGE,), thickness=2, lineType=cv2.LINE_AA, shift=_SHIFT)
        for spot in self._points(parts[dimension == 0]):
            centre, radius = (int(spot[0, 0, 0]), int(spot[0, 0, 1])), POINT << _SHIFT
            cv2.circle(fill, centre, radius, (2 * FILL,), -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(edge, centre, radius, (EDGE,), 2, cv2.LINE_AA, _SHIFT)

    def png(self) -> bytes:
        """Return the picture, transparent where nothing is."""
        import cv2

        colour: NDArray[np.float32] = np.zeros((*self._shape, 3), np.float32)
        alpha: NDArray[np.float32] = np.zeros(self._shape, np.float32)
        for planes in (self._fills, self._edges):
            for name, plane in planes.items():
                above = plane.astype(np.float32) / np.float32(255)
                below = alpha * (1 - above)
                alpha = above + below
                red, green, blue = rgb(name)
                paint = np.array([blue, green, red], np.float32)
                mixed = paint * above[..., None] + colour * below[..., None]
                colour = (mixed / np.maximum(alpha, np.float32(1e-6))[..., None]).astype(np.float32)
        picture = np.dstack([colour, alpha * 255]).round().astype(np.uint8)
        done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if not done:
            raise ValueError("OpenCV could not write the annotation tile as PNG")
        return bytes(data)

    def _plane(self, planes: dict[str, NDArray[np.uint8]], colour: str) -> NDArray[np.uint8]:
        if colour not in planes:
            planes[colour] = np.zeros(self._shape, np.uint8)
        return planes[colour]

    def _points(self, lines: NDArray[Any]) -> list[NDArray[np.int32]]:
        """Return the corners of each line in OpenCV's units and shape, all computed at once."""
        import shapely

        if not len(lines):
            return []
        xy, owner = shapely.get_coordinates(lines, return_index=True)
        x = (xy[:, 0] - self._left) * self._scale
        y = (self._slide_height - xy[:, 1] - self._top) * self._scale
        # OpenCV counts from the centre of the first pixel
        points = np.round((np.stack([x, y], axis=1) - 0.5) * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)
        return np.split(points, np.flatnonzero(np.diff(owner)) + 1)
