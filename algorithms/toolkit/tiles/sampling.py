"""What a few windows, spread evenly over a zoom level, say about all of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

#: Side and greatest number of the sampled windows: 4 million pixels.
SIDE, COUNT = 256, 64

ReadGrey = Callable[[int, int, int, int], NDArray[np.uint8]]


def grey_histogram(read: ReadGrey, size: tuple[int, int]) -> NDArray[np.int64]:
    """Count the grey levels of a level, from windows that do not depend on any tile size.

    Parameters
    ----------
    read : callable
        x, y, width, height to (height, width) uint8.
    size : (int, int)
        Width and height of the level.

    Returns
    -------
    (256,) int64
    """
    columns, rows = -(-size[0] // SIDE), -(-size[1] // SIDE)
    windows = columns * rows
    chosen = np.unique(np.linspace(0, windows - 1, min(windows, COUNT)).astype(int))
    histogram = np.zeros(256, np.int64)
    for index in chosen:
        y, x = divmod(int(index), columns)
        width, height = min(SIDE, size[0] - x * SIDE), min(SIDE, size[1] - y * SIDE)
        histogram += np.bincount(read(x * SIDE, y * SIDE, width, height).ravel(), minlength=256)
    return histogram


def background_level(histogram: NDArray[np.int64], level: int) -> int:
    """Grey of the bright background: the most frequent one above a level, after smoothing over five levels.

    >>> background_level(np.bincount([10, 11, 240, 240, 241, 230], minlength=256), 12)
    240
    """
    smooth = np.convolve(histogram, [1, 2, 3, 2, 1], mode="same")
    smooth[: level + 1] = 0
    return int(smooth.argmax()) if smooth.any() else 255
