"""Forests joined: the probabilities are the mean of the parts'."""

import numpy as np
import pytest

from algorithms.toolkit.errors import DataError
from algorithms.toolkit.forests import ExtraTrees, Samples, fit_classes
from algorithms.toolkit.forests.join import join_forests
from algorithms.toolkit.forests.predict import predict_proba


def test_a_joined_forest_is_the_mean_of_its_parts() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, (80, 12), dtype=np.uint8)
    labels = (values[:, 2].astype(int) + values[:, 9] > 255).astype(int)
    left, right = np.ascontiguousarray(values[:, :5]), np.ascontiguousarray(values[:, 5:])
    parts = [
        fit_classes(Samples.matrix(half), labels, ExtraTrees(3, min_samples_leaf=5, seed=1)) for half in (left, right)
    ]
    whole = join_forests(parts)
    whole.check()
    mean = (predict_proba(parts[0], left) + predict_proba(parts[1], right)) / 2
    np.testing.assert_allclose(predict_proba(whole, values), mean, atol=1e-6)
    assert np.ptp(mean[:, 0]) > 0.5


def test_forests_of_other_classes_are_not_joined() -> None:
    values = np.arange(20, dtype=np.uint8).reshape(10, 2)
    one, other = (
        fit_classes(Samples.matrix(values), np.arange(10) % number, ExtraTrees(1, seed=1)) for number in (2, 3)
    )
    with pytest.raises(DataError, match="same classes"):
        join_forests([one, other])
