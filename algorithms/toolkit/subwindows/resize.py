"""Compiled crop and resize of a window: Pillow's result to the bit.

The image is held as columns (channel, x, y): the horizontal pass then adds whole columns, eight values at a time, and
the vertical pass adds whole rows of the narrow result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.subwindows.filters import PRECISION, taps, weigh

Array = NDArray[Any]

_HALF = 1 << (PRECISION - 1)


class Table(NamedTuple):
    """Weights of one pass: see `filters.weigh`."""

    first: Array
    number: Array
    weights: Array


@kernel
def columns_of(image: Array, columns: Array) -> None:
    """Copy an image (H, W, 3) into `columns` (3, W, H), eight rows at a time."""
    height, width = image.shape[0], image.shape[1]
    for top in range(0, height, 8):
        bottom = min(top + 8, height)
        for x in range(width):
            for y in range(top, bottom):
                columns[0, x, y] = image[y, x, 0]
                columns[1, x, y] = image[y, x, 1]
                columns[2, x, y] = image[y, x, 2]


@kernel
def make_table(kind: int, n_in: int, n_out: int) -> Table:
    """Return the weights to make `n_out` pixels of `n_in`."""
    first, count = np.empty(n_out, np.int64), np.empty(n_out, np.int64)
    weights = np.empty((n_out, taps(kind, n_in, n_out)), np.int32)
    weigh(kind, n_in, n_out, first, count, weights)
    return Table(first, count, weights)


@kernel
def _sum(total: Array, lines: Array, begin: int, number: int, weights: Array, low: int, high: int) -> None:
    """Set `total` (int32) to the weighted sum of ``lines[begin : begin + number, low:high]``, four lines a turn."""
    total[:] = np.int32(_HALF)
    for k in range(0, number - 3, 4):
        a, b = lines[begin + k, low:high], lines[begin + k + 1, low:high]
        c, d = lines[begin + k + 2, low:high], lines[begin + k + 3, low:high]
        p, q, r, s = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for j in range(len(total)):
            total[j] += np.int32(p * np.int32(a[j]) + q * np.int32(b[j]) + r * np.int32(c[j]) + s * np.int32(d[j]))
    for k in range(number - number % 4, number):
        a, p = lines[begin + k, low:high], weights[k]
        for j in range(len(total)):
            total[j] += np.int32(p * np.int32(a[j]))


@kernel
def _level(total: Any) -> Any:
    """Return a sum as a grey level."""
    return np.uint8(min(max(total >> PRECISION, 0), 255))


@kernel
def narrow(columns: Array, x0: int, y0: int, height: int, table: Table, total: Array, out: Array) -> None:
    """Horizontal pass: write ``out[y, channel * width + x]`` for `height` rows from (x0, y0) of the image."""
    width = len(table.first)
    sums = total[:height]
    for channel in range(3):
        for x in range(width):
            _sum(sums, columns[channel], x0 + table.first[x], table.number[x], table.weights[x], y0, y0 + height)
            place = channel * width + x
            for y in range(height):
                out[y, place] = _level(sums[y])


@kernel
def shorten(rows: Array, table: Table, total: Array, out: Array) -> None:
    """Vertical pass: write ``out[y, channel * width + x]`` from `rows` of the same order."""
    width = rows.shape[1]
    sums = total[:width]
    for y in range(len(table.first)):
        _sum(sums, rows, table.first[y], table.number[y], table.weights[y], 0, width)
        for place in range(width):
            out[y, place] = _level(sums[place])
