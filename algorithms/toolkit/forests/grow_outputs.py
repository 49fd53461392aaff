"""Compiled growth of a tree for many labels a sample, such as the pixels of a window (Dumont et al. 2009).

The impurity of a node is the mean Gini index over its outputs. In large nodes the classes on both sides of every test
are counted with bit operations, 64 samples at once. In small nodes counting every output would cost more than there
are samples; there the same number comes from pairs of samples, because the sum of squared class counts of a set is the
number of outputs on which its pairs agree. Both are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.forests.bits import count_left, load_block, load_masks, popcount
from algorithms.toolkit.forests.draw import Room, candidates, make_room
from algorithms.toolkit.forests.grow import Rules, make_tree, may_split, split
from algorithms.toolkit.forests.samples import Source

Array = NDArray[Any]

_PAIRS_UP_TO = 48
_BLOCK = 512


@kernel
def _pure(planes: Array, samples: Array, start: int, stop: int) -> bool:
    """Tell whether all samples of a node have the same labels in every output."""
    first = planes[samples[start]]
    for j in range(start + 1, stop):
        other = planes[samples[j]]
        for word in range(planes.shape[1]):
            if other[word] != first[word]:
                return False
    return True


@kernel
def _agreements(
    planes: Array, n_planes: int, n_outputs: int, samples: Array, start: int, stop: int, pairs: Array
) -> float:
    """Write on how many outputs two samples of a node have the same class; return the sum over all ordered pairs."""
    size = stop - start
    words = planes.shape[1] // n_planes
    total = 0
    for i in range(size):
        a = planes[samples[start + i]]
        pairs[i, i] = n_outputs
        total += n_outputs
        for j in range(i):
            b = planes[samples[start + j]]
            different = np.uint64(0)
            for word in range(words):
                bits = a[word] ^ b[word]
                for plane in range(1, n_planes):
                    bits |= a[plane * words + word] ^ b[plane * words + word]
                different += popcount(bits)
            pairs[i, j] = n_outputs - np.int32(different)
            pairs[j, i] = pairs[i, j]
            total += 2 * pairs[i, j]
    return float(total)


@kernel
def _agreement_of_side(pairs: Array, chosen: Array, count: int) -> int:
    """Return the agreements over all ordered pairs of the `count` samples `chosen`."""
    total = 0
    for i in range(count):
        row = pairs[chosen[i]]
        for j in range(i):
            total += 2 * row[chosen[j]]
        total += row[chosen[i]]
    return total


@kernel
def _best_by_pairs(room: Room, size: int, tests: int, pairs: Array, total: float, min_leaf: int) -> tuple[int, float]:
    """Return the test with the purest sides and its purity, from the agreements of pairs."""
    best, best_purity = -1, -1.0
    sides = np.empty((2, _PAIRS_UP_TO), np.int64)
    margin = np.zeros(size, np.int64)
    for i in range(size):
        for j in range(size):
            margin[i] += pairs[i, j]
    for test in range(tests):
        begin = room.kept[test, 1]
        limit = np.uint8(room.cuts[test])
        counts = np.zeros(2, np.int64)
        for j in range(size):
            side = np.int64(room.values[begin + j] > limit)
            sides[side, counts[side]] = j
            counts[side] += 1
        if counts[0] < min_leaf or counts[1] < min_leaf:
            continue
        small = np.int64(counts[1] < counts[0])
        own = _agreement_of_side(pairs, sides[small], counts[small])
        crossing = -own
        for j in range(counts[small]):
            crossing += margin[sides[small, j]]
        purity = own / counts[small] + (total - own - 2 * crossing) / counts[1 - small]
        if purity > best_purity:
            best, best_purity = test, purity
    return best, best_purity


@kernel
def _count(planes: Array, samples: Array, start: int, stop: int, tests: int, room: Room, left: Array) -> None:
    """Count the labels left of every test, and of the whole node as the last test, into `left` (64 Q, tests + 1)."""
    left[:, : tests + 1] = 0
    n_bits = left.shape[0]
    block = np.empty((n_bits, 8), np.uint64)
    masks = np.empty((tests + 1, 8), np.uint64)
    scratch = np.empty(64, np.uint64)
    for first in range(start, stop, _BLOCK):
        load_block(planes, samples, first, stop, block, scratch)
        load_masks(room.values, stop - start, room.kept, room.cuts, tests, first - start, masks)
        masks[tests] = ~np.uint64(0)
        count_left(block, masks, tests + 1, left)


@kernel
def _purity_of(left: Array, test: int, tests: int, n_planes: int, n_left: int, n_right: int) -> float:
    """Return the sum over sides and outputs of squared class counts over the side's size (class 0 by difference)."""
    width = left.shape[0] // n_planes
    squares_left = squares_right = 0
    for output in range(width):
        rest_left, rest_right = n_left, n_right
        for plane in range(n_planes):
            a = int(left[plane * width + output, test])
            b = int(left[plane * width + output, tests]) - a
            squares_left += a * a
            squares_right += b * b
            rest_left -= a
            rest_right -= b
        squares_left += rest_left * rest_left
        squares_right += rest_right * rest_right
    return squares_left / n_left + squares_right / n_right


