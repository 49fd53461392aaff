"""Learning and finding: missing landmarks, model files, folds, search, bad data."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from algorithms.landmarks.evaluate import cross_validate, make_folds, search, summarise
from algorithms.landmarks.model import LandmarkModel
from algorithms.landmarks.pairs import choose, learn_edges
from algorithms.landmarks.params import METHODS, Settings
from algorithms.landmarks.predict import predict
from algorithms.landmarks.pyramid import Grey, grey_of, z_scores
from algorithms.landmarks.shape import rigid
from algorithms.landmarks.train import fit
from algorithms.toolkit.errors import DataError, ModelError, ParameterError
from tests.support.landmarks import drawn_images

NAMES = ["one", "two", "three"]
SMALL = {
    "p1_trees": 8,
    "p1_features": 30,
    "p2_trees": 6,
    "p2_features": 20,
    "p2_samples": 30,
    "sigma": 10.0,
    "lc_reach": 15,
    "lc_trees": 8,
    "lc_boxes": 10,
    "lc_window": 10,
    "lc_most": 15.0,
    "lc_step": 2,
    "trees": 8,
    "draws": 800,
    "depth": 3,
    "window": 4,
    "far": 30,
    "step": 2,
    "reach": 8,
    "samples": 20,
}


@pytest.fixture(scope="module")
def data() -> tuple[list[Grey], np.ndarray]:
    images, points = drawn_images(10, 120, 100, 3)
    return [z_scores(grey_of(image)) for image in images], points


def settings(method: str) -> Settings:
    return Settings(method=method, refine_trees=8, **SMALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_landmarks_are_found_again_and_from_the_file_alike(
    data: tuple[list[Grey], np.ndarray], method: str, tmp_path: Path
) -> None:
    scores, points = data
    model = fit(scores[:8], points[:8], NAMES, settings(method))
    model.save(tmp_path / "model.zip")
    again = LandmarkModel.load(tmp_path / "model.zip")
    for image in (8, 9):
        found = predict(model, scores[image], workers=1)
        assert np.linalg.norm(found.points - points[image], axis=1).mean() < 4
        same = predict(again, scores[image], workers=2)
        assert np.array_equal(found.points, same.points)
        assert np.array_equal(found.confidence, same.confidence)
        assert np.isnan(found.above(1.01)).all()
        assert np.array_equal(found.above(0.0), found.points)


@pytest.mark.parametrize("method", METHODS)
def test_a_missing_landmark_is_left_out_and_not_learned_at_the_corner(
    data: tuple[list[Grey], np.ndarray], method: str
) -> None:
    scores, points = data
    some = points.copy()
    some[[0, 2, 4], 1] = np.nan
    model = fit(scores[:8], some[:8], NAMES, settings(method))
    known = points[[1, 3, 5, 6, 7], 1] / (120, 100)
    assert np.allclose(model.priors[1].mean, known.mean(axis=0))
    found = predict(model, scores[9])
    assert np.linalg.norm(found.points[1] - points[9, 1]) < 8


@pytest.mark.parametrize("delta", [1.0, 0.5, 0.37])
@pytest.mark.parametrize("method", ["dmbl", "lc"])
def test_points_are_those_of_the_full_image_at_every_delta(
    data: tuple[list[Grey], np.ndarray], method: str, delta: float
) -> None:
    scores, points = data
    lengths = {"lc_reach": round(20 * delta), "lc_most": 20 * delta, "p1_radius": max(1, round(4 * delta))}
    chosen = replace(settings(method), delta=delta, sigma=15 * delta, sde=8 * delta, **lengths)
    model = fit(scores[:8], points[:8], NAMES, chosen)
    errors = [np.linalg.norm(predict(model, scores[i]).points - points[i], axis=1) for i in (8, 9)]
    assert np.median(errors) < 5


def test_pairs_choose_the_candidate_that_lies_as_in_training() -> None:
    points = np.array([[[0.0, 0], [10, 0], [0, 10]]] * 4) + np.arange(4)[:, None, None]
    points[1, 2] = np.nan
    edges = learn_edges(points, 1)
    candidates = [np.array([[5.0, 5]]), np.array([[40.0, 5], [15, 5]]), np.array([[5.0, 15], [5, 60]])]
    assert choose(candidates, [np.ones(1), np.array([1.0, 0.6]), np.array([0.9, 1.0])], edges, 3.0) == [0, 1, 0]


def test_one_image_is_enough_and_has_no_spread(data: tuple[list[Grey], np.ndarray]) -> None:
    scores, points = data
    model = fit(scores[:1], points[:1], NAMES, settings("mset"))
    assert np.array_equal(predict(model, scores[0]).points, points[0])


def test_damaged_models_are_refused(data: tuple[list[Grey], np.ndarray], tmp_path: Path) -> None:
    scores, points = data
    model = fit(scores[:2], points[:2], NAMES, settings("mset"))
    model.features.tests[0, 0] = 7  # a level that the pyramid does not have
    model.save(tmp_path / "model.zip")
    with pytest.raises(ModelError, match="features are damaged"):
        LandmarkModel.load(tmp_path / "model.zip")


def test_a_term_never_annotated_and_a_point_outside_are_named(data: tuple[list[Grey], np.ndarray]) -> None:
    scores, points = data
    never = points.copy()
    never[:, 2] = np.nan
    with pytest.raises(DataError, match="three is annotated in no image"):
        fit(scores, never, NAMES, settings("mset"))
    outside = points.copy()
    outside[3, 0] = 130, 10
    with pytest.raises(DataError, match=r"one of image 4 lies at 130, 10, outside of its 120 x 100"):
        fit(scores, outside, NAMES, settings("mset"))


def test_a_fold_that_would_not_learn_a_landmark_is_named(data: tuple[list[Grey], np.ndarray]) -> None:
    scores, points = data
    rare = points[:6].copy()
    rare[1:, 2] = np.nan
    folds = make_folds("image", 3, [""] * 6, 0)
    with pytest.raises(DataError, match="would learn landmark three from no image"):
        cross_validate(scores[:6], rare, NAMES, settings("mset"), folds)


@pytest.mark.parametrize("way", ["image", "block", "project"])
def test_folds_test_every_image_once(way: str) -> None:
    projects = [f"p{number % 4}" for number in range(22)]
    folds = make_folds(way, 4, projects, 1)
    assert sorted(np.concatenate(folds)) == list(range(22))
    if way == "project":
        assert all(len({projects[i] for i in fold}) == 1 for fold in folds)
    if way == "block":
        assert all((np.diff(fold) == 1).all() for fold in folds)
        assert max(map(len, folds)) - min(map(len, folds)) <= 1


@pytest.mark.parametrize(("way", "count", "images"), [("image", 5, 4), ("image", 1, 4), ("project", 3, 9)])
def test_fewer_images_than_folds_are_refused(way: str, count: int, images: int) -> None:
    with pytest.raises(ParameterError, match="folds need as many"):
        make_folds(way, count, ["a"] * images, 0)


def test_the_search_keeps_the_best_and_its_budget(data: tuple[list[Grey], np.ndarray]) -> None:
    scores, points = data
    start = settings("mset")
    chosen, trials = search(scores[:6], points[:6], NAMES, start, 1e-9)
    assert (chosen, len(trials)) == (start, 1)
    result = cross_validate(
        scores[:6], points[:6], NAMES, start, make_folds("image", 2, [""] * 6, 0), search_seconds=3.0
    )
    assert len(result.trials) == 2
    assert all(len(tried) >= 1 for tried in result.trials)


def test_errors_are_summed_up_without_what_is_missing() -> None:
    found = summarise(np.array([[1.0, 3.0], [np.nan, 8.0]]), [2.0, 5.0])
    assert (found.number, found.mean, found.median) == (3, 4.0, 3.0)
    assert [rate.right for rate in found.success] == [1, 2]
    assert found.low < 4 < found.high


def test_shapes_are_laid_on_each_other_without_those_that_are_missing() -> None:
    shape = np.array([[0.0, 0], [10, 0], [0, 5]])
    turn = np.array([[0.0, -1], [1, 0]])
    moved = shape @ turn.T + (3, 4)
    moved[1] = np.nan
    matrix = rigid(moved, shape)
    assert np.allclose(moved[[0, 2]] @ matrix[:, :2].T + matrix[:, 2], shape[[0, 2]])
