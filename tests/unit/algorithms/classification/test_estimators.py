"""The estimators: scikit-learn's own checks, repeatability, the memory budget, model files, every learner."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from algorithms.classification.estimators import LeafFeatureClassifier, SubwindowClassifier
from algorithms.classification.model import ClassificationModel
from algorithms.classification.params import LEARNERS, MEGABYTE
from algorithms.classification.train import fit, predict_proba
from algorithms.toolkit.errors import DataError, ModelError, ParameterError

SMALL: dict[str, Any] = {"n_windows": 12, "min_size": 0.5, "colour": "gray", "n_estimators": 4, "random_state": 3}


@pytest.fixture(scope="module")
def digits() -> tuple[list[NDArray[np.uint8]], NDArray[np.str_]]:
    """60 pictures of three digits, of different sizes."""
    import cv2
    from sklearn.datasets import load_digits

    found = load_digits()
    chosen = np.concatenate([np.flatnonzero(found.target == digit)[:20] for digit in (0, 1, 7)])
    pictures = [cv2.resize((found.images[i] * 15).astype(np.uint8), (16 + int(i) % 5, 20 + int(i) % 3)) for i in chosen]
    return pictures, np.array(["zero", "one", "seven"])[np.repeat([0, 1, 2], 20)]


@pytest.mark.filterwarnings("ignore:Can't test estimator")
@pytest.mark.parametrize("estimator", [SubwindowClassifier(), LeafFeatureClassifier()])
def test_scikit_learns_checks_pass_where_they_apply(estimator: SubwindowClassifier) -> None:
    checks = list(estimator_checks_generator(estimator))
    assert checks
    for subject, check in checks:
        check(subject)


def test_parameters_clone_and_classes_keep_their_type(digits: Any) -> None:
    images, labels = digits
    numbers = np.where(labels == "zero", 10, np.where(labels == "one", 9, 7))
    found = clone(SubwindowClassifier(**SMALL)).set_params(n_windows=10).fit(images, numbers)
    assert found.get_params()["n_windows"] == 10
    assert found.classes_.tolist() == [7, 9, 10]
    assert found.score(images, numbers) > 0.9
    assert found.predict_proba(images).sum(axis=1) == pytest.approx(np.ones(60))


@pytest.mark.parametrize("kind", [SubwindowClassifier, LeafFeatureClassifier])
def test_neither_threads_nor_memory_change_a_result(digits: Any, kind: Any) -> None:
    images, labels = digits
    first = kind(**SMALL, n_jobs=1).fit(images, labels)
    second = kind(**SMALL, n_jobs=3, memory_budget=64).fit(images, labels)
    assert np.array_equal(first.model_.forest.feature, second.model_.forest.feature)
    assert np.array_equal(first.predict_proba(images), second.predict_proba(images))
    other = kind(**{**SMALL, "random_state": 4}).fit(images, labels)
    assert not np.array_equal(first.model_.forest.threshold, other.model_.forest.threshold)


@pytest.mark.parametrize("learner", LEARNERS[1:])
def test_every_learner_learns_and_comes_back_from_its_file(
    digits: Any, learner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("algorithms.classification.learners.TREES", 30)
    images, labels = digits
    train, test = np.arange(0, 60, 2), np.arange(1, 60, 2)
    found = LeafFeatureClassifier(**SMALL, learner=learner).fit([images[i] for i in train], labels[train])
    rest = [images[i] for i in test]
    proba = found.predict_proba(rest)
    assert proba.sum(axis=1) == pytest.approx(np.ones(30))
    assert (found.predict(rest) == labels[test]).mean() > 0.8
    found.model_.save(tmp_path / "model.zip")
    again = ClassificationModel.load(tmp_path / "model.zip", 64 * MEGABYTE)
    assert np.array_equal(predict_proba(again, rest), proba)


def test_a_prediction_does_not_depend_on_what_else_is_predicted(digits: Any) -> None:
    """Training maxima scale leaf features: a batch of one is recognised as in a batch of many."""
    images, labels = digits
    found = LeafFeatureClassifier(**SMALL).fit(images, labels)
    assert np.array_equal(found.predict_proba(images[:1]), found.predict_proba(images)[:1])


def test_square_roots_of_scaled_frequencies(digits: Any) -> None:
    images, labels = digits
    plain = LeafFeatureClassifier(**SMALL).fit(images, labels).predict_proba(images)
    roots = LeafFeatureClassifier(**SMALL, square_roots=True).fit(images, labels).predict_proba(images)
    assert not np.allclose(plain, roots)


def test_class_weights_help_a_rare_class(digits: Any) -> None:
    images, labels = digits
    few = np.r_[0:3, 20:60]
    some, theirs = [images[i] for i in few], labels[few]
    options = {**SMALL, "min_samples_split": 60}
    plain, balanced = (
        SubwindowClassifier(**options, class_weight=weight).fit(some, theirs) for weight in (None, "balanced")
    )
    zero = list(plain.classes_).index("zero")
    zeros = images[3:20]
    assert balanced.predict_proba(zeros)[:, zero].mean() > plain.predict_proba(zeros)[:, zero].mean() + 0.05


def test_fewer_windows_are_drawn_where_the_budget_ends(digits: Any, caplog: pytest.LogCaptureFixture) -> None:
    images, labels = digits
    settings = SubwindowClassifier(**SMALL).settings()
    from dataclasses import replace

    tight = replace(settings, budget=60 * 5 * 256 * 4 // 3)
    fit(images, labels, tight)
    assert "5 instead of 12 subwindows" in caplog.text
    with pytest.raises(ParameterError, match="memory_budget"):
        fit(images, labels, replace(settings, budget=1000))


def test_what_can_not_be_learned_is_refused(digits: Any) -> None:
    images, labels = digits
    with pytest.raises(DataError, match="at least two classes"):
        SubwindowClassifier(**SMALL).fit(images[:20], labels[:20])
    with pytest.raises(DataError, match="as many labels"):
        SubwindowClassifier(**SMALL).fit(images, labels[:-1])
    with pytest.raises(DataError, match="does not fit"):
        SubwindowClassifier(**{**SMALL, "height": 64}).fit(images, labels)
    for wrong in ({"colour": "pink"}, {"n_windows": 0}, {"class_weight": "odd"}, {"min_size": 2.0}):
        with pytest.raises(ParameterError):
            SubwindowClassifier(**{**SMALL, **wrong}).fit(images, labels)
    with pytest.raises(ParameterError, match="learner"):
        LeafFeatureClassifier(**SMALL, learner="magic").fit(images, labels)


def test_a_damaged_model_is_refused(digits: Any, tmp_path: Path) -> None:
    from algorithms.toolkit.models import load_model, save_model

    images, labels = digits
    LeafFeatureClassifier(**SMALL).fit(images, labels).model_.save(tmp_path / "model.zip")
    found = load_model(tmp_path / "model.zip")
    for name in ("maxima", "learner_coefficients", "classes"):
        arrays = {**found.arrays, name: found.arrays[name][:-1]}
        save_model(tmp_path / "bad.zip", "classification", {"settings": found.card["settings"]}, arrays)
        with pytest.raises(ModelError, match="damaged"):
            ClassificationModel.load(tmp_path / "bad.zip", MEGABYTE)
