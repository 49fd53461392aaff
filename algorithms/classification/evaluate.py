"""Cross-validation, learning curve and search of parameters: pure functions of images, labels and settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.folds import Fold, Folding, make_folds
from algorithms.classification.params import Settings
from algorithms.classification.train import Image, Windows, check_classes, draw, fit_windows, predict_windows
from algorithms.toolkit.metrics import Scores, score

Progress = Callable[[float, str], None]
#: Parts of the training images on which the learning curve is measured.
CURVE = (0.1, 0.25, 0.5, 1.0)
#: What the search tries, one after the other, keeping the best of each.
SPACE: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("size of windows", ({"min_size": 0.1}, {"min_size": 0.25}, {"min_size": 0.5}, {"min_size": 0.75})),
    ("rotation", ({"max_angle": 0.0}, {"max_angle": 10.0}, {"max_angle": 20.0}, {"transpose": True})),
    (  # votes want small leaves, leaf features large ones: so these two are tried together
        "learner and leaves",
        (
            {"learner": "votes", "roots": False, "min_samples_split": 2},
            {"learner": "votes", "roots": False, "min_samples_split": 10},
            {"learner": "linear_svc", "roots": False, "cost": 1.0, "min_samples_split": 30},
            {"learner": "linear_svc", "roots": True, "cost": 0.1, "min_samples_split": 30},
            {"learner": "linear_svc", "roots": True, "cost": 0.1, "min_samples_split": 100},
        ),
    ),
)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What cross-validation found.

    Attributes
    ----------
    classes : ndarray of str, (C,)
    truth : ndarray of int, (n,)
    proba : ndarray of float64, (n, C)
        Mean over the folds that tested an image.
    tested : ndarray of bool, (n,)
    folds : list of (accuracy, number)
    scores : Scores
        Of the tested images.
    chosen : list of Settings
        Of every fold.
    """

    classes: NDArray[np.str_]
    truth: NDArray[np.int64]
    proba: NDArray[np.float64]
    tested: NDArray[np.bool_]
    folds: list[tuple[float, int]]
    scores: Scores
    chosen: list[Settings]


@dataclass(frozen=True)
class Trial:
    """One candidate of the search: what it changes, and the accuracy of inner cross-validation."""

    parameter: str
    change: dict[str, Any]
    accuracy: float


def cross_validate(
    images: Sequence[Image],
    labels: NDArray[np.str_],
    settings: Settings,
    folds: Sequence[Fold],
    progress: Progress,
    *,
    nested: bool = False,
) -> Evaluation:
    """Learn without the images of a fold and recognise these, fold by fold; windows are drawn once.

    Parameters
    ----------
    nested : bool
        Search the parameters within the training images of every fold.
    """
    check_classes(labels)
    classes, truth = np.unique(labels, return_inverse=True)
    total = np.zeros((len(labels), len(classes)))
    times = np.zeros(len(labels), np.int64)
    rates: list[tuple[float, int]] = []
    chosen: list[Settings] = []
    windows = None if nested else draw(images, settings)
    for number, (train, test) in enumerate(folds):
        progress(number / len(folds), f"fold {number + 1} of {len(folds)}")
        best = search([images[i] for i in train], labels[train], settings)[0] if nested else settings
        drawn = windows or draw(images, best)
        proba = tested_on(drawn, labels, best, (train, test), classes)
        total[test] += proba
        times[test] += 1
        rates.append((float((proba.argmax(axis=1) == truth[test]).mean()), len(test)))
        chosen.append(best)
    tested = times > 0
    proba = total / np.maximum(times, 1)[:, None]
    scores = score(classes.tolist(), truth[tested], proba[tested])
    return Evaluation(classes, truth, proba, tested, rates, scores, chosen)


def tested_on(
    windows: Windows, labels: NDArray[np.str_], settings: Settings, fold: Fold, classes: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Return the probabilities of a fold's test images; classes that it did not learn have none."""
    train, test = fold
    model = fit_windows(windows, train, labels[train], settings)
    proba = np.zeros((len(test), len(classes)))
    proba[:, np.searchsorted(classes, model.classes)] = predict_windows(model, windows, test)
    return proba


def learning_curve(
    images: Sequence[Image], labels: NDArray[np.str_], settings: Settings, fold: Fold, progress: Progress
) -> list[tuple[int, float]]:
    """Return accuracy on a fold's test images by the number of training images, drawn class by class."""
    windows = draw(images, settings)
    classes, truth = np.unique(labels, return_inverse=True)
    train, test = fold
    order = np.random.default_rng(settings.forest.seed).permutation(train)
    points = []
    for step, part in enumerate(CURVE):
        progress(step / len(CURVE), "learning curve")
        of_class = [order[labels[order] == name] for name in classes]
        some = np.sort(np.concatenate([found[: max(1, round(part * len(found)))] for found in of_class]))
        if len(np.unique(labels[some])) < 2:
            continue
        proba = tested_on(windows, labels, settings, (some, test), classes)
        points.append((len(some), float((proba.argmax(axis=1) == truth[test]).mean())))
    return points


def search(
    images: Sequence[Image], labels: NDArray[np.str_], settings: Settings, *, k: int = 3, tell: Progress | None = None
) -> tuple[Settings, list[Trial]]:
    """Choose parameters by cross-validation on these images alone, one parameter of `SPACE` after the other.

    Returns
    -------
    Settings
        The best found.
    list of Trial
        What was tried.
    """
    trials: list[Trial] = []
    best, steps = settings, sum(len(changes) for _, changes in SPACE)
    k = min(k, int(np.unique(labels, return_counts=True)[1].min()))
    if k < 2:
        return settings, trials
    folds = make_folds(Folding("stratified", k, seed=settings.forest.seed), labels, (), ())
    for parameter, changes in SPACE:
        found: list[tuple[float, Settings]] = []
        for change in changes:
            candidate = changed(best, change)
            if tell is not None:
                tell(len(trials) / steps, f"search, {parameter}")
            accuracy = cross_validate(images, labels, candidate, folds, _silent).scores.accuracy.value
            trials.append(Trial(parameter, change, accuracy))
            found.append((accuracy, candidate))
        best = max(found, key=lambda item: item[0])[1]  # of equal ones the first
    return best, trials


def changed(settings: Settings, change: dict[str, Any]) -> Settings:
    """Return settings with some of their parts' attributes replaced."""
    windows: dict[str, Any] = {name: change[name] for name in ("min_size", "max_angle", "transpose") if name in change}
    forest = {name: change[name] for name in ("min_samples_split", "n_trees", "max_features") if name in change}
    rest = {name: value for name, value in change.items() if name not in windows and name not in forest}
    if "min_size" in windows:
        windows["max_size"] = max(settings.windows.max_size, windows["min_size"])
    return replace(
        settings, windows=replace(settings.windows, **windows), forest=replace(settings.forest, **forest), **rest
    )


def _silent(_share: float, _comment: str) -> None:
    """Say nothing."""
