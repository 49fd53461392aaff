"""Features read on demand equal those computed plainly, and a forest on them equals scikit-learn's."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from algorithms.landmarks.features import gaussian_features, haar_features, window_features
from algorithms.landmarks.mset import find_mset
from algorithms.landmarks.pyramid import Pyramid, build_pyramid, rotated, z_scores
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.forests import ExtraTrees, Samples, fit_classes
from algorithms.toolkit.forests.predict import predict_proba
from algorithms.toolkit.forests.sklearn_import import from_sklearn
from tests.bench.bench_landmarks import plain_features

WIDTH, HEIGHT = 61, 47


@pytest.fixture(scope="module")
def pyramid() -> Pyramid:
    grey = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    return build_pyramid(z_scores(grey), 3, integral=True)


def level_of(pyramid: Pyramid, level: int) -> np.ndarray:
    start, width, height, _ = pyramid.planes[level]
    return pyramid.pixels[start : start + width * height].reshape(height, width).astype(np.int64)


def some_positions(count: int = 200) -> np.ndarray:
    """Inside and on the borders."""
    rng = np.random.default_rng(2)
    corners = [[0, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]]
    return np.concatenate([rng.integers(0, (WIDTH, HEIGHT), (count, 2)), corners])


def test_sub_features_are_those_of_the_plain_procedure(pyramid: Pyramid) -> None:
    positions = some_positions()
    plain = plain_features(level_of(pyramid, 0).astype(np.uint8), positions, 3, 4).astype(np.int64)
    assert np.array_equal(window_features("sub", 3, 4).matrix(pyramid, positions), (plain + 256) >> 1)
    centre = level_of(pyramid, 0)[positions[:, 1], positions[:, 0], None]
    assert np.array_equal(window_features("raw", 3, 4).matrix(pyramid, positions), plain + centre)


def test_gaussian_features_clamp_at_the_borders(pyramid: Pyramid) -> None:
    features = gaussian_features(3, 20, 15.0, np.random.default_rng(3))
    found = features.matrix(pyramid, some_positions())
    for row, (x, y) in zip(found, some_positions(), strict=True):
        for value, (level, _, dx, dy, _, _) in zip(row, features.tests, strict=True):
            pixels = level_of(pyramid, level)
            height, width = pixels.shape
            x0, y0 = min(x >> level, width - 1), min(y >> level, height - 1)
            there = pixels[np.clip(y0 + dy, 0, height - 1), np.clip(x0 + dx, 0, width - 1)]
            assert value == (pixels[y0, x0] - there + 256) >> 1


def test_haar_features_are_differences_of_means_wherever_the_box_lies(pyramid: Pyramid) -> None:
    features = haar_features(3, 8, 60, np.random.default_rng(4))
    assert set(features.tests[:, 1]) == {0, 1, 2, 3, 4}
    positions = some_positions(40)
    found = features.matrix(pyramid, positions)
    for row, (x, y) in zip(found, positions, strict=True):
        for value, (level, shape, x0, y0, x1, y1) in zip(row, features.tests, strict=True):
            padded = np.pad(level_of(pyramid, level), 20, constant_values=128)
            across, down = (x >> level) + 20, (y >> level) + 20
            box = padded[down + y0 : down + y1, across + x0 : across + x1] - 128
            tall, wide = box.shape
            marked = np.zeros(box.shape, bool)
            if shape in {0, 2}:
                marked[:, slice(wide // 2) if shape == 0 else slice(wide // 3, wide - wide // 3)] = True
            elif shape in {1, 3}:
                marked[slice(tall // 2) if shape == 1 else slice(tall // 3, tall - tall // 3)] = True
            else:
                marked[: tall // 2, : wide // 2] = marked[tall // 2 :, wide // 2 :] = True
            expected = int(np.floor(box[marked].sum() / marked.sum() - box[~marked].sum() / (~marked).sum()))
            assert value == (expected + 256) >> 1


@pytest.mark.parametrize("kind", ["raw", "sub", "haar", "gaussian"])
def test_a_forest_reading_pixels_on_demand_equals_the_one_on_its_training_matrix(pyramid: Pyramid, kind: str) -> None:
    rng = np.random.default_rng(5)
    features = {
        "raw": lambda: window_features("raw", 3, 4),
        "sub": lambda: window_features("sub", 3, 4),
        "haar": lambda: haar_features(3, 8, 60, rng),
        "gaussian": lambda: gaussian_features(3, 20, 15.0, rng),
    }[kind]()
    positions = some_positions()
    matrix = features.matrix(pyramid, positions)
    labels = (positions[:, 0] > 30).astype(int) + (positions[:, 1] > 25)
    forest = fit_classes(Samples.matrix(matrix), labels, ExtraTrees(7, min_samples_leaf=4, seed=1))
    found = features.mean_values(features.on_differences(forest), pyramid, positions)
    np.testing.assert_allclose(found, predict_proba(forest, matrix), atol=1e-6)
    assert np.ptp(found[:, 0]) > 0.5


@pytest.mark.parametrize("leaf", [1, 5])
def test_the_point_is_that_of_scikit_learn_on_all_draws(pyramid: Pyramid, leaf: int) -> None:
    rng = np.random.default_rng(6)
    positions = some_positions(300)
    scores = level_of(pyramid, 0).astype(np.uint8)
    labels = np.hypot(*(positions - (20, 20)).T) < 12
    fitted = ExtraTreesClassifier(20, min_samples_leaf=leaf, random_state=0)
    fitted.fit(plain_features(scores, positions, 3, 4), labels)
    drawn = np.clip(np.rint(rng.normal((22, 19), 6, (3000, 2))), 0, (WIDTH - 1, HEIGHT - 1)).astype(np.int64)
    proba = fitted.predict_proba(plain_features(scores, drawn, 3, 4))[:, 1]
    best = proba >= proba.max() - 1e-9
    point, sure = find_mset(pyramid, window_features("sub", 3, 4), from_sklearn(fitted), drawn)
    assert point.tolist() == np.median(drawn[best], axis=0).tolist()
    assert sure == pytest.approx(proba.max(), abs=1e-6)


def test_a_point_turns_with_its_image() -> None:
    scores = np.full((40, 70), 128, np.uint8)
    scores[9:12, 49:52] = 250
    turned, points = rotated(scores, np.array([[50.0, 10.0]]), 90)
    assert turned.shape == (70, 40)
    x, y = np.rint(points[0]).astype(int)
    assert turned[y, x] > 240
    assert (turned > 200).sum() == 9


def test_haar_boxes_must_divide_among_shapes_and_levels() -> None:
    with pytest.raises(ParameterError, match="multiple of 5"):
        haar_features(5, 8, 1601, np.random.default_rng(0))
