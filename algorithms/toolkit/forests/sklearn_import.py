"""A forest fitted by scikit-learn, as flat arrays; scikit-learn is the reference for our own trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import ModelError
from algorithms.toolkit.forests.forest import Forest


def from_sklearn(fitted: Any, *, eight_bit_leaves: bool = False) -> Forest:
    """Copy a fitted scikit-learn forest of trees (extra-trees or random forest, classes or targets).

    Parameters
    ----------
    fitted : ExtraTreesClassifier, RandomForestClassifier, ExtraTreesRegressor or RandomForestRegressor
    eight_bit_leaves : bool
        Keep class frequencies in 255ths: a quarter of the memory for forests of many outputs.

    Returns
    -------
    Forest
        With the union of the outputs' classes, so that an output that saw only one class is like the others.

    Raises
    ------
    ModelError
        If the forest is not fitted.
    """
    if not hasattr(fitted, "estimators_"):
        raise ModelError("the scikit-learn forest is not fitted: call fit first")
    classes, columns = _classes(fitted)
    trees = [estimator.tree_ for estimator in fitted.estimators_]
    roots = np.concatenate([[0], np.cumsum([tree.node_count for tree in trees])]).astype(np.int64)
    feature, threshold, child, values = [], [], [], []
    n_leaves = 0
    for root, tree in zip(roots[:-1], trees, strict=True):
        order, left = _neighbours(tree)
        leaf = left < 0
        numbers = n_leaves + np.cumsum(leaf) - 1
        n_leaves += int(leaf.sum())
        feature.append(np.where(leaf, 0, tree.feature[order]))
        threshold.append(np.where(leaf, np.inf, _rounded_down(tree.threshold[order])))
        child.append(np.where(leaf, ~numbers, left + root))
        values.append(_values(tree.value[order[leaf]], columns, len(classes)))
    table = np.concatenate(values)
    return Forest(
        n_features=int(fitted.n_features_in_),
        classes=classes,
        roots=roots,
        feature=np.concatenate(feature).astype(np.int32),
        threshold=np.concatenate(threshold).astype(np.float32),
        child=np.concatenate(child).astype(np.int32),
        values=np.rint(table * 255).astype(np.uint8) if eight_bit_leaves else table.astype(np.float32),
        importances=np.asarray(fitted.feature_importances_, np.float64),
    )


def _classes(fitted: Any) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """Return the union of the classes, and for every output the place of its classes in it (empty: regression)."""
    if not hasattr(fitted, "classes_"):
        return np.empty(0, np.int64), []
    outputs = fitted.classes_ if isinstance(fitted.classes_, list) else [fitted.classes_]
    union = np.unique(np.concatenate(outputs))
    return union, [np.asarray(np.searchsorted(union, classes)) for classes in outputs]


def _neighbours(tree: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Renumber a tree's nodes so that siblings are neighbours; return the old number and the new left child."""
    order, left = [0], []
    for position in range(tree.node_count):
        old = order[position]
        if tree.children_left[old] < 0:
            left.append(-1)
        else:
            left.append(len(order))
            order += [tree.children_left[old], tree.children_right[old]]
    return np.array(order), np.array(left)


def _rounded_down(threshold: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each threshold: float32 values then compare as scikit-learn's do."""
    nearest = threshold.astype(np.float32)
    return np.where(nearest > threshold, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _values(raw: NDArray[np.float64], columns: list[NDArray[Any]], n_classes: int) -> NDArray[np.float64]:
    """Return leaf tables (L, C, O) from scikit-learn's (L, O, C); targets become (L, 1, O)."""
    if not columns:
        return np.ascontiguousarray(raw[:, :, 0][:, None, :])
    table = np.zeros((len(raw), n_classes, len(columns)))
    for output, places in enumerate(columns):
        counts = raw[:, output, : len(places)]
        table[:, places, output] = counts / counts.sum(axis=1, keepdims=True)
    return table
