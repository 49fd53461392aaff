"""Compiled descents: sixteen samples go down a tree together, so that one waits for memory while the others compute.

Samples are taken in blocks that stay in the core's cache while every tree passes over them. A sample's sum runs over
the trees in their order whoever computes it: results do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel

Array = NDArray[Any]

LANES = 16
BLOCK = 256
_STEPS = 2
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_NONE = np.uint64(0)


@kernel
def _descend(links: Array, thresholds: Array, data: Array, base: Array, index: Array) -> None:
    """Take `LANES` samples from the root to their leaves; `index` receives the nodes (within the tree)."""
    for lane in range(LANES):
        index[lane] = _NONE
    moved = True
    while moved:
        change = _NONE
        for _ in range(_STEPS):
            for lane in range(LANES):
                node = index[lane]
                link = links[node]
                right = data[base[lane] + (link & _LOW)] > thresholds[node]
                following = (link >> _HALF) + np.uint64(right)
                change |= following ^ node
                index[lane] = following
        moved = change != _NONE


@kernel
def _aim(bases: Array, first: int, stop: int, shift: int, base: Array) -> None:
    """Set the lanes' addresses; lanes past the last sample repeat it."""
    for lane in range(LANES):
        base[lane] = np.uint64(bases[min(first + lane, stop - 1)] + shift)


@kernel
def sum_leaves(
    links: Array,
    thresholds: Array,
    roots: Array,
    child: Array,
    shift: int,
    values: Array,
    factor: float,
    data: Array,
    bases: Array,
    start: int,
    stop: int,
    out: Array,
) -> None:
    """Write ``factor * sum over trees of values[leaf]`` of samples ``start..stop`` into `out` (n, C x O)."""
    width = values.shape[1]
    base = np.empty(LANES, np.uint64)
    index = np.empty(LANES, np.uint64)
    total = np.empty((BLOCK, width), np.float64)
    for block in range(start, stop, BLOCK):
        end = min(block + BLOCK, stop)
        total[:] = 0.0
        for tree in range(len(roots) - 1):
            root = roots[tree]
            nodes = links[root : roots[tree + 1]]
            limits = thresholds[root : roots[tree + 1]]
            for first in range(block, end, LANES):
                _aim(bases, first, end, shift, base)
                _descend(nodes, limits, data, base, index)
                for lane in range(min(LANES, end - first)):
                    leaf = ~child[root + np.int64(index[lane])]
                    for column in range(width):
                        total[first - block + lane, column] += values[leaf, column]
        for row in range(end - block):
            for column in range(width):
                out[block + row, column] = total[row, column] * factor


@kernel
def find_leaves(
    links: Array,
    thresholds: Array,
    roots: Array,
    child: Array,
    shift: int,
    data: Array,
    bases: Array,
    start: int,
    stop: int,
    out: Array,
) -> None:
    """Write the leaf numbers of samples ``start..stop`` into `out` (n, T)."""
    base = np.empty(LANES, np.uint64)
    index = np.empty(LANES, np.uint64)
    for block in range(start, stop, BLOCK):
        end = min(block + BLOCK, stop)
        for tree in range(len(roots) - 1):
            root = roots[tree]
            nodes = links[root : roots[tree + 1]]
            limits = thresholds[root : roots[tree + 1]]
            for first in range(block, end, LANES):
                _aim(bases, first, end, shift, base)
                _descend(nodes, limits, data, base, index)
                for lane in range(min(LANES, end - first)):
                    out[first + lane, tree] = ~child[root + np.int64(index[lane])]


@kernel
def count_leaves(leaves: Array, count: Array, columns: Array, counts: Array) -> int:
    """Count the leaves of one image's windows (w, T) into sparse columns; `count` is all zero before and after."""
    found = 0
    for tree in range(leaves.shape[1]):
        for window in range(leaves.shape[0]):
            leaf = leaves[window, tree]
            if count[leaf] == 0:
                columns[found] = leaf
                found += 1
            count[leaf] += 1
    for entry in range(found):
        counts[entry] = count[columns[entry]]
        count[columns[entry]] = 0
    return found
