"""Figures against scikit-learn and scipy, and the cases where nothing was counted."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from algorithms.toolkit.metrics import Rate, calibration, score


@pytest.mark.parametrize(("right", "total"), [(0, 7), (7, 7), (1, 3), (80, 100), (999, 1000)])
def test_intervals_are_wilsons(right: int, total: int) -> None:
    found = Rate.of(right, total)
    wanted = binomtest(right, total).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_figures_equal_scikit_learns() -> None:
    random = np.random.default_rng(0)
    truth, proba = random.integers(0, 4, 300), random.dirichlet(np.ones(4), 300)
    proba[np.arange(300), truth] += 0.4
    proba /= proba.sum(axis=1, keepdims=True)
    found, names = proba.argmax(axis=1), ["a", "b", "c", "d"]
    scores = score(names, truth, proba)
    assert np.array_equal(scores.confusion, confusion_matrix(truth, found))
    for figure, wanted in (("precision", precision_score), ("recall", recall_score)):
        values = [getattr(one, figure).value for one in scores.by_class]
        assert values == pytest.approx(wanted(truth, found, average=None))
    assert [one.f1 for one in scores.by_class] == pytest.approx(f1_score(truth, found, average=None))
    pairs = scores.confused(3)
    assert pairs[0][2] == max(scores.confusion[i, j] for i in range(4) for j in range(4) if i != j)


def test_a_class_that_does_not_occur_has_no_rate() -> None:
    scores = score(["a", "b"], np.zeros(3, np.int64), np.array([[0.9, 0.1]] * 3))
    assert math.isnan(scores.by_class[1].recall.value)
    assert scores.facts()["classes"][1]["recall"]["value"] is None
    assert scores.balanced_accuracy == 1.0


def test_calibration_counts_every_prediction() -> None:
    confidence = np.array([0.05, 0.55, 0.58, 1.0])
    table = calibration(confidence, np.array([False, True, False, True]))
    assert len(table) == 3
    assert table[:, 2].sum() == 4
    assert table[1].tolist() == pytest.approx([0.565, 0.5, 2])