@kernel
def _best_by_counts(room: Room, size: int, tests: int, left: Array, n_planes: int, min_leaf: int) -> tuple[int, float]:
    """Return the test with the purest sides and its purity, from class counts."""
    best, best_purity = -1, -1.0
    for test in range(tests):
        begin = room.kept[test, 1]
        limit = np.uint8(room.cuts[test])
        n_left = 0
        for value in room.values[begin : begin + size]:
            n_left += int(value <= limit)
        if n_left < min_leaf or size - n_left < min_leaf:
            continue
        purity = _purity_of(left, test, tests, n_planes, n_left, size - n_left)
        if purity > best_purity:
            best, best_purity = test, purity
    return best, best_purity


@kernel
def _write_leaf(
    planes: Array, n_planes: int, samples: Array, start: int, stop: int, scale: float, values: Array
) -> None:
    """Write class frequencies times `scale`, rounded if that is not 1, into `values` (C, O)."""
    width = planes.shape[1] // n_planes
    size = stop - start
    for output in range(values.shape[1]):
        word, bit = output >> 6, np.uint64(output & 63)
        rest = size
        for plane in range(n_planes):
            count = 0
            for j in range(start, stop):
                count += int((planes[samples[j], plane * width + word] >> bit) & np.uint64(1))
            rest -= count
            values[plane + 1, output] = count / size if scale == 1.0 else np.floor(count / size * scale + 0.5)
        values[0, output] = rest / size if scale == 1.0 else np.floor(rest / size * scale + 0.5)


@kernel
def grow_outputs(
    source: Source,
    planes: Array,
    samples: Array,
    n_planes: int,
    leaves: Array,
    scale: float,
    rules: Rules,
    seed: np.uint64,
) -> tuple[Array, Array, Array, Array, Array]:
    """Grow a tree over `samples` (int32, reordered in place) with labels `planes` (n, P * W).

    Parameters
    ----------
    leaves : ndarray of float32 or uint8, (n, C, O)
        Receives the leaf tables, as frequencies or in 255ths.

    Returns
    -------
    tuple of ndarray
        feature, threshold, child (see `Forest`), leaf tables (L, C, O), importances (not yet normalised).
    """
    n = len(samples)
    tree = make_tree(n, len(source.row))
    room = make_room(n, len(source.row), rules.max_features, seed)
    left = np.empty((64 * planes.shape[1], rules.max_features + 1), np.int32)
    pairs = np.empty((_PAIRS_UP_TO, _PAIRS_UP_TO), np.int32)
    padding = 64 * planes.shape[1] // n_planes - leaves.shape[2]
    pending, n_nodes, n_leaves = 1, 1, 0
    while pending:
        pending -= 1
        node, start, stop = tree.stack[pending, 0], tree.stack[pending, 1], tree.stack[pending, 2]
        n_constant, size = tree.stack[pending, 4], stop - start
        best, gain = -1, 0.0
        if may_split(size, tree.stack[pending, 3], rules) and not _pure(planes, samples, start, stop):
            tests, n_constant = candidates(source, samples, start, stop, n_constant, rules.max_features, room)
            if size <= _PAIRS_UP_TO:
                total = _agreements(planes, n_planes, leaves.shape[2], samples, start, stop, pairs)
                best, purity = _best_by_pairs(room, size, tests, pairs, total, rules.min_leaf)
                gain = purity - total / size
            else:
                _count(planes, samples, start, stop, tests, room, left)
                best, purity = _best_by_counts(room, size, tests, left, n_planes, rules.min_leaf)
                gain = purity - float(size) * padding - _whole(left, tests, n_planes, size, padding)
        if best < 0:
            tree.child[node] = ~n_leaves
            _write_leaf(planes, n_planes, samples, start, stop, scale, leaves[n_leaves])
            n_leaves += 1
            continue
        split(tree, pending, n_nodes, n_constant, samples, room, best)
        tree.importances[room.kept[best, 0]] += gain
        pending += 2
        n_nodes += 2
    return tree.feature[:n_nodes], tree.threshold[:n_nodes], tree.child[:n_nodes], leaves[:n_leaves], tree.importances


@kernel
def _whole(left: Array, tests: int, n_planes: int, size: int, padding: int) -> float:
    """Return the sum over outputs of squared class counts of the whole node over its size, without the padding."""
    width = left.shape[0] // n_planes
    squares = 0
    for output in range(width):
        rest = size
        for plane in range(n_planes):
            count = int(left[plane * width + output, tests])
            squares += count * count
            rest -= count
        squares += rest * rest
    return squares / size - float(size) * padding
