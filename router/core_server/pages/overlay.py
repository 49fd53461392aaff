"""Annotation tiles: many shapes become one small picture, so a slide with 100,000 of them moves like an empty one.

Shapes smaller than a few screen pixels are painted as their boxes, all at once; only larger ones are read and traced.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from router.core_server.layers import Box
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
    left, top : float
        Slide pixels of the tile's corner; `top` counts down from the slide's upper border.
    slide_height : int
        Slide pixels.
    scale : float
        Screen pixels per slide pixel.
    width, height : int
        Size in screen pixels.
    """

    def __init__(self, left: float, top: float, slide_height: int, scale: float, width: int, height: int) -> None:
        self._left, self._top, self._slide_height, self._scale = left, top, slide_height, scale
        self._shape = (height, width)
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

    def small(self, box: Box) -> bool:
        """Whether a box is painted whole; a point has no size and is marked instead."""
        side = max(box.right - box.left, box.top - box.bottom) * self._scale
        return 0 < side < SMALL

    def paint_boxes(self, boxes: Sequence[Box], colours: Sequence[str]) -> None:
        """Paint small shapes as rectangles of at least one pixel."""
        by_colour: dict[str, list[Box]] = defaultdict(list)
        for box, colour in zip(boxes, colours, strict=True):
            by_colour[colour].append(box)
        height, width = self._shape
        for colour, group in by_colour.items():
            corners = np.array(
                [(b.left, b.right, self._slide_height - b.top, self._slide_height - b.bottom) for b in group]
            )
            corners[:, :2] -= self._left
            corners[:, 2:] -= self._top
            corners *= self._scale
            first = np.floor(corners[:, [0, 2]]).astype(int)
            last = np.maximum(np.ceil(corners[:, [1, 3]]).astype(int), first + 1)
            edge = self._plane(self._edges, colour)
            for dx in range(int(SMALL) + 1):
                for dy in range(int(SMALL) + 1):
                    x, y = first[:, 0] + dx, first[:, 1] + dy
                    inside = (x < last[:, 0]) & (y < last[:, 1]) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
                    edge[y[inside], x[inside]] = EDGE

    def trace(self, geometry: Geometry, colour: str) -> None:
        """Draw one shape with its holes, a line, or a point's mark."""
        import cv2
        import shapely

        fill, edge = self._plane(self._fills, colour), self._plane(self._edges, colour)
        for part in shapely.get_parts(geometry):
            dimension = int(shapely.get_dimensions(part))
            if dimension == 2:
                rings = [self._points(ring) for ring in (part.exterior, *part.interiors)]
                cv2.fillPoly(fill, rings, (FILL,), cv2.LINE_8, _SHIFT)
                cv2.polylines(edge, rings, True, (EDGE,), 2, cv2.LINE_AA, _SHIFT)
            elif dimension == 1:
                cv2.polylines(edge, [self._points(part)], False, (EDGE,), 2, cv2.LINE_AA, _SHIFT)
            else:
                x, y = self._points(part)[0, 0]
                centre, radius = (int(x), int(y)), POINT << _SHIFT
                cv2.circle(fill, centre, radius, (160,), -1, cv2.LINE_AA, _SHIFT)
                cv2.circle(edge, centre, radius, (EDGE,), 2, cv2.LINE_AA, _SHIFT)

    def png(self) -> bytes:
        """Return the picture, transparent where nothing is."""
        import cv2

        colour = np.zeros((*self._shape, 3), np.float32)
        alpha = np.zeros(self._shape, np.float32)
        for planes in (self._fills, self._edges):
            for name, plane in planes.items():
                above = plane.astype(np.float32) / 255
                below = alpha * (1 - above)
                alpha_now = above + below
                safe = np.maximum(alpha_now, 1e-6)[..., None]
                red, green, blue = rgb(name)
                paint = np.array([blue, green, red], np.float32)
                colour = (paint * above[..., None] + colour * below[..., None]) / safe
                alpha = alpha_now
        picture = np.dstack([colour, alpha * 255]).round().astype(np.uint8)
        done, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 3])
        if not done:
            raise ValueError("OpenCV could not write the annotation tile as PNG")
        return bytes(data)

    def _plane(self, planes: dict[str, NDArray[np.uint8]], colour: str) -> NDArray[np.uint8]:
        if colour not in planes:
            planes[colour] = np.zeros(self._shape, np.uint8)
        return planes[colour]

    def _points(self, ring: Geometry) -> NDArray[np.int32]:
        import shapely

        xy = shapely.get_coordinates(ring)
        x = (xy[:, 0] - self._left) * self._scale
        y = (self._slide_height - xy[:, 1] - self._top) * self._scale
        # OpenCV counts from the centre of the first pixel
        points = np.stack([x, y], axis=1) - 0.5
        rounded: NDArray[np.int32] = np.round(points * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)
        return rounded


def draw(tile: Tile, boxes: Sequence[Box], colours: Mapping[int, str], wkb: Mapping[int, bytes]) -> bytes:
    """Return the PNG of all `boxes`: colours by annotation, and the WKB of those that are not small."""
    import shapely

    small = [box for box in boxes if tile.small(box)]
    tile.paint_boxes(small, [colours[box.id] for box in small])
    large = sorted(wkb)
    # cut at the window, so that no coordinate leaves OpenCV's range; the window's border lies outside the picture
    parts = shapely.clip_by_rect(shapely.from_wkb([wkb[ident] for ident in large]), *tile.window)
    for ident, geometry in zip(large, parts, strict=True):
        tile.trace(geometry, colours[ident])
    return tile.png()
