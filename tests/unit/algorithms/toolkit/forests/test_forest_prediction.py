"""Prediction with flat arrays is scikit-learn's on the same trees."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, RandomForestClassifier

from algorithms.toolkit.errors import ModelError, ParameterError
from algorithms.toolkit.forests.forest import Forest
from algorithms.toolkit.forests.layout import layout
from algorithms.toolkit.forests.predict import (
    leaf_frequencies,
    leaves_at,
    predict_leaves,
    predict_proba,
    predict_targets,
    predict_votes,
    window_offsets,
)
from algorithms.toolkit.forests.sklearn_import import from_sklearn
from tests.support.forest_data import blobs, masked_picture

X, Y = blobs(500, 1)
NEW, _ = blobs(333, 2)


@pytest.fixture(scope="module")
def fitted():
    return ExtraTreesClassifier(13, max_features=8, random_state=0).fit(X.astype(np.float32), Y)


@pytest.mark.parametrize("kind", [ExtraTreesClassifier, RandomForestClassifier])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_probabilities_equal(kind, dtype):
    model = kind(9, min_samples_leaf=3, class_weight={0: 1, 1: 2, 2: 0.5}, random_state=0).fit(X.astype(np.float32), Y)
    got = predict_proba(from_sklearn(model), NEW.astype(dtype))
    assert np.abs(got - model.predict_proba(NEW.astype(np.float32))).max() < 1e-6


def test_thresholds_between_float_values_send_them_where_scikit_learn_does():
    random = np.random.default_rng(0)
    grid = (random.integers(0, 50, (400, 6)) / np.float32(7)).astype(np.float32)
    model = ExtraTreesClassifier(30, random_state=0).fit(grid, random.integers(0, 2, 400))
    assert np.abs(predict_proba(from_sklearn(model), grid) - model.predict_proba(grid)).max() < 1e-6


def test_negative_thresholds_on_eight_bit_data():
    values = X.astype(np.float32) - 100
    model = ExtraTreesClassifier(5, random_state=0).fit(values, Y)
    got = predict_proba(from_sklearn(model), NEW)
    assert np.abs(got - model.predict_proba(NEW.astype(np.float32))).max() < 1e-6


def test_many_outputs_with_one_that_saw_a_single_class():
    labels = np.stack([Y, np.zeros_like(Y), Y % 2], axis=1)
    model = ExtraTreesClassifier(7, min_samples_leaf=4, random_state=0).fit(X.astype(np.float32), labels)
    got = predict_proba(from_sklearn(model), NEW)
    assert got.shape == (len(NEW), 3, 3)
    for output, expected in enumerate(model.predict_proba(NEW.astype(np.float32))):
        assert np.abs(got[:, output, : expected.shape[1]] - expected).max() < 1e-6
        assert not got[:, output, expected.shape[1] :].any()


def test_eight_bit_leaves_are_within_half_a_step():
    model = ExtraTreesClassifier(7, min_samples_leaf=4, random_state=0).fit(X.astype(np.float32), np.stack([Y, Y], 1))
    exact, kept = from_sklearn(model), from_sklearn(model, eight_bit_leaves=True)
    assert kept.values.dtype == np.uint8
    assert np.abs(predict_proba(exact, NEW) - predict_proba(kept, NEW)).max() <= 0.5 / 255 + 1e-6


def test_targets_equal():
    targets = np.stack([X[:, 30] * 0.5, -X[:, 40].astype(float)], axis=1)
    model = ExtraTreesRegressor(7, min_samples_leaf=4, random_state=0).fit(X.astype(np.float32), targets)
    got = predict_targets(from_sklearn(model), NEW)
    np.testing.assert_allclose(got, model.predict(NEW.astype(np.float32)), rtol=1e-5, atol=1e-4)


def test_leaves_are_scikit_learns(fitted):
    got, expected = predict_leaves(from_sklearn(fitted), NEW), fitted.apply(NEW.astype(np.float32))
    for tree in range(13):
        pairs = np.unique(np.stack([got[:, tree], expected[:, tree]]), axis=1)
        assert len(pairs.T) == len(np.unique(got[:, tree])) == len(np.unique(expected[:, tree]))


def test_votes(fitted):
    expected = np.stack([tree.predict(NEW.astype(np.float32)) for tree in fitted.estimators_])
    got = predict_votes(from_sklearn(fitted), NEW)
    assert (got == np.stack([(expected == number).sum(axis=0) for number in range(3)], axis=1)).all()


def test_leaf_frequencies(fitted):
    forest = from_sklearn(fitted)
    groups = np.array([0, 10, 10, 110, 333])
    got = leaf_frequencies(forest, NEW, groups)
    leaves = predict_leaves(forest, NEW)
    for image, (start, stop) in enumerate(pairwise(groups)):
        counts = np.bincount(leaves[start:stop].ravel(), minlength=forest.n_leaves) / max(stop - start, 1)
        np.testing.assert_allclose(got[image].toarray().ravel(), counts, rtol=1e-6)
    assert got.has_sorted_indices
    assert got.dtype == np.float32


@settings(max_examples=15, deadline=None)
@given(n=st.integers(0, 40), workers=st.integers(1, 3))
def test_any_number_of_samples_and_threads(fitted, n, workers):
    forest = from_sklearn(fitted)
    whole = predict_proba(forest, NEW, 1)
    assert (predict_proba(forest, NEW[:n], workers) == whole[:n]).all()


def test_threads_change_nothing(fitted):
    forest = from_sklearn(fitted)
    many = np.tile(NEW, (20, 1))
    assert (predict_proba(forest, many, 1) == predict_proba(forest, many, 3)).all()


def test_windows_of_an_image_need_no_matrix():
    picture, mask = masked_picture(3, 60)
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0, 52, 3), np.arange(0, 52, 3)))
    matrix = np.stack([picture[b : b + 8, a : a + 8].ravel() for a, b in zip(x, y, strict=True)])
    model = ExtraTreesClassifier(5, random_state=0).fit(matrix.astype(np.float32), mask[y, x])
    forest = from_sklearn(model)
    nodes = layout(forest, window_offsets(8, 8, 3, 60 * 3), np.uint8)
    assert (leaves_at(nodes, picture.ravel(), (y * 60 + x) * 3) == predict_leaves(forest, matrix)).all()


def test_negative_offsets(fitted):
    forest = from_sklearn(fitted)
    centred = layout(forest, np.arange(60) - 30, np.uint8)
    assert (leaves_at(centred, NEW.ravel(), np.arange(len(NEW)) * 60 + 30) == predict_leaves(forest, NEW)).all()


def test_wrong_width_is_refused(fitted):
    with pytest.raises(ParameterError, match="60 features"):
        predict_proba(from_sklearn(fitted), NEW[:, :-1])


def test_an_unfitted_forest_is_refused():
    with pytest.raises(ModelError, match="not fitted"):
        from_sklearn(ExtraTreesClassifier())


@pytest.mark.parametrize("array", ["roots", "feature", "child", "threshold", "values", "importances", "classes"])
def test_damaged_arrays_are_refused(fitted, array):
    arrays = from_sklearn(fitted).arrays()
    damaged = arrays[array].copy()[:-1] if array != "child" else np.roll(arrays["child"], 1)
    with pytest.raises(ModelError):
        Forest.from_arrays({**arrays, array: damaged})
    with pytest.raises(ModelError, match="no array"):
        Forest.from_arrays({name: value for name, value in arrays.items() if name != array})


def test_importing_is_cheap():
    packages = "algorithms.toolkit.forests, algorithms.toolkit.subwindows, algorithms.toolkit.models"
    code = (
        f"import sys, {packages}; print([m for m in ('numba', 'sklearn', 'scipy', 'PIL', 'cv2') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
