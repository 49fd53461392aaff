"""Our trainer grows the trees that scikit-learn's would, in distribution."""

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.forests import ExtraTrees, Samples, fit_classes, fit_outputs, fit_targets
from algorithms.toolkit.forests.predict import predict_leaves, predict_proba, predict_targets
from algorithms.toolkit.forests.sklearn_import import from_sklearn
from tests.support.forest_data import blobs, dense, masked_picture

X, Y = blobs(400, 1)
NEW, NEW_Y = blobs(1500, 2)
TREES = 300


def shapes(forest, samples):
    """Return, for every tree: nodes, depth, mean depth of the samples' leaves, mean samples of a leaf."""
    leaves = predict_leaves(forest, samples)
    found = []
    for tree in range(forest.n_trees):
        first, stop = forest.roots[tree], forest.roots[tree + 1]
        depth = np.zeros(stop - first, int)
        for node in range(stop - first):
            if forest.child[first + node] >= 0:
                left = forest.child[first + node] - first
                depth[left] = depth[left + 1] = depth[node] + 1
        at = {
            ~forest.child[first + node]: depth[node] for node in range(stop - first) if forest.child[first + node] < 0
        }
        found.append((stop - first, depth.max(), np.mean([at[leaf] for leaf in leaves[:, tree]]), len(at)))
    return np.array(found, float)


def same_distribution(ours, theirs, samples):
    for one, other in zip(shapes(ours, samples).T, shapes(theirs, samples).T, strict=True):
        assert ks_2samp(one, other).pvalue > 0.001
        error = np.sqrt(one.var() / len(one) + other.var() / len(other))
        assert abs(one.mean() - other.mean()) <= 4 * error + 1e-9


def tree_accuracies(forest, samples, labels):
    favourite = forest.values[:, :, 0].argmax(axis=1)
    return (favourite[predict_leaves(forest, samples)] == labels[:, None]).mean(axis=0)


@pytest.mark.parametrize(
    "rules",
    [
        {"max_features": 7},
        {"max_features": 1},
        {"max_features": 60},
        {"max_features": 7, "min_samples_split": 20},
        {"max_features": 7, "min_samples_leaf": 5},
        {"max_features": 7, "max_depth": 6},
    ],
    ids=str,
)
def test_one_label_equals_scikit_learn_in_distribution(rules):
    ours = fit_classes(Samples.matrix(X), Y, ExtraTrees(TREES, seed=3, **rules))
    ours.check()
    theirs = from_sklearn(ExtraTreesClassifier(TREES, random_state=4, **rules).fit(X.astype(np.float32), Y))
    same_distribution(ours, theirs, X)
    assert ks_2samp(tree_accuracies(ours, NEW, NEW_Y), tree_accuracies(theirs, NEW, NEW_Y)).pvalue > 0.001
    assert np.abs(ours.importances - theirs.importances).max() < 0.02


def test_class_weights_as_in_scikit_learn():
    weights = {0: 1.0, 1: 6.0, 2: 0.3}
    ours = fit_classes(Samples.matrix(X), Y, ExtraTrees(TREES, 7, 30), class_weight=np.array(list(weights.values())))
    model = ExtraTreesClassifier(TREES, max_features=7, min_samples_split=30, class_weight=weights, random_state=0)
    theirs = from_sklearn(model.fit(X.astype(np.float32), Y))
    same_distribution(ours, theirs, X)
    difference = predict_proba(ours, NEW).mean(axis=0) - predict_proba(theirs, NEW).mean(axis=0)
    assert np.abs(difference).max() < 0.01


def test_leaves_hold_the_frequencies_of_their_samples():
    forest = fit_classes(Samples.matrix(X), Y, ExtraTrees(5, 7, 30))
    leaves = predict_leaves(forest, X)
    for leaf in np.unique(leaves):
        inside = Y[(leaves == leaf).any(axis=1)]
        np.testing.assert_allclose(forest.values[leaf, :, 0], np.bincount(inside, minlength=3) / len(inside), atol=1e-6)


@pytest.mark.parametrize(("n_classes", "n_samples"), [(2, 150), (3, 150), (2, 30)])
def test_many_labels_equal_scikit_learn_in_distribution(n_classes, n_samples):
    picture, mask = masked_picture(1, n_classes=n_classes)
    random = np.random.default_rng(0)
    places = (np.zeros(n_samples, int), *random.integers(0, 150, (2, n_samples)))
    samples, labels = Samples.windows([picture], *places, (10, 10)), Samples.windows([mask], *places, (10, 10))
    parameters = ExtraTrees(150, 9, 4, seed=1)
    ours = fit_outputs(samples, labels, parameters, classes=np.arange(n_classes), eight_bit_leaves=False)
    ours.check()
    model = ExtraTreesClassifier(150, max_features=9, min_samples_split=4, random_state=0)
    theirs = from_sklearn(model.fit(dense(samples).astype(np.float32), dense(labels)))
    same_distribution(ours, theirs, dense(samples))
    assert np.abs(ours.importances - theirs.importances).max() < 0.02
    gap = np.abs(predict_proba(ours, dense(samples)) - predict_proba(theirs, dense(samples)))
    assert gap.mean() < 0.02


