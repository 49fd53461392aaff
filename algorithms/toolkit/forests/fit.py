"""Training of forests: parameters, threads over trees, one `Forest` out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.forests.forest import Forest
from algorithms.toolkit.forests.samples import Samples

if TYPE_CHECKING:
    from algorithms.toolkit.forests.grow import Rules

Tree = tuple[NDArray[Any], ...]
_NO_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class ExtraTrees:
    """Parameters of extremely randomized trees; names and meanings are scikit-learn's.

    Attributes
    ----------
    n_trees : int
        Number of trees T.
    max_features : int or None
        Features drawn at a node, K; the square root of their number when None.
    min_samples_split, min_samples_leaf, max_depth
        When a node is not split any more; None: no limit to the depth.
    seed : int
        The forest is a function of the data, the parameters and the seed, not of the number of threads.
    """

    n_trees: int = 10
    max_features: int | None = None
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    max_depth: int | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        """Refuse what no forest can be grown with."""
        limits = {"n_trees": 1, "max_features": 1, "min_samples_split": 2, "min_samples_leaf": 1, "max_depth": 1}
        for name, least in limits.items():
            value = getattr(self, name)
            if value is not None and value < least:
                msg = f"{name} must be at least {least}, got {value}"
                raise ParameterError(msg)

    def rules(self, n_features: int) -> Rules:
        """Return the parameters as the kernels take them."""
        from algorithms.toolkit.forests.grow import Rules

        wanted = self.max_features or max(1, int(np.sqrt(n_features)))
        depth = self.max_depth or _NO_LIMIT
        return Rules(min(wanted, n_features), self.min_samples_split, self.min_samples_leaf, depth)

    def seeds(self) -> list[np.uint64]:
        """Return one seed a tree."""
        return [
            np.random.SeedSequence([self.seed, tree]).generate_state(1, np.uint64)[0] for tree in range(self.n_trees)
        ]


def fit_classes(
    samples: Samples,
    labels: NDArray[Any],
    parameters: ExtraTrees,
    *,
    class_weight: NDArray[np.float64] | None = None,
    workers: int | None = None,
) -> Forest:
    """Fit a forest to one label a sample.

    Parameters
    ----------
    samples : Samples
        n samples of d 8-bit features.
    labels : ndarray, (n,)
        Class of every sample: numbers or strings.
    class_weight : ndarray of float, (C,), optional
        Weight of every class, in ascending order of the labels.
    workers : int, optional
        Threads; the forest does not depend on their number.

    Raises
    ------
    DataError
        If there is no sample, or labels and samples differ in number.
    """
    from algorithms.toolkit.forests.grow_classes import grow_classes

    _same_length(samples, labels)
    classes, codes = np.unique(labels, return_inverse=True)
    codes = codes.astype(np.int32)
    order = np.argsort(codes, kind="stable").astype(np.int32)
    weights = np.ones(len(classes)) if class_weight is None else np.asarray(class_weight, np.float64)
    if weights.shape != classes.shape or not (weights > 0).all():
        msg = f"class weights must be {len(classes)} positive numbers, got {weights.tolist()}"
        raise ParameterError(msg)
    rules = parameters.rules(samples.n_features)

    def grow(seed: np.uint64) -> Tree:
        return _fitted(grow_classes(samples.source, codes, order.copy(), weights, rules, seed))

    return joined(samples.n_features, classes, _in_threads(grow, parameters.seeds(), workers))


def fit_outputs(
    samples: Samples,
    labels: Samples,
    parameters: ExtraTrees,
    *,
    classes: NDArray[Any],
    eight_bit_leaves: bool = True,
    workers: int | None = None,
) -> Forest:
    """Fit a forest to many labels a sample, such as the pixels of a window.

    Parameters
    ----------
    samples : Samples
        n samples of d 8-bit features.
    labels : Samples
        n samples of O labels: class numbers 0 to C - 1, read from a matrix or from windows of masks.
    classes : ndarray, (C,)
        What the class numbers stand for; a label beyond them counts as class 0.
    eight_bit_leaves : bool
        Keep leaf tables in 255ths, a quarter of the memory.
    workers : int, optional
        Threads; the forest does not depend on their number.

    Raises
    ------
    DataError
        If there is no sample, there are fewer than two classes, or labels and samples differ in number.
    """
    from algorithms.toolkit.forests.bits import pack_labels
    from algorithms.toolkit.forests.grow_outputs import grow_outputs

    _same_length(samples, labels)
    n, n_outputs, n_planes = len(samples), labels.n_features, len(classes) - 1
    if n_planes < 1:
        msg = f"a forest of many outputs needs at least two classes, got {list(classes)}"
        raise DataError(msg)
    words = -(-n_outputs // 64)
    planes = np.empty((n, n_planes * words), np.uint64)
    pack_labels(labels.source, n_planes, 0, n, planes.reshape(n, n_planes, words))
    rules = parameters.rules(samples.n_features)
    scale = 255.0 if eight_bit_leaves else 1.0

    def grow(seed: np.uint64) -> Tree:
        leaves = np.empty((n, n_planes + 1, n_outputs), np.uint8 if eight_bit_leaves else np.float32)
        tree = grow_outputs(samples.source, planes, np.arange(n, dtype=np.int32), n_planes, leaves, scale, rules, seed)
        return _fitted(tree)

    return joined(samples.n_features, np.asarray(classes), _in_threads(grow, parameters.seeds(), workers))


def fit_targets(
    samples: Samples, targets: NDArray[np.floating[Any]], parameters: ExtraTrees, *, workers: int | None = None
) -> Forest:
    """Fit a regression forest to one or more targets a sample.

    Parameters
    ----------
    samples : Samples
        n samples of d 8-bit features.
    targets : ndarray of float, (n, O)
    workers : int, optional
        Threads; the forest does not depend on their number.

    Raises
    ------
    DataError
        If there is no sample, a target is not finite, or targets and samples differ in number.
    """
    from algorithms.toolkit.forests.grow_targets import grow_targets

    _same_length(samples, targets)
    values = np.ascontiguousarray(targets, np.float64).reshape(len(samples), -1)
    if not np.isfinite(values).all():
        msg = f"target of sample {int(np.argwhere(~np.isfinite(values))[0, 0])} is not a finite number"
        raise DataError(msg)
    rules = parameters.rules(samples.n_features)

    def grow(seed: np.uint64) -> Tree:
        return _fitted(grow_targets(samples.source, values, np.arange(len(samples), dtype=np.int32), rules, seed))

    return joined(samples.n_features, np.empty(0, np.int64), _in_threads(grow, parameters.seeds(), workers))


def joined(n_features: int, classes: NDArray[Any], trees: list[Tree]) -> Forest:
    """Return the forest of `trees`, each (feature, threshold, child, leaf values (L, ...), importances)."""
    roots = np.concatenate([[0], np.cumsum([len(tree[0]) for tree in trees])]).astype(np.int64)
    leaves = np.concatenate([[0], np.cumsum([len(tree[3]) for tree in trees])])
    child = [
        np.where(tree[2] < 0, tree[2] - first, tree[2] + root)
        for tree, root, first in zip(trees, roots[:-1], leaves[:-1], strict=True)
    ]
    values = np.concatenate([tree[3] for tree in trees])
    shares = [tree[4] / total for tree in trees if (total := tree[4].sum()) > 0]
    return Forest(
        n_features=n_features,
        classes=classes,
        roots=roots,
        feature=np.concatenate([tree[0] for tree in trees]),
        threshold=np.concatenate([tree[1] for tree in trees]),
        child=np.concatenate(child).astype(np.int32),
        values=values[:, :, None] if values.ndim == 2 else values,
        importances=np.mean(shares, axis=0) if shares else np.zeros(n_features),
    )


def _fitted(tree: Tree) -> Tree:
    """Return a tree in arrays of its own size: those it grew in have room for a leaf a sample."""
    feature, threshold, child, values, importances = (part.copy() for part in tree)
    return feature, threshold, child, values, importances


def _same_length(samples: Samples, labels: NDArray[Any] | Samples) -> None:
    if len(samples) == 0:
        raise DataError("there is no sample to learn from")
    if len(labels) != len(samples):
        msg = f"{len(samples)} samples but {len(labels)} labels"
        raise DataError(msg)


def _in_threads(grow: Callable[[np.uint64], Tree], seeds: list[np.uint64], workers: int | None) -> list[Tree]:
    """Grow one tree a seed; the kernels hold no lock, so threads use all cores and share the data."""
    from algorithms.toolkit.compiled import worker_count

    with ThreadPoolExecutor(min(worker_count(workers), len(seeds))) as pool:
        return list(pool.map(grow, seeds))
