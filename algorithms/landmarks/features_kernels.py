"""Compiled: features read from a pyramid on demand, as a matrix for training and node by node for prediction.

A node, and a feature, is a row of eight 32-bit numbers, half a cache line: child, threshold, level, shape of a box,
dx0, dy0, dx1, dy1. Features are whole numbers, so thresholds can be.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.pyramid import Levels
from algorithms.toolkit.compiled import kernel

Array = NDArray[Any]
_MEAN = 128


@kernel
def _pixel(levels: Levels, level: int, x: int, y: int) -> int:
    """Return a value of a level; the mean grey outside of it."""
    if x < 0 or y < 0 or x >= levels.planes[level, 1] or y >= levels.planes[level, 2]:
        return _MEAN
    return int(levels.pixels[levels.planes[level, 0] + y * levels.planes[level, 1] + x])


@kernel
def _box(levels: Levels, level: int, low: tuple[int, int], high: tuple[int, int]) -> int:
    """Return the sum of values less the mean from the corner `low` to `high` (excluded); 0 is what lies outside."""
    width, height = levels.planes[level, 1], levels.planes[level, 2]
    x0, x1 = min(max(low[0], 0), width), min(max(high[0], 0), width)
    y0, y1 = min(max(low[1], 0), height), min(max(high[1], 0), height)
    top = levels.planes[level, 3] + y0 * (width + 1)
    bottom = levels.planes[level, 3] + y1 * (width + 1)
    sums = levels.integral
    return int(sums[bottom + x1] - sums[bottom + x0] - sums[top + x1] + sums[top + x0])


@kernel
def _haar(levels: Levels, test: Array, at: int, x: int, y: int) -> int:
    """Return the difference of the mean greys of a box's marked and other bands, in whole numbers."""
    level, shape = test[at, 2], test[at, 3]
    x0, y0, x1, y1 = x + test[at, 4], y + test[at, 5], x + test[at, 6], y + test[at, 7]
    wide, tall = x1 - x0, y1 - y0
    whole = _box(levels, level, (x0, y0), (x1, y1))
    if shape == 0:
        part = (wide // 2) * tall
        marked = _box(levels, level, (x0, y0), (x0 + wide // 2, y1))
    elif shape == 1:
        part = wide * (tall // 2)
        marked = _box(levels, level, (x0, y0), (x1, y0 + tall // 2))
    elif shape == 2:
        part = (wide - 2 * (wide // 3)) * tall
        marked = _box(levels, level, (x0 + wide // 3, y0), (x1 - wide // 3, y1))
    elif shape == 3:
        part = wide * (tall - 2 * (tall // 3))
        marked = _box(levels, level, (x0, y0 + tall // 3), (x1, y1 - tall // 3))
    else:
        a, b = wide // 2, tall // 2
        part = a * b + (wide - a) * (tall - b)
        marked = _box(levels, level, (x0, y0), (x0 + a, y0 + b)) + _box(levels, level, (x0 + a, y0 + b), (x1, y1))
    return int(np.floor(marked / part - (whole - marked) / (wide * tall - part)))


@kernel
def _gaussian(levels: Levels, test: Array, at: int, x: int, y: int) -> int:
    """Return a pixel less the one at an offset, both moved into the level."""
    level = test[at, 2]
    right, bottom = levels.planes[level, 1] - 1, levels.planes[level, 2] - 1
    x, y = min(max(x, 0), right), min(max(y, 0), bottom)
    there_x, there_y = min(max(x + test[at, 4], 0), right), min(max(y + test[at, 5], 0), bottom)
    return _pixel(levels, level, x, y) - _pixel(levels, level, there_x, there_y)


@kernel
def _value(levels: Levels, kind: int, test: Array, at: int, place: tuple[int, int]) -> int:
    """Return the feature of row `at` at a place (x, y): 0..255 for raw values, -255..255 for differences.

    `kind` is 0 (raw), 1 (sub), 2 (haar) or 3 (gaussian).
    """
    level = test[at, 2]
    x, y = place[0] >> level, place[1] >> level
    if kind < 2:
        found = _pixel(levels, level, x + test[at, 4], y + test[at, 5])
        return found if kind == 0 else found - _pixel(levels, 0, place[0], place[1])
    return _haar(levels, test, at, x, y) if kind == 2 else _gaussian(levels, test, at, x, y)


@kernel
def fill(levels: Levels, kind: int, tests: Array, positions: Array, out: Array) -> None:
    """Write the features of `positions` (n, 2) of int64 into `out` (n, d) in 8 bits; differences are halved."""
    for j in range(len(positions)):
        place = (positions[j, 0], positions[j, 1])
        for f in range(len(tests)):
            found = _value(levels, kind, tests, f, place)
            out[j, f] = found if kind == 0 else (found + 256) >> 1


@kernel
def descend(  # noqa: PLR0917 - a kernel
    levels: Levels, kind: int, nodes: Array, roots: Array, positions: Array, out: Array
) -> None:
    """Write the leaf that every position (n, 2) reaches in every tree into `out` (n, T).

    Trees in the outer loop: one tree stays in the cache for all positions.
    """
    for tree in range(len(roots) - 1):
        for j in range(len(positions)):
            place = (positions[j, 0], positions[j, 1])
            node = int(roots[tree])
            while nodes[node, 0] >= 0:
                found = _value(levels, kind, nodes, node, place)
                node = int(nodes[node, 0]) + (1 if found > nodes[node, 1] else 0)
            out[j, tree] = ~nodes[node, 0]


@kernel
def add_leaves(leaves: Array, values: Array, out: Array) -> None:
    """Add up the values (L, C) of the leaves (n, T), tree after tree, in `out` (n, C) of float64."""
    for j in range(len(leaves)):
        for tree in range(leaves.shape[1]):
            for column in range(out.shape[1]):
                out[j, column] += values[leaves[j, tree], column]


@kernel
def climb(  # noqa: PLR0917 - a kernel
    levels: Levels, kind: int, nodes: Array, roots: Array, values: Array, rest: Array, positions: Array, out: Array
) -> None:
    """Write the sum of the leaf values (L,) of positions (n, 2) into `out` (n,), -1 where it is not the largest.

    `rest` (T + 1,) is the most that trees from each one on can add. A position is left as soon as it can not reach the
    largest sum that is known, which ``out[0]`` holds at the start (0: none): most are after a few trees.
    """
    most = out[0]
    for j in range(len(positions)):
        place = (positions[j, 0], positions[j, 1])
        total = 0.0
        for tree in range(len(roots) - 1):
            if total + rest[tree] < most - 1e-9:
                total = -1.0
                break
            node = int(roots[tree])
            while nodes[node, 0] >= 0:
                found = _value(levels, kind, nodes, node, place)
                node = int(nodes[node, 0]) + (1 if found > nodes[node, 1] else 0)
            total += values[~nodes[node, 0]]
        out[j] = total
        most = max(most, total)
