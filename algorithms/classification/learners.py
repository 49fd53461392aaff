"""The learners on leaf frequencies (ET-FL): fitted by scikit-learn, kept and applied as arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.params import Settings
from algorithms.toolkit.errors import ModelError
from algorithms.toolkit.forests import Forest
from algorithms.toolkit.forests.predict import predict_proba

#: Trees of the forests on leaf features, and neighbours, of the historical codes.
TREES, NEIGHBOURS = 1000, 10
#: Images whose leaf features are written out in full at a time.
ROWS = 64


class Learner(ABC):
    """Tells classes from scaled leaf frequencies."""

    @abstractmethod
    def proba(self, features: Any) -> NDArray[np.float64]:
        """Return class probabilities (n, C) of a CSR matrix (n, L)."""

    @abstractmethod
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that a model file keeps."""

    @abstractmethod
    def check(self, n_classes: int, n_leaves: int) -> None:
        """Refuse arrays that do not fit the forest."""


@dataclass(frozen=True, eq=False)
class Linear(Learner):
    """Linear decision values (n, C) to probabilities by a softmax of `scale` times them."""

    coefficients: NDArray[np.float32]
    intercepts: NDArray[np.float64]
    scale: float

    def values(self, features: Any) -> NDArray[np.float64]:
        """Return the decision values."""
        return np.asarray(features @ self.coefficients.T, np.float64) + self.intercepts

    def proba(self, features: Any) -> NDArray[np.float64]:
        """Return class probabilities of a CSR matrix of features."""
        return softmax(self.scale * self.values(features))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that a model file keeps."""
        scale = np.array(self.scale, np.float64)
        return {"coefficients": self.coefficients, "intercepts": self.intercepts, "scale": scale}

    def check(self, n_classes: int, n_leaves: int) -> None:
        """Refuse arrays that do not fit the forest."""
        _same(self.coefficients.shape, (n_classes, n_leaves))
        _same(self.intercepts.shape, (n_classes,))


@dataclass(frozen=True, eq=False)
class Trees(Learner):
    """A forest on leaf frequencies."""

    forest: Forest

    def proba(self, features: Any) -> NDArray[np.float64]:
        """Return class probabilities of a CSR matrix of features."""
        starts = range(0, features.shape[0], ROWS)
        parts = [predict_proba(self.forest, features[i : i + ROWS].toarray().astype(np.float32)) for i in starts]
        return np.concatenate([np.empty((0, self.forest.values.shape[1])), *parts]).astype(np.float64)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that a model file keeps."""
        return self.forest.arrays()

    def check(self, n_classes: int, n_leaves: int) -> None:
        """Refuse arrays that do not fit the forest."""
        _same((self.forest.values.shape[1], self.forest.n_features), (n_classes, n_leaves))


