"""Where the tissue of a slide is, so that tiles of bare glass are not read at all.

Pixels of a thumbnail that differ from the glass, whose colour is the most frequent bright one, are told from it by
Otsu's level; pixels that were never scanned are no tissue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.slides import Slide
from algorithms.toolkit.tiles.grid import Tile
from algorithms.toolkit.tiles.sampling import background_level

#: Least difference from the glass, in grey levels, below which a slide is bare.
CONTRAST = 10
#: Pixels of the thumbnail by which tissue is widened: its rim is blurred away there.
RIM = 2


@dataclass(frozen=True, eq=False)
class TissueMask:
    """Tissue at the resolution of a thumbnail.

    Attributes
    ----------
    mask : ndarray of bool, (h, w)
    size : (int, int)
        Width and height of the slide at full resolution.
    """

    mask: NDArray[np.bool_]
    size: tuple[int, int]
    _sums: NDArray[np.int64]

    @classmethod
    def of(cls, mask: NDArray[np.bool_], size: tuple[int, int]) -> TissueMask:
        """Make one of a mask."""
        sums = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int64)
        sums[1:, 1:] = mask.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
        return cls(mask, size, sums)

    @property
    def share(self) -> float:
        """Part of the slide that is tissue."""
        return float(self.mask.mean())

    def within(self, x: float, y: float, width: float, height: float) -> float:
        """Return the part of a rectangle, in full-resolution pixels, that is tissue, 0 to 1; 0 outside the slide."""
        rows, columns = self.mask.shape
        across, down = columns / self.size[0], rows / self.size[1]
        left, right = _span(x * across, (x + width) * across, columns)
        top, bottom = _span(y * down, (y + height) * down, rows)
        if right <= left or bottom <= top:
            return 0.0
        sums = self._sums
        inside = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
        return float(inside) / ((right - left) * (bottom - top))

    def tiles(self, grid: Iterable[Tile], zoom: int, least: float = 0.0) -> Iterator[Tile]:
        """Yield the tiles of a zoom level with more than the share `least` of tissue; with 0, those with any."""
        scale = 1 << zoom
        for tile in grid:
            if self.within(tile.x * scale, tile.y * scale, tile.width * scale, tile.height * scale) > least:
                yield tile


def find_tissue(slide: Slide, max_size: int = 1024) -> TissueMask:
    """Find the tissue of a slide on a thumbnail.

    Parameters
    ----------
    slide : Slide
    max_size : int
        Longest side of the thumbnail, in pixels.

    Raises
    ------
    SlideError
        When the slide cannot be read.
    """
    import cv2

    thumbnail = slide.thumbnail_with_alpha(max_size)
    scanned = thumbnail[..., 3] > 0 if thumbnail.shape[2] == 4 else np.ones(thumbnail.shape[:2], bool)
    colour = thumbnail[..., :3]
    glass = np.array(
        [background_level(np.bincount(colour[..., channel][scanned], minlength=256), 127) for channel in range(3)]
    )
    gap = np.abs(colour.astype(np.int16) - glass).max(axis=2).astype(np.uint8)
    gap[~scanned] = 0
    level, _ = cv2.threshold(gap[scanned].reshape(1, -1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    mask = (gap > max(level, CONTRAST)).astype(np.uint8)
    side = 2 * RIM + 1
    mask = cv2.dilate(cv2.medianBlur(mask, 3), np.ones((side, side), np.uint8))
    return TissueMask.of(mask.astype(bool) & scanned, (slide.width, slide.height))


def _span(start: float, stop: float, length: int) -> tuple[int, int]:
    """Whole cells that a stretch touches, inside 0 to `length`."""
    first, last = int(np.floor(start + 1e-9)), int(np.ceil(stop - 1e-9))
    return max(0, first), min(length, max(last, first + 1))
