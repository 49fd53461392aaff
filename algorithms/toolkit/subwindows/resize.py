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
    """Weights of one pass to `size` pixels: see `filters.weigh`; of every input size up to `limit`, one after another.

    The `size` rows of an input size of n begin at ``n * size``.
    """

    first: Array
    number: Array
    weights: Array
    size: int
    limit: int


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
    """Return the weights to make `n_out` pixels of `n_in`, as if it were the input size 0."""
    first, count = np.empty(n_out, np.int64), np.empty(n_out, np.int64)
    weights = np.zeros((n_out, taps(kind, n_in, n_out) + 3), np.int32)
    weigh(kind, n_in, n_out, first, count, weights)
    return Table(first, count, weights, n_out, 0)


@kernel
def make_tables(kind: int, limit: int, n_out: int) -> Table:
    """Return the weights to make `n_out` pixels of 1, 2, ... `limit`."""
    rows = (limit + 1) * n_out
    first, count = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    weights = np.zeros((rows, taps(kind, limit, n_out) + 3), np.int32)
    for n_in in range(1, limit + 1):
        here = slice(n_in * n_out, (n_in + 1) * n_out)
        weigh(kind, n_in, n_out, first[here], count[here], weights[here])
    return Table(first, count, weights, n_out, limit)


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
    columns: Array,
    image_width: int,
    image_height: int,
    box: Array,
    table: Table,
    base: int,
    total: Array,
    out: Array,
) -> None:
    """Horizontal pass over the window `box`: write flat ``out[(y * 3 + channel) * width + x]``.

    Parameters
    ----------
    columns : ndarray of uint8, (3 * W * H,)
    base : int
        Where the rows of the table for this input size begin.
    """
    width, height = table.size, box[3] - box[1]
    for channel in range(3):
        for x in range(width):
            row = base + x
            start = (channel * image_width + box[0] + table.first[row]) * image_height + box[1]
            _sum(total, height, columns, start, image_height, table.number[row], table.weights, row)
            place = channel * width + x
            for y in range(height):
                out[np.uint64(y * 3 * width + place)] = _level(total[y])


@kernel
def shorten(rows: Array, table: Table, base: int, total: Array, out: Array) -> None:
    """Vertical pass: write planes `out` (3, h, w) from the flat rows of `narrow`."""
    width = out.shape[2]
    line = 3 * width
    for y in range(table.size):
        row = base + y
        _sum(total, line, rows, table.first[row] * line, line, table.number[row], table.weights, row)
        for channel in range(3):
            for x in range(width):
                out[channel, y, x] = _level(total[channel * width + x])
