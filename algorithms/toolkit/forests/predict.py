"""Prediction with a forest: probabilities, votes, leaf numbers, leaf frequencies.

Every function takes a matrix of feature vectors, uint8 or float32. For windows read straight from an image, build a
`layout` with the window's offsets and call `sum_at` or `leaves_at`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.forests.forest import Forest
from algorithms.toolkit.forests.layout import Layout, layout

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_SHARE = 2048

#: Layouts for the rows of a matrix, as long as their forest lives.
_LAYOUTS: WeakKeyDictionary[Forest, dict[np.dtype[Any], Layout]] = WeakKeyDictionary()


def predict_proba(forest: Forest, samples: NDArray[Any], workers: int | None = None) -> NDArray[np.float32]:
    """Return the mean of the trees' class frequencies.

    Parameters
    ----------
    samples : ndarray of uint8 or float32, (n, n_features)
    workers : int, optional
        Threads; all cores when absent. The result does not depend on it.

    Returns
    -------
    ndarray of float32, (n, C), or (n, O, C) for several outputs
    """
    nodes, data, bases = _matrix(forest, samples)
    total = sum_at(forest, nodes, data, bases, workers).reshape(len(samples), *forest.values.shape[1:])
    return total[:, :, 0] if forest.n_outputs == 1 else np.moveaxis(total, 1, 2)


def predict_targets(forest: Forest, samples: NDArray[Any], workers: int | None = None) -> NDArray[np.float32]:
    """Return the mean target of a regression forest, (n, O)."""
    nodes, data, bases = _matrix(forest, samples)
    return sum_at(forest, nodes, data, bases, workers)


def predict_leaves(forest: Forest, samples: NDArray[Any], workers: int | None = None) -> NDArray[np.int32]:
    """Return the leaf numbers of `samples` in every tree, (n, T); numbers run through the whole forest."""
    nodes, data, bases = _matrix(forest, samples)
    return leaves_at(nodes, data, bases, workers)


def predict_votes(forest: Forest, samples: NDArray[Any], workers: int | None = None) -> NDArray[np.int32]:
    """Return how many trees prefer each class, (n, C); a tie within a leaf goes to the lowest class."""
    favourite = forest.values[:, :, 0].argmax(axis=1)
    chosen = favourite[predict_leaves(forest, samples, workers)]
    return np.stack(
        [(chosen == number).sum(axis=1, dtype=np.int32) for number in range(forest.values.shape[1])], axis=1
    )


def leaf_frequencies(
    forest: Forest, samples: NDArray[Any], groups: NDArray[np.int64], workers: int | None = None
) -> csr_matrix:
    """Describe every image by the frequency of its windows in every leaf (ET-FL; Marée et al. 2016, section 2.3).

    Parameters
    ----------
    samples : ndarray of uint8 or float32, (n, n_features)
        Windows; those of an image are neighbours.
    groups : ndarray of int64, (n_images + 1,)
        First window of every image, and n.

    Returns
    -------
    scipy.sparse.csr_matrix of float32, (n_images, n_leaves)
        Rows sum to the number of trees; indices are sorted.
    """
    from scipy.sparse import csr_matrix

    from algorithms.toolkit.forests.predict_kernels import count_leaves

    counter = np.zeros(forest.n_leaves, np.int32)
    nodes, data, bases = _matrix(forest, samples)
    columns: list[NDArray[np.int32]] = []
    frequencies: list[NDArray[np.float32]] = []
    for first in range(0, len(groups) - 1, 64):
        bounds = groups[first : first + 65]
        leaves = leaves_at(nodes, data, bases[bounds[0] : bounds[-1]], workers)
        for start, stop in zip(bounds[:-1] - bounds[0], bounds[1:] - bounds[0], strict=True):
            found, counts = np.empty((2, (stop - start) * forest.n_trees), np.int32)
            number = count_leaves(leaves[start:stop], counter, found, counts)
            columns.append(found[:number].copy())
            frequencies.append(counts[:number].astype(np.float32) / np.float32(max(stop - start, 1)))
    pointers = np.concatenate([[0], np.cumsum([len(row) for row in columns])])
    shape = (len(groups) - 1, forest.n_leaves)
    matrix = csr_matrix((_joined(frequencies, np.float32), _joined(columns, np.int32), pointers), shape=shape)
    matrix.sort_indices()
    return matrix


def sum_at(
    forest: Forest, nodes: Layout, data: NDArray[Any], bases: NDArray[np.int64], workers: int | None = None
) -> NDArray[np.float32]:
    """Return the mean leaf values of the samples whose features lie around addresses `bases` of `data`.

    Parameters
    ----------
    nodes : Layout
        Made by `layout` of this forest, for the offsets and the type of `data`.
    data : ndarray of uint8 or float32, one-dimensional
    bases : ndarray of int64, (n,)
        Every ``bases + offsets`` must lie inside `data`: the kernels check nothing.

    Returns
    -------
    ndarray of float32, (n, C * O)
    """
    from algorithms.toolkit.forests.predict_kernels import sum_leaves

    values = forest.values.reshape(forest.n_leaves, -1)
    out = np.empty((len(bases), values.shape[1]), np.float32)
    factor = forest.scale / forest.n_trees
    arrays = (nodes.links, nodes.thresholds, nodes.roots, nodes.child, nodes.shift, values, factor, data, bases)
    _share(lambda start, stop: sum_leaves(*arrays, start, stop, out), len(bases), workers)
    return out


def leaves_at(
    nodes: Layout, data: NDArray[Any], bases: NDArray[np.int64], workers: int | None = None
) -> NDArray[np.int32]:
    """Return the leaf numbers, (n, T), of the samples around addresses `bases` of `data` (see `sum_at`)."""
    from algorithms.toolkit.forests.predict_kernels import find_leaves

    out = np.empty((len(bases), len(nodes.roots) - 1), np.int32)
    arrays = (nodes.links, nodes.thresholds, nodes.roots, nodes.child, nodes.shift, data, bases)
    _share(lambda start, stop: find_leaves(*arrays, start, stop, out), len(bases), workers)
    return out


def window_offsets(width: int, height: int, channels: int, row: int) -> NDArray[np.int64]:
    """Return the offsets of a window's values from its top-left pixel, in the order of feature vectors.

    Parameters
    ----------
    row : int
        Values in a row of the image: its width times its channels.
    """
    rows = np.arange(height, dtype=np.int64)[:, None] * row
    return (rows + np.arange(width * channels, dtype=np.int64)[None, :]).ravel()


def _matrix(forest: Forest, samples: NDArray[Any]) -> tuple[Layout, NDArray[Any], NDArray[np.int64]]:
    """Lay out the forest for the rows of a matrix."""
    if samples.ndim != 2 or samples.shape[1] != forest.n_features:
        msg = f"the forest was trained on {forest.n_features} features but was given an array of shape {samples.shape}"
        raise ParameterError(msg)
    dtype = np.uint8 if samples.dtype == np.uint8 and _eight_bit(forest) else np.float32
    data = np.ascontiguousarray(samples, dtype).reshape(-1)
    bases = np.arange(len(samples), dtype=np.int64) * forest.n_features
    known = _LAYOUTS.setdefault(forest, {})
    if np.dtype(dtype) not in known:
        known[np.dtype(dtype)] = layout(forest, np.arange(forest.n_features), dtype)
    return known[np.dtype(dtype)], data, bases


def _eight_bit(forest: Forest) -> bool:
    """Tell whether every threshold can be compared in 8 bits: one below 0 sends even 0 to the right."""
    return bool((forest.threshold >= 0).all())


def _share(work: Callable[[int, int], object], count: int, workers: int | None) -> None:
    """Let threads work on shares of ``0..count``."""
    from algorithms.toolkit.compiled import worker_count

    threads = worker_count(workers)
    starts = range(0, count, _SHARE)
    if threads == 1 or len(starts) == 1:
        work(0, count)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda start: work(start, min(start + _SHARE, count)), starts))


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype), *parts])
