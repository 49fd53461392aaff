"""The forest as flat arrays: what is trained, stored and predicted with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import ModelError

_DTYPES = {"roots": np.int64, "feature": np.int32, "threshold": np.float32, "child": np.int32}


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees in one set of arrays.

    A sample goes to the left child where its value of ``feature`` is at most ``threshold``. The two children of a node
    are neighbours. Leaves are numbered through the whole forest, tree after tree.

    Attributes
    ----------
    n_features : int
        Length of a feature vector.
    classes : ndarray, (C,)
        Class labels in ascending order; empty for a regression forest.
    roots : ndarray of int64, (T + 1,)
        Node of every tree's root, and the number of nodes.
    feature : ndarray of int32, (N,)
        Feature tested at a node; 0 at a leaf.
    threshold : ndarray of float32, (N,)
        Largest value that goes left; infinite at a leaf.
    child : ndarray of int32, (N,)
        Left child (the right one follows it); at a leaf the complement ``~number`` of the leaf's number.
    values : ndarray of float32 or uint8, (L, C, O) or (L, 1, O)
        Class frequencies (or the mean target) of every leaf, class and output; uint8 counts 255ths.
    importances : ndarray of float64, (n_features,)
        Mean decrease in impurity, summing to 1 (all zero when no tree has a split).
    """

    n_features: int
    classes: NDArray[Any]
    roots: NDArray[np.int64]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    child: NDArray[np.int32]
    values: NDArray[Any]
    importances: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.roots) - 1

    @property
    def n_nodes(self) -> int:
        """Number of nodes of all trees."""
        return len(self.feature)

    @property
    def n_leaves(self) -> int:
        """Number of leaves of all trees."""
        return len(self.values)

    @property
    def n_outputs(self) -> int:
        """Number of outputs: 1, or the pixels of a window."""
        return int(self.values.shape[2])

    @property
    def scale(self) -> float:
        """What a stored value is multiplied by: 1, or 1/255 where leaves are kept in 8 bits."""
        return 1 / 255 if self.values.dtype == np.uint8 else 1.0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, as a model file keeps them; `from_arrays` is the way back."""
        names = ("classes", "roots", "feature", "threshold", "child", "values", "importances")
        return {"n_features": np.array(self.n_features), **{name: getattr(self, name) for name in names}}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Forest:
        """Build a forest from named arrays and check it.

        Raises
        ------
        ModelError
            If an array is missing or they do not describe trees.
        """
        names = ("classes", "roots", "feature", "threshold", "child", "values", "importances")
        missing = [name for name in ("n_features", *names) if name not in arrays]
        if missing:
            msg = f"the model's forest has no array {missing[0]!r}: train the model again"
            raise ModelError(msg)
        forest = cls(int(arrays["n_features"]), **{name: arrays[name] for name in names})
        forest.check()
        return forest

    def check(self) -> None:
        """Check that every index stays inside its tree, so that no kernel reads elsewhere.

        Raises
        ------
        ModelError
            If the arrays do not describe trees.
        """
        for name, dtype in _DTYPES.items():
            array = getattr(self, name)
            self._require(array.dtype == dtype and array.ndim == 1, f"{name} is not a vector of {np.dtype(dtype)}")
        n_nodes = self.n_nodes
        self._require(
            self.values.ndim == 3 and self.values.dtype in (np.float32, np.uint8), "values are not leaf tables"
        )
        self._require(len(self.threshold) == n_nodes == len(self.child), "node arrays differ in length")
        self._require(len(self.importances) in (0, self.n_features), "importances do not match the features")
        self._require(len(self.classes) in (0, self.values.shape[1]), "classes do not match the leaves")
        self._require(
            len(self.roots) > 1
            and self.roots[0] == 0
            and self.roots[-1] == n_nodes
            and bool((np.diff(self.roots) > 0).all()),
            "roots do not cut the nodes into trees",
        )
        self._require(
            n_nodes > 0 and self.feature.min() >= 0 and self.feature.max() < self.n_features,
            "a feature is out of range",
        )
        self._check_links()

    def _check_links(self) -> None:
        leaf = self.child < 0
        numbers = np.sort(~self.child[leaf])
        right = len(numbers) == self.n_leaves and bool((numbers == np.arange(len(numbers))).all())
        self._require(right, "leaves are misnumbered")
        inner = np.flatnonzero(~leaf)
        left = self.child[inner].astype(np.int64)
        end = self.roots[np.searchsorted(self.roots, inner, side="right")]
        self._require(bool(((left > inner) & (left + 1 < end)).all()), "a child lies outside its tree")

    @staticmethod
    def _require(condition: bool, problem: str) -> None:
        if not condition:
            msg = f"the model's forest is damaged ({problem}): train the model again"
            raise ModelError(msg)
