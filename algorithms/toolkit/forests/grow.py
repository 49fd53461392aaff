"""The tree under construction, and splitting a node of it: what the trainers of one and of many outputs share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.forests.draw import Room, part

Array = NDArray[Any]


class Rules(NamedTuple):
    """When to stop, and how many features to look at."""

    max_features: int
    min_split: int
    min_leaf: int
    max_depth: int


class Tree(NamedTuple):
    """Arrays of a growing tree; memory that is not touched is not used.

    Attributes
    ----------
    feature, threshold, child
        As in `Forest`, within the tree.
    importances : ndarray of float64, (d,)
    stack : ndarray of int64, (n + 2, 5)
        Nodes to do: node, first and last sample, depth, features known to be constant.
    """

    feature: Array
    threshold: Array
    child: Array
    importances: Array
    stack: Array


@kernel
def make_tree(n: int, d: int) -> Tree:
    """Allocate a tree over `n` samples of `d` features, with the root on its stack."""
    stack = np.empty((n + 2, 5), np.int64)
    stack[0] = 0
    stack[0, 2] = n
    return Tree(
        np.zeros(2 * n, np.int32), np.full(2 * n, np.inf, np.float32), np.zeros(2 * n, np.int32), np.zeros(d), stack
    )


@kernel
def may_split(size: int, depth: int, rules: Rules) -> bool:
    """Tell whether a node of `size` samples at `depth` may be split."""
    return size >= rules.min_split and size >= 2 * rules.min_leaf and depth < rules.max_depth


@kernel
def split(tree: Tree, place: int, n_nodes: int, n_constant: int, samples: Array, room: Room, best: int) -> int:
    """Split the node at `place` of the stack by test `best`: both children take its place; return the middle."""
    node, start, stop, depth = (
        tree.stack[place, 0],
        tree.stack[place, 1],
        tree.stack[place, 2],
        tree.stack[place, 3],
    )
    begin = room.kept[best, 1]
    values = room.values[begin : begin + stop - start]
    middle = part(samples, start, stop, values, np.uint8(room.cuts[best]), room.spare)
    tree.feature[node] = room.kept[best, 0]
    tree.threshold[node] = room.cuts[best]
    tree.child[node] = n_nodes
    for side in range(2):
        tree.stack[place + side, 0] = n_nodes + 1 - side
        tree.stack[place + side, 1] = middle if side == 0 else start
        tree.stack[place + side, 2] = stop if side == 0 else middle
        tree.stack[place + side, 3] = depth + 1
        tree.stack[place + side, 4] = n_constant
    return middle
