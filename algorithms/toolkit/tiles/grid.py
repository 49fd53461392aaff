"""Tiles with overlap that cover a rectangle, and the part of each that no neighbour shares."""

from __future__ import annotations

from typing import NamedTuple


class Tile(NamedTuple):
    """A window of a zoom level, in its pixels, and the part of it that is in no other tile."""

    x: int
    y: int
    width: int
    height: int
    #: left, top, right, bottom
    own: tuple[int, int, int, int]

    def with_margin(self, margin: int, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return the window (x, y, width, height) grown on all sides, as far as the level of this size goes."""
        left, top = max(0, self.x - margin), max(0, self.y - margin)
        right = min(size[0], self.x + self.width + margin)
        bottom = min(size[1], self.y + self.height + margin)
        return left, top, right - left, bottom - top


def tile_grid(width: int, height: int, side: int, overlap: int = 0) -> list[Tile]:
    """Cover a level with tiles, row by row.

    Parameters
    ----------
    width, height : int
        Size of the level, in pixels.
    side : int
        Side of the tiles; the last column and row are narrower where it does not divide.
    overlap : int
        Pixels that neighbours share, less than half the side.

    Examples
    --------
    >>> [(t.x, t.width, t.own[0], t.own[2]) for t in tile_grid(10, 4, side=4, overlap=1)]
    [(0, 4, 0, 3), (3, 4, 4, 6), (6, 4, 7, 10)]
    """
    if side < 1 or not 0 <= overlap <= side // 2:
        msg = f"tiles of {side} pixels can not overlap by {overlap}"
        raise ValueError(msg)
    columns, rows = _spans(width, side, overlap), _spans(height, side, overlap)
    return [
        Tile(x, y, right - x, bottom - y, (own_left, own_top, own_right, own_bottom))
        for y, bottom, own_top, own_bottom in rows
        for x, right, own_left, own_right in columns
    ]


def _spans(length: int, side: int, overlap: int) -> list[tuple[int, int, int, int]]:
    """Start, stop, and start and stop of the unshared part, of the tiles along one axis."""
    step = side - overlap
    starts = list(range(0, max(1, length - overlap), step))
    spans = []
    for start in starts:
        stop = min(start + side, length)
        own_start = start + overlap if start > 0 else 0
        own_stop = stop - overlap if stop < length else length
        spans.append((start, stop, own_start, own_stop))
    return spans
