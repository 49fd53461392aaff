"""Nodes laid out for the prediction kernels.

The left child's index within its tree and the address offset of the tested value share one 64-bit word, so a step down
a tree costs one load for both and one for the threshold. A leaf is its own child and nothing exceeds its threshold:
a descent needs no branch. Offsets instead of feature numbers let one kernel read matrices, tiles and image stacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.forests.forest import Forest


@dataclass(frozen=True, eq=False)
class Layout:
    """A forest made ready for one way of reading values.

    Attributes
    ----------
    links : ndarray of uint64, (N,)
        Left child (within the tree) in the upper half, offset of the tested value in the lower half.
    thresholds : ndarray of uint8 or float32, (N,)
        Largest value that goes left, in the type of the data.
    roots : ndarray of int64, (T + 1,)
        As in `Forest`.
    child : ndarray of int32, (N,)
        As in `Forest`; gives the number of a leaf.
    shift : int
        Smallest offset; it is added to every base address.
    """

    links: NDArray[np.uint64]
    thresholds: NDArray[Any]
    roots: NDArray[np.int64]
    child: NDArray[np.int32]
    shift: int


def layout(forest: Forest, offsets: NDArray[np.integer[Any]], dtype: Any) -> Layout:
    """Lay out `forest` for data of type `dtype` (uint8 or float32) whose feature f lies at ``base + offsets[f]``.

    Parameters
    ----------
    offsets : ndarray of int, (n_features,)
        Address of every feature relative to the sample's base address; may be negative.
    """
    leaf = forest.child < 0
    nodes = np.arange(forest.n_nodes, dtype=np.int64)
    starts = np.repeat(forest.roots[:-1], np.diff(forest.roots))
    child = np.where(leaf, nodes, forest.child) - starts
    shift = int(offsets.min())
    offset = (np.asarray(offsets, np.int64) - shift)[forest.feature]
    links = (child.astype(np.uint64) << np.uint64(32)) | offset.astype(np.uint64)
    return Layout(links, _thresholds(forest, leaf, dtype), forest.roots, forest.child, shift)


def _thresholds(forest: Forest, leaf: NDArray[np.bool_], dtype: Any) -> NDArray[Any]:
    """Return thresholds in the type of the data; an 8-bit value is at most t exactly when it is at most floor(t)."""
    if np.dtype(dtype) != np.uint8:
        return np.where(leaf, np.float32(np.inf), forest.threshold).astype(np.float32)
    whole = np.floor(np.clip(np.where(leaf, 255.0, forest.threshold), 0, 255))
    return whole.astype(np.uint8)