def test_many_labels_leaves_hold_frequencies_and_their_255ths():
    picture, mask = masked_picture(1, n_classes=3)
    random = np.random.default_rng(0)
    places = (np.zeros(300, int), *random.integers(0, 150, (2, 300)))
    samples, labels = Samples.windows([picture], *places, (9, 9)), Samples.windows([mask], *places, (9, 9))
    parameters = ExtraTrees(2, 9, 40)
    exact = fit_outputs(samples, labels, parameters, classes=np.arange(3), eight_bit_leaves=False)
    kept = fit_outputs(samples, labels, parameters, classes=np.arange(3))
    leaves = predict_leaves(exact, dense(samples))
    for leaf in np.unique(leaves):
        inside = dense(labels)[(leaves == leaf).any(axis=1)]
        for number in range(3):
            np.testing.assert_allclose(exact.values[leaf, number], (inside == number).mean(axis=0), atol=1e-6)
    assert kept.values.dtype == np.uint8
    assert np.abs(kept.values / 255 - exact.values).max() <= 0.5 / 255 + 1e-6


@pytest.mark.parametrize("rules", [{"max_features": 7}, {"max_features": 7, "min_samples_leaf": 6}], ids=str)
def test_targets_equal_scikit_learn_in_distribution(rules):
    targets = np.stack([X[:, 30] + 0.5 * X[:, 31], 1000.0 + Y], axis=1)
    ours = fit_targets(Samples.matrix(X), targets, ExtraTrees(TREES, seed=5, **rules))
    ours.check()
    theirs = from_sklearn(ExtraTreesRegressor(TREES, random_state=6, **rules).fit(X.astype(np.float32), targets))
    same_distribution(ours, theirs, X)
    assert np.abs(ours.importances - theirs.importances).max() < 0.02
    gap = (predict_targets(ours, NEW) - predict_targets(theirs, NEW)) / targets.std(axis=0)
    assert np.abs(gap).mean() < 0.1  # 300 trees a side: the two forests' own scatter is about 0.06
    assert np.abs(gap.mean(axis=0)).max() < 0.02
    leaves = predict_leaves(ours, X)
    for leaf in np.unique(leaves[:, 0]):
        np.testing.assert_allclose(ours.values[leaf, 0], targets[leaves[:, 0] == leaf].mean(axis=0), rtol=1e-5)


def test_one_output_of_many_is_the_forest_of_one_label():
    one = fit_classes(Samples.matrix(X), Y, ExtraTrees(TREES, 7, seed=1))
    many = fit_outputs(
        Samples.matrix(X),
        Samples.matrix(Y[:, None].astype(np.uint8)),
        ExtraTrees(TREES, 7, seed=2),
        classes=np.arange(3),
    )
    same_distribution(one, many, X)


@pytest.mark.parametrize("workers", [1, 3])
def test_forest_is_a_function_of_data_parameters_and_seed(workers):
    reference = fit_classes(Samples.matrix(X), Y, ExtraTrees(7, 7), workers=2)
    again = fit_classes(Samples.matrix(X), Y, ExtraTrees(7, 7), workers=workers)
    other = fit_classes(Samples.matrix(X), Y, ExtraTrees(7, 7, seed=43), workers=workers)
    assert all((a == b).all() for a, b in zip(reference.arrays().values(), again.arrays().values(), strict=True))
    assert reference.n_nodes != other.n_nodes or (reference.feature != other.feature).any()


def test_windows_and_their_matrix_give_the_same_forest():
    pictures = [masked_picture(seed, side)[0] for seed, side in ((1, 40), (2, 64))]
    random = np.random.default_rng(0)
    places = (random.integers(0, 2, 200), *random.integers(0, 32, (2, 200)))
    samples = Samples.windows(pictures, *places, (8, 8))
    matrix = np.stack([pictures[i][y : y + 8, x : x + 8].ravel() for i, x, y in zip(*places, strict=True)])
    assert (dense(samples) == matrix).all()
    labels = places[0]
    one, other = (fit_classes(source, labels, ExtraTrees(3)) for source in (samples, Samples.matrix(matrix)))
    assert all((a == b).all() for a, b in zip(one.arrays().values(), other.arrays().values(), strict=True))


def test_labels_may_be_text_and_nothing_to_split():
    forest = fit_classes(Samples.matrix(np.full((4, 3), 9, np.uint8)), np.array(["b", "a", "b", "b"]), ExtraTrees(2))
    assert forest.classes.tolist() == ["a", "b"]
    assert forest.n_nodes == 2
    np.testing.assert_allclose(predict_proba(forest, np.zeros((1, 3), np.uint8)), [[0.25, 0.75]])


@pytest.mark.parametrize(
    "wrong", [{"n_trees": 0}, {"max_features": 0}, {"min_samples_split": 1}, {"min_samples_leaf": 0}, {"max_depth": 0}]
)
def test_impossible_parameters_are_named(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        ExtraTrees(**wrong)


def test_impossible_data_is_refused():
    samples = Samples.matrix(X)
    with pytest.raises(DataError, match="no sample"):
        fit_classes(Samples.matrix(X[:0]), Y[:0], ExtraTrees())
    with pytest.raises(DataError, match="400 samples but 3 labels"):
        fit_classes(samples, Y[:3], ExtraTrees())
    with pytest.raises(DataError, match="two classes"):
        fit_outputs(samples, samples, ExtraTrees(), classes=np.arange(1))
    with pytest.raises(ParameterError, match="class weights"):
        fit_classes(samples, Y, ExtraTrees(), class_weight=np.ones(2))
    with pytest.raises(DataError, match="target of sample 2"):
        fit_targets(samples, np.where(np.arange(400) == 2, np.nan, 1.0), ExtraTrees())
    with pytest.raises(DataError, match="8-bit"):
        Samples.matrix(X.astype(np.float32))
    picture = np.zeros((20, 30, 3), np.uint8)
    with pytest.raises(DataError, match="leaves image 0"):
        Samples.windows([picture], np.array([0]), np.array([25]), np.array([0]), (8, 8))
    with pytest.raises(DataError, match="channels"):
        Samples.windows([picture, picture[:, :, 0]], np.array([0]), np.array([0]), np.array([0]), (8, 8))