@dataclass(frozen=True, eq=False)
class Neighbours(Learner):
    """The shares of the classes among the nearest training images."""

    data: NDArray[np.float32]
    indices: NDArray[np.int32]
    indptr: NDArray[np.int64]
    codes: NDArray[np.int64]
    shape: tuple[int, int]

    def proba(self, features: Any) -> NDArray[np.float64]:
        """Return class probabilities of a CSR matrix of features."""
        from scipy.sparse import csr_matrix

        known = csr_matrix((self.data, self.indices, self.indptr), shape=(len(self.codes), self.shape[1]))
        lengths = np.asarray(known.multiply(known).sum(axis=1)).ravel()
        found = np.zeros((features.shape[0], self.shape[0]))
        for start in range(0, features.shape[0], ROWS):
            distances = lengths - 2 * np.asarray((features[start : start + ROWS] @ known.T).todense())
            nearest = np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]
            for place, row in enumerate(self.codes[nearest]):
                found[start + place] = np.bincount(row, minlength=self.shape[0]) / len(row)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that a model file keeps."""
        rest = {"codes": self.codes, "shape": np.array(self.shape, np.int64)}
        return {"data": self.data, "indices": self.indices, "indptr": self.indptr, **rest}

    def check(self, n_classes: int, n_leaves: int) -> None:
        """Refuse arrays that do not fit the forest."""
        _same(self.shape, (n_classes, n_leaves))
        inside = (self.indices >= 0).all() and (self.indices < n_leaves).all() and (self.codes < n_classes).all()
        ordered = len(self.indptr) == len(self.codes) + 1 and (np.diff(self.indptr) >= 0).all()
        _same((bool(inside and ordered and (self.codes >= 0).all()), int(self.indptr[-1])), (True, len(self.data)))


def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities (n, C) of decision values."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def fit_learner(
    settings: Settings, features: Any, codes: NDArray[np.int64], weights: NDArray[np.float64] | None
) -> Learner:
    """Fit the learner that the settings name to scaled leaf frequencies.

    Parameters
    ----------
    features : csr_matrix, (n, L)
    codes : ndarray of int, (n,)
        Class numbers 0 to C - 1.
    weights : ndarray of float, (C,), optional
    """
    by_class = None if weights is None else dict(enumerate(weights.tolist()))
    n_classes = int(codes.max()) + 1
    if settings.learner == "neighbours":
        features.sort_indices()
        pointers = features.indptr.astype(np.int64)
        data, indices = features.data.astype(np.float32), features.indices.astype(np.int32)
        return Neighbours(data, indices, pointers, codes.astype(np.int64), (n_classes, features.shape[1]))
    if settings.learner in {"extra_trees", "random_forest"}:
        return _fit_trees(settings, features, codes, by_class)
    linear = _fit_linear(settings, features, codes, by_class)
    if settings.learner.startswith("logistic"):
        return linear
    # a support vector machine's values are no probabilities: how steep the softmax is comes from held-out ones
    return Linear(linear.coefficients, linear.intercepts, _steepness(settings, features, codes, by_class))


def learner_from_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> Learner:
    """Return the learner that a model file holds."""
    if name in {"extra_trees", "random_forest"}:
        return Trees(Forest.from_arrays(arrays))
    if name == "neighbours":
        n_classes, n_leaves = (int(item) for item in arrays["shape"])
        data, indices, pointers, codes = (arrays[part] for part in ("data", "indices", "indptr", "codes"))
        return Neighbours(data, indices, pointers, codes, (n_classes, n_leaves))
    return Linear(arrays["coefficients"], arrays["intercepts"], float(arrays["scale"]))


def _fit_trees(settings: Settings, features: Any, codes: NDArray[np.int64], weights: Any) -> Learner:
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    from algorithms.toolkit.forests.sklearn_import import from_sklearn

    kind = ExtraTreesClassifier if settings.learner == "extra_trees" else RandomForestClassifier
    trees = kind(
        TREES, max_features="sqrt", random_state=settings.forest.seed, n_jobs=settings.workers, class_weight=weights
    )
    return Trees(from_sklearn(trees.fit(features, codes)))


def _fit_linear(settings: Settings, features: Any, codes: NDArray[np.int64], weights: Any) -> Linear:
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    seed, cost = settings.forest.seed, settings.cost
    if settings.learner.startswith("logistic"):
        ratio = 1.0 if settings.learner.endswith("l1") else 0.0
        machine = LogisticRegression(
            C=cost, l1_ratio=ratio, solver="saga", tol=1e-3, max_iter=300, random_state=seed, class_weight=weights
        )
    else:
        loss = "hinge" if settings.learner == "svc" else "squared_hinge"
        machine = LinearSVC(C=cost, loss=loss, dual=True, max_iter=5000, random_state=seed, class_weight=weights)
    fitted = _quietly(machine, features, codes)
    coefficients, intercepts = np.asarray(fitted.coef_), np.asarray(fitted.intercept_, np.float64)
    if len(coefficients) == 1:  # two classes: halves, so that a softmax of both is the logistic function of one
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        intercepts = np.concatenate([-intercepts / 2, intercepts / 2])
    return Linear(coefficients.astype(np.float32), intercepts, 1.0)


def _quietly(machine: Any, features: Any, codes: NDArray[np.int64]) -> Any:
    """Fit; one that stopped at its last iteration is good enough here."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return machine.fit(features, codes)


def _steepness(settings: Settings, features: Any, codes: NDArray[np.int64], weights: Any) -> float:
    """Return the scale at which a softmax of held-out decision values fits best; 1 where a class is too small."""
    from scipy.optimize import minimize_scalar
    from sklearn.model_selection import StratifiedKFold

    if np.bincount(codes).min() < 3:
        return 1.0
    held_out = np.zeros((len(codes), codes.max() + 1))
    for train, test in StratifiedKFold(3, shuffle=True, random_state=settings.forest.seed).split(features, codes):
        held_out[test] = _fit_linear(settings, features[train], codes[train], weights).values(features[test])

    # Platt's targets: nobody is sure after a finite number of examples, however well these are told apart
    n_classes = int(codes.max()) + 1
    unsure = 1 / (np.bincount(codes)[codes] + 2)[:, None]
    wanted = np.where(np.arange(n_classes) == codes[:, None], 1 - unsure, unsure / (n_classes - 1))

    def loss(power: float) -> float:
        found = softmax(np.exp(power) * held_out)
        return float(-(wanted * np.log(np.maximum(found, 1e-12))).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 4), method="bounded").x))


def _same(found: object, wanted: object) -> None:
    if found != wanted:
        msg = f"the model's learner is damaged ({found} instead of {wanted}): train the model again"
        raise ModelError(msg)
