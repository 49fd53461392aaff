"""One image as all landmarks see it: 8-bit z-scores of its grey at D resolutions, shared by all terms.

Grey is 0.2989 R + 0.587 G + 0.114 B. A z-score of 0 is `MEAN`, one standard deviation is `STEPS` values; what lies
outside the image is `MEAN` too, so nothing has to be padded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.slides import Slide

Grey = NDArray[np.uint8]

#: Value of the mean grey, and values a standard deviation.
MEAN, STEPS = 128, 24.0
#: Pixels that are read from a slide at a time.
BAND = 1 << 22


class Levels(NamedTuple):
    """The arrays of a `Pyramid`, as kernels take them."""

    pixels: Grey
    integral: NDArray[np.int64]
    planes: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Levels 2^0 to 2^-(D-1) of an image in one buffer.

    Attributes
    ----------
    pixels : ndarray of uint8
        All levels one after another.
    integral : ndarray of int64
        Sums of the values less `MEAN` above and left of every pixel, (h + 1) * (w + 1) a level; empty when not needed.
    planes : ndarray of int64, (D, 4)
        Start in `pixels`, width, height, start in `integral`, of every level.
    """

    pixels: Grey
    integral: NDArray[np.int64]
    planes: NDArray[np.int64]

    @property
    def levels(self) -> Levels:
        """The arrays, for a kernel."""
        return Levels(self.pixels, self.integral, self.planes)

    @property
    def width(self) -> int:
        """Width of level 0 in pixels."""
        return int(self.planes[0, 1])

    @property
    def height(self) -> int:
        """Height of level 0 in pixels."""
        return int(self.planes[0, 2])


def build_pyramid(scores: Grey, depth: int, *, integral: bool = False) -> Pyramid:
    """Down-sample z-scores (H, W) by 2^1 to 2^(depth - 1), by area."""
    height, width = scores.shape
    sizes = [(max(1, width >> level), max(1, height >> level)) for level in range(depth)]
    levels = [scores, *(cv2.resize(scores, size, interpolation=cv2.INTER_AREA) for size in sizes[1:])]
    sums = [_integral(np.asarray(level, np.uint8)) for level in levels] if integral else []
    starts = np.cumsum([0, *(w * h for w, h in sizes)])[:-1]
    places = np.cumsum([0, *((w + 1) * (h + 1) for w, h in sizes)])[:-1]
    planes = np.array([[s, w, h, p] for s, (w, h), p in zip(starts, sizes, places, strict=True)], np.int64)
    empty = np.zeros(1, np.int64)
    return Pyramid(np.concatenate([level.ravel() for level in levels]), np.concatenate(sums) if sums else empty, planes)


def grey_of(pixels: NDArray[np.uint8]) -> Grey:
    """Return the luminance of RGB pixels (H, W, 3); grey ones (H, W) are returned as they are."""
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[:, :, :3]), cv2.COLOR_RGB2GRAY), np.uint8)


def z_scores(grey: Grey) -> Grey:
    """Return 8-bit z-scores over the whole image."""
    counts = np.bincount(grey.ravel(), minlength=256)
    values = np.arange(256)
    mean = float((counts * values).sum() / grey.size)
    spread = float(np.sqrt((counts * (values - mean) ** 2).sum() / grey.size)) or 1.0
    table = np.clip(np.rint(MEAN + (values - mean) * (STEPS / spread)), 0, 255).astype(np.uint8)
    return np.asarray(table[grey], np.uint8)


def read_scores(slide: Slide, zoom: int, budget: int) -> Grey:
    """Read a zoom level band by band, as 8-bit z-scores.

    Raises
    ------
    ParameterError
        When the level does not fit into the memory budget (bytes).
    """
    width, height = slide.zoom_size(zoom)
    # grey, scores, pyramid, and a rotated copy of it
    if 4 * width * height > budget:
        msg = (
            f"cytomine_zoom_level: {slide.name} has {width} x {height} pixels at zoom level {zoom}, more than the "
            f"memory budget of {budget >> 20} MB allows; choose a higher zoom level, or a larger memory_budget"
        )
        raise ParameterError(msg)
    grey = np.empty((height, width), np.uint8)
    rows = max(1, BAND // width)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        grey[top : top + count] = grey_of(slide.read(0, top, width, count, zoom))
    return z_scores(grey)


def resized(scores: Grey, delta: float) -> Grey:
    """Down-sample z-scores (H, W) by area to delta times their size."""
    if delta == 1:
        return scores
    size = max(1, round(scores.shape[1] * delta)), max(1, round(scores.shape[0] * delta))
    return np.asarray(cv2.resize(scores, size, interpolation=cv2.INTER_AREA), np.uint8)


def rotated(scores: Grey, points: NDArray[np.float64], degrees: float) -> tuple[Grey, NDArray[np.float64]]:
    """Turn an image and its points (n, 2) about its centre, on a canvas that holds all of it."""
    height, width = scores.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    across, along = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(width * across + height * along), round(width * along + height * across)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(scores, matrix, size, flags=cv2.INTER_CUBIC, borderValue=(MEAN,))
    return np.asarray(turned, np.uint8), points @ matrix[:, :2].T + matrix[:, 2]


def _integral(level: Grey) -> NDArray[np.int64]:
    height, width = level.shape
    sums = np.zeros((height + 1, width + 1), np.int64)
    np.cumsum(np.cumsum(level.astype(np.int64) - MEAN, axis=0), axis=1, out=sums[1:, 1:])
    return sums.ravel()
