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
    weights = np.zeros((n_out, taps(kind, n_in, n_out) + 3), np.int32)
    weigh(kind, n_in, n_out, first, count, weights)
    return Table(first, count, weights)


@kernel
def _sum(total: Array, size: int, values: Array, start: int, step: int, number: int, weights: Array, row: int) -> None:
    """Set ``total[:size]`` (int32) to the weighted sum of `number` lines of flat `values`, four lines a turn.

    Line k begins at ``start + k * step``. The last turn may take the last line several times: weights past `number` are
    zero. Nothing is sliced in here: slices count references, which costs more than the sums.
    """
    for j in range(size):
        total[j] = np.int32(_HALF)
    last = number - 1
    for k in range(0, number, 4):
        a, b = np.uint64(start + k * step), np.uint64(start + min(k + 1, last) * step)
        c, d = np.uint64(start + min(k + 2, last) * step), np.uint64(start + min(k + 3, last) * step)
        p, q, r, s = weights[row, k], weights[row, k + 1], weights[row, k + 2], weights[row, k + 3]
        for j in range(size):
            i = np.uint64(j)
            total[i] += np.int32(
                p * np.int32(values[a + i])
                + q * np.int32(values[b + i])
                + r * np.int32(values[c + i])
                + s * np.int32(values[d + i])
            )


@kernel
def _level(total: Any) -> Any:
    """Return a sum as a grey level."""
    return np.uint8(min(max(total >> PRECISION, 0), 255))


@kernel
def narrow(
    columns: Array, image_width: int, image_height: int, box: Array, table: Table, total: Array, out: Array
) -> None:
    """Horizontal pass over the window `box`: write flat ``out[(y * 3 + channel) * width + x]``.

    Parameters
    ----------
    columns : ndarray of uint8, (3 * W * H,)
    """
    width, height = len(table.first), box[3] - box[1]
    for channel in range(3):
        for x in range(width):
            start = (channel * image_width + box[0] + table.first[x]) * image_height + box[1]
            _sum(total, height, columns, start, image_height, table.number[x], table.weights, x)
            place = channel * width + x
            for y in range(height):
                out[np.uint64(y * 3 * width + place)] = _level(total[y])


@kernel
def shorten(rows: Array, table: Table, total: Array, out: Array) -> None:
    """Vertical pass: write planes `out` (3, h, w) from the flat rows of `narrow`."""
    width = out.shape[2]
    line = 3 * width
    for y in range(len(table.first)):
        _sum(total, line, rows, table.first[y] * line, line, table.number[y], table.weights, y)
        for channel in range(3):
            for x in range(width):
                out[channel, y, x] = _level(total[channel * width + x])
