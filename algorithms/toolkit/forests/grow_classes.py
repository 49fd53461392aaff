"""Compiled growth of one extremely randomized tree for one label a sample (Geurts et al. 2006).

Samples stay sorted by class in every node, because parting keeps their order. The class counts of a test are then plain
counts over stretches of 8-bit values, which the processor does 16 or 32 at a time.
"""

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
def _class_counts(labels: Array, samples: Array, start: int, stop: int, counts: Array) -> int:
    """Count the classes of a node into `counts`; return how many are present."""
    counts[:] = 0
    for j in range(start, stop):
        counts[labels[samples[j]]] += 1
    return int(np.count_nonzero(counts))


@kernel
def _left_counts(values: Array, limit: Any, counts: Array, left: Array) -> int:
    """Count the values up to `limit` in every class's stretch into `left`; return their sum."""
    begin = 0
    total = 0
    for number in range(len(counts)):
        found: Any = np.int32(0)
        for value in values[begin : begin + counts[number]]:
            found += np.int32(value <= limit)
        left[number] = found
        total += found
        begin += counts[number]
    return total


@kernel
def _purity(counts: Array, left: Array, weights: Array) -> float:
    """Return the sum over both sides of squared class weights over the side's weight: Gini's complement."""
    weight_left = weight_right = squares_left = squares_right = 0.0
    for number in range(len(counts)):
        a = weights[number] * left[number]
        b = weights[number] * (counts[number] - left[number])
        weight_left += a
        weight_right += b
        squares_left += a * a
        squares_right += b * b
    if weight_left <= 0.0 or weight_right <= 0.0:
        return -1.0
    return squares_left / weight_left + squares_right / weight_right


@kernel
def _best(room: Room, size: int, tests: int, counts: Array, weights: Array, min_leaf: int) -> tuple[int, float]:
    """Return the test with the purest sides, the first of equals, and its purity; -1 when none is allowed."""
    best, best_purity = -1, -1.0
    left = np.empty(len(counts), np.int64)
    for test in range(tests):
        begin = room.kept[test, 1]
        n_left = _left_counts(room.values[begin : begin + size], np.uint8(room.cuts[test]), counts, left)
        if n_left < min_leaf or size - n_left < min_leaf:
            continue
        purity = _purity(counts, left, weights)
        if purity > best_purity:
            best, best_purity = test, purity
    return best, best_purity


@kernel
def _write_leaf(counts: Array, weights: Array, values: Array) -> None:
    """Write the weighted class frequencies of a leaf."""
    total = 0.0
    for number in range(len(counts)):
        total += weights[number] * counts[number]
    for number in range(len(counts)):
        values[number] = weights[number] * counts[number] / total if total > 0.0 else 1.0 / len(counts)


@kernel
def _squares(counts: Array, weights: Array) -> float:
    """Return the node's squared class weights over its weight."""
    total = squares = 0.0
    for number in range(len(counts)):
        weight = weights[number] * counts[number]
        total += weight
        squares += weight * weight
    return squares / total if total > 0.0 else 0.0


@kernel
def grow_classes(
    source: Source, labels: Array, samples: Array, weights: Array, rules: Rules, seed: np.uint64
) -> tuple[Array, Array, Array, Array, Array]:
    """Grow a tree over `samples` (int32, sorted by label, reordered in place).

    Returns
    -------
    tuple of ndarray
        feature, threshold, child (see `Forest`), leaf frequencies (L, C), importances (not yet normalised).
    """
    n = len(samples)
    tree = make_tree(n, len(source.row))
    leaves = np.empty((n, len(weights)), np.float32)
    counts = np.zeros(len(weights), np.int64)
    room = make_room(n, len(source.row), rules.max_features, seed)
    pending, n_nodes, n_leaves = 1, 1, 0
    while pending:
        pending -= 1
        node, start, stop = tree.stack[pending, 0], tree.stack[pending, 1], tree.stack[pending, 2]
        n_constant = tree.stack[pending, 4]
        present = _class_counts(labels, samples, start, stop, counts)
        best, purity = -1, 0.0
        if present > 1 and may_split(stop - start, tree.stack[pending, 3], rules):
            tests, n_constant = candidates(source, samples, start, stop, n_constant, rules.max_features, room)
            best, purity = _best(room, stop - start, tests, counts, weights, rules.min_leaf)
        if best < 0:
            tree.child[node] = ~n_leaves
            _write_leaf(counts, weights, leaves[n_leaves])
            n_leaves += 1
            continue
        split(tree, pending, n_nodes, n_constant, samples, room, best)
        tree.importances[room.kept[best, 0]] += purity - _squares(counts, weights)
        pending += 2
        n_nodes += 2
    return tree.feature[:n_nodes], tree.threshold[:n_nodes], tree.child[:n_nodes], leaves[:n_leaves], tree.importances
