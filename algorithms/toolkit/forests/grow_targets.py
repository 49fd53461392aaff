"""Compiled growth of one extremely randomized regression tree: the mean variance of the targets is reduced."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.forests.draw import Room, candidates, make_room
from algorithms.toolkit.forests.grow import Rules, make_tree, may_split, split
from algorithms.toolkit.forests.samples import Source

Array = NDArray[Any]


@kernel
def _read(targets: Array, samples: Array, start: int, stop: int, near: Array, sums: Array) -> bool:
    """Copy a node's targets less their first to `near`, add them up in `sums`; tell whether they differ."""
    first = samples[start]
    sums[:] = 0.0
    differ = False
    for j in range(stop - start):
        for output in range(len(sums)):
            value = targets[samples[start + j], output] - targets[first, output]
            near[j, output] = value
            sums[output] += value
            differ |= value != 0.0
    return differ


@kernel
def _best(room: Room, size: int, tests: int, near: Array, sums: Array, min_leaf: int) -> tuple[int, float]:
    """Return the test with the largest sum over sides and outputs of squared target sums over the side's size."""
    best, most = -1, -1.0
    left = np.empty(len(sums))
    for test in range(tests):
        begin = room.kept[test, 1]
        limit = np.uint8(room.cuts[test])
        left[:] = 0.0
        n_left = 0
        for j in range(size):
            if room.values[begin + j] <= limit:
                n_left += 1
                for output in range(len(sums)):
                    left[output] += near[j, output]
        if n_left < min_leaf or size - n_left < min_leaf:
            continue
        score = 0.0
        for output in range(len(sums)):
            right = sums[output] - left[output]
            score += left[output] * left[output] / n_left + right * right / (size - n_left)
        if score > most:
            best, most = test, score
    return best, most


@kernel
def _whole(sums: Array, size: int) -> float:
    """Return the node's squared target sums over its size."""
    total = 0.0
    for value in sums:
        total += value * value
    return total / size


@kernel
def grow_targets(
    source: Source, targets: Array, samples: Array, rules: Rules, seed: np.uint64
) -> tuple[Array, Array, Array, Array, Array]:
    """Grow a tree over `samples` (int32, reordered in place) with `targets` (n, O) of float64.

    Returns
    -------
    tuple of ndarray
        feature, threshold, child (see `Forest`), mean targets of leaves (L, 1, O), importances (not yet normalised).
    """
    n = len(samples)
    tree = make_tree(n, len(source.row))
    leaves = np.empty((n, 1, targets.shape[1]), np.float32)
    near = np.empty((n, targets.shape[1]))
    sums = np.empty(targets.shape[1])
    room = make_room(n, len(source.row), rules.max_features, seed)
    pending, n_nodes, n_leaves = 1, 1, 0
    while pending:
        pending -= 1
        node, start, stop = tree.stack[pending, 0], tree.stack[pending, 1], tree.stack[pending, 2]
        n_constant, size = tree.stack[pending, 4], stop - start
        differ = _read(targets, samples, start, stop, near, sums)
        best, score = -1, 0.0
        if differ and may_split(size, tree.stack[pending, 3], rules):
            tests, n_constant = candidates(source, samples, start, stop, n_constant, rules.max_features, room)
            best, score = _best(room, size, tests, near, sums, rules.min_leaf)
        if best < 0:
            tree.child[node] = ~n_leaves
            for output in range(targets.shape[1]):
                leaves[n_leaves, 0, output] = targets[samples[start], output] + sums[output] / size
            n_leaves += 1
            continue
        split(tree, pending, n_nodes, n_constant, samples, room, best)
        tree.importances[room.kept[best, 0]] += score - _whole(sums, size)
        pending += 2
        n_nodes += 2
    return tree.feature[:n_nodes], tree.threshold[:n_nodes], tree.child[:n_nodes], leaves[:n_leaves], tree.importances
