"""How good a classifier is: confusion matrix, precision and recall with intervals, calibration.

Intervals are Wilson's for a proportion (E. B. Wilson, JASA 22, 1927): honest for few samples, and near 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Standard deviations of a 95 % interval.
Z = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """A proportion `right / total` with its 95 % interval; all NaN when nothing was counted."""

    right: int
    total: int
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, right: int, total: int) -> Rate:
        """Return the rate of `right` among `total`.

        >>> rate = Rate.of(8, 10)
        >>> round(rate.low, 3), rate.value, round(rate.high, 3)
        (0.49, 0.8, 0.943)
        """
        if total == 0:
            return cls(0, 0, math.nan, math.nan, math.nan)
        share = right / total
        middle = share + Z**2 / (2 * total)
        half = Z * math.sqrt(share * (1 - share) / total + Z**2 / (4 * total**2))
        factor = 1 + Z**2 / total
        low = 0.0 if right == 0 else (middle - half) / factor
        return cls(right, total, share, low, 1.0 if right == total else (middle + half) / factor)


@dataclass(frozen=True)
class ClassScore:
    """Precision and recall of one class."""

    name: str
    precision: Rate
    recall: Rate

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where nothing is right."""
        total = self.precision.total + self.recall.total
        return 2 * self.recall.right / total if total else math.nan


@dataclass(frozen=True, eq=False)
class Scores:
    """All figures of one evaluation.

    Attributes
    ----------
    classes : list of str
    confusion : ndarray of int64, (C, C)
        Rows are true classes, columns predicted ones.
    accuracy : Rate
    by_class : list of ClassScore
    calibration : ndarray of float64, (B, 3)
        Mean confidence, share that is right, and number, of every occupied bin of confidence.
    calibration_error : float
        Mean distance of confidence and share, weighted by the bins' numbers.
    """

    classes: list[str]
    confusion: NDArray[np.int64]
    accuracy: Rate
    by_class: list[ClassScore]
    calibration: NDArray[np.float64]
    calibration_error: float

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that occur."""
        return float(np.mean([score.recall.value for score in self.by_class if score.recall.total]))

    def confused(self, count: int = 5) -> list[tuple[int, int, int]]:
        """Return the pairs (true, predicted, number) that are confused most."""
        off = self.confusion - np.diag(np.diag(self.confusion))
        order = np.argsort(-off, axis=None, kind="stable")[:count]
        cells = [(int(place // len(off)), int(place % len(off))) for place in order]
        return [(true, found, int(off[true, found])) for true, found in cells if off[true, found]]

    def facts(self) -> dict[str, Any]:
        """Return the figures as JSON keeps them."""
        return {
            "accuracy": self.accuracy.value,
            "accuracy_interval": [self.accuracy.low, self.accuracy.high],
            "balanced_accuracy": self.balanced_accuracy,
            "calibration_error": self.calibration_error,
            "confusion": self.confusion.tolist(),
            "classes": [
                {
                    "name": score.name,
                    "precision": _plain(score.precision),
                    "recall": _plain(score.recall),
                    "f1": None if math.isnan(score.f1) else score.f1,
                }
                for score in self.by_class
            ],
        }


def score(classes: Sequence[str], truth: NDArray[np.int64], proba: NDArray[np.float64], *, bins: int = 10) -> Scores:
    """Compare class probabilities with the truth.

    Parameters
    ----------
    classes : sequence of str, C of them
    truth : ndarray of int, (n,)
        Class numbers.
    proba : ndarray of float, (n, C)
    """
    found = proba.argmax(axis=1)
    size = len(classes)
    confusion = np.bincount(truth * size + found, minlength=size * size).reshape(size, size)
    right = found == truth
    by_class = [
        ClassScore(
            str(name),
            Rate.of(int(confusion[i, i]), int(confusion[:, i].sum())),
            Rate.of(int(confusion[i, i]), int(confusion[i].sum())),
        )
        for i, name in enumerate(classes)
    ]
    table = calibration(proba.max(axis=1), right, bins)
    error = float((np.abs(table[:, 0] - table[:, 1]) * table[:, 2]).sum() / max(1, len(truth)))
    accuracy = Rate.of(int(right.sum()), len(truth))
    return Scores([str(name) for name in classes], confusion, accuracy, by_class, table, error)


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> NDArray[np.float64]:
    """Return mean confidence, share that is right, and number, of every occupied bin, (B, 3)."""
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    rows = [(confidence[place == b].mean(), right[place == b].mean(), (place == b).sum()) for b in np.unique(place)]
    return np.array(rows, np.float64).reshape(-1, 3)


def _plain(rate: Rate) -> dict[str, float | int | None]:
    figures = {"value": rate.value, "low": rate.low, "high": rate.high}
    return {"of": rate.total, **{name: None if math.isnan(value) else value for name, value in figures.items()}}
