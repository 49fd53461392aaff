"""Estimators as scikit-learn has them: `fit`, `predict`, `predict_proba`, `get_params`, on sequences of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from algorithms.classification import train
from algorithms.classification.params import MEGABYTE, Settings
from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.forests import ExtraTrees
from algorithms.toolkit.subwindows import Colour, Interpolation, WindowSpec

#: Also an array (n, H, W) or (n, H, W, 3).
Images = Sequence[NDArray[np.uint8]]
COLOURS = {colour.name.lower(): colour for colour in Colour}
FILTERS = {way.name.lower(): way for way in Interpolation}


class SubwindowClassifier(ClassifierMixin, BaseEstimator):
    """Direct classification by the votes of random subwindows (ET-DIC; Marée et al. 2016, section 2.2).

    Parameters
    ----------
    n_windows : int
        Random subwindows of an image.
    width, height, min_size, max_size, fixed_size, interpolation, colour, transpose, max_angle
        See `WindowSpec`; colours "rgb", "trgb", "hsv", "gray"; filters "nearest", "bilinear", "cubic", "antialias".
    n_estimators, max_features, min_samples_split
        See `ExtraTrees`.
    class_weight : None or "balanced"
    random_state : int
    n_jobs : int, optional
        Threads; the result does not depend on it.
    memory_budget : int
        Megabytes.

    Attributes
    ----------
    classes_ : ndarray, (C,)
    model_ : ClassificationModel
    """

    def __init__(
        self,
        *,
        n_windows: int = 100,
        width: int = 16,
        height: int = 16,
        min_size: float = 0.1,
        max_size: float = 1.0,
        fixed_size: bool = False,
        interpolation: str = "bilinear",
        colour: str = "hsv",
        transpose: bool = False,
        max_angle: float = 0.0,
        n_estimators: int = 10,
        max_features: int | None = None,
        min_samples_split: int = 2,
        class_weight: str | None = None,
        random_state: int = 42,
        n_jobs: int | None = None,
        memory_budget: int = 1024,
    ) -> None:
        self.n_windows = n_windows
        self.width = width
        self.height = height
        self.min_size = min_size
        self.max_size = max_size
        self.fixed_size = fixed_size
        self.interpolation = interpolation
        self.colour = colour
        self.transpose = transpose
        self.max_angle = max_angle
        self.n_estimators = n_estimators
        self.max_features = max_features
        self.min_samples_split = min_samples_split
        self.class_weight = class_weight
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.memory_budget = memory_budget

    def fit(self, X: Images, y: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Learn from images (arrays of uint8, (H, W), (H, W, 3) or (H, W, 4)) and their classes."""
        labels = np.asarray(y)
        if labels.ndim != 1 or len(labels) != len(X):
            msg = f"{len(X)} images need as many labels, got an array of shape {labels.shape}"
            raise DataError(msg)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        # fixed width keeps the order of the numbers when they are sorted as text
        names = np.array([f"{code:06d}" for code in codes])
        self.model_ = train.fit(X, names, self.settings())
        return self

    def predict_proba(self, X: Images) -> NDArray[np.float64]:  # noqa: N803 - as above
        """Return class probabilities, (n, C)."""
        check_is_fitted(self)
        return train.predict_proba(self.model_, X)

    def predict(self, X: Images) -> NDArray[Any]:  # noqa: N803 - as above
        """Return the most probable class of every image; of equal ones the first."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

    def settings(self) -> Settings:
        """Return the parameters as the algorithm takes them."""
        return Settings(
            n_windows=self.n_windows,
            windows=WindowSpec(
                width=self.width,
                height=self.height,
                min_size=self.min_size,
                max_size=self.max_size,
                fixed_size=self.fixed_size,
                interpolation=_one_of(FILTERS, "interpolation", self.interpolation),
                colour=_one_of(COLOURS, "colour", self.colour),
                transpose=self.transpose,
                max_angle=self.max_angle,
            ),
            forest=ExtraTrees(
                n_trees=self.n_estimators,
                max_features=self.max_features,
                min_samples_split=self.min_samples_split,
                seed=self.random_state,
            ),
            class_weight="none" if self.class_weight is None else self.class_weight,  # type: ignore[arg-type]
            budget=self.memory_budget * MEGABYTE,
            workers=self.n_jobs,
            **self._learner(),
        )

    def _learner(self) -> dict[str, Any]:
        return {}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


class LeafFeatureClassifier(SubwindowClassifier):
    """A learner on the frequencies of subwindows in the leaves of a forest (ET-FL; Marée et al. 2016, section 2.3).

    Parameters
    ----------
    learner : str
        "linear_svc", "svc" (hinge loss), "logistic_l1", "logistic_l2", "extra_trees", "random_forest" or "neighbours".
    cost : float
        Inverse strength of the regularisation of the linear learners.
    square_roots : bool
        Give the learner square roots of the frequencies.
    """

    def __init__(
        self,
        *,
        learner: str = "linear_svc",
        cost: float = 1.0,
        square_roots: bool = False,
        n_windows: int = 100,
        width: int = 16,
        height: int = 16,
        min_size: float = 0.1,
        max_size: float = 1.0,
        fixed_size: bool = False,
        interpolation: str = "bilinear",
        colour: str = "hsv",
        transpose: bool = False,
        max_angle: float = 0.0,
        n_estimators: int = 10,
        max_features: int | None = None,
        min_samples_split: int = 10,
        class_weight: str | None = None,
        random_state: int = 42,
        n_jobs: int | None = None,
        memory_budget: int = 1024,
    ) -> None:
        super().__init__(
            n_windows=n_windows,
            width=width,
            height=height,
            min_size=min_size,
            max_size=max_size,
            fixed_size=fixed_size,
            interpolation=interpolation,
            colour=colour,
            transpose=transpose,
            max_angle=max_angle,
            n_estimators=n_estimators,
            max_features=max_features,
            min_samples_split=min_samples_split,
            class_weight=class_weight,
            random_state=random_state,
            n_jobs=n_jobs,
            memory_budget=memory_budget,
        )
        self.learner = learner
        self.cost = cost
        self.square_roots = square_roots

    def _learner(self) -> dict[str, Any]:
        return {"learner": self.learner, "cost": self.cost, "roots": self.square_roots}


def _one_of(known: dict[str, Any], name: str, value: str) -> Any:
    if value not in known:
        msg = f"{name}: {value!r} is not one of {', '.join(known)}"
        raise ParameterError(msg)
    return known[value]
