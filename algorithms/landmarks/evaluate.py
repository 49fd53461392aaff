"""How far off: K-fold cross-validation over images or projects, errors with intervals, search of settings in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.params import Settings
from algorithms.landmarks.predict import predict
from algorithms.landmarks.pyramid import Grey
from algorithms.landmarks.train import check_points, fit
from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.metrics import Rate, Z

WAYS = ("image", "block", "project")
Tell = Callable[[float, str], None]
Folds = list[NDArray[np.int64]]

#: What the search tries, one parameter after another; the best of each is kept. A name and what it changes.
SPACE: tuple[tuple[str, tuple[dict[str, Any], ...]], ...] = (
    ("method", ({"method": "mset"}, {"method": "cascade"})),
    ("passes", ({}, {"passes": 4, "angle": 180.0, "step": 2}, {"passes": 3, "angle": 30.0})),
    ("radius", ({"radius": 4}, {"radius": 6}, {"radius": 9})),
    ("far", ({"far": 50}, {"far": 100}, {"far": 200})),
    ("features", ({"features": "sub"}, {"features": "raw"})),
)


@dataclass(frozen=True)
class Trial:
    """Settings that were tried, and their mean error in the inner folds."""

    parameter: str
    change: dict[str, Any]
    error: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What cross-validation found.

    Attributes
    ----------
    found : ndarray of float, (n, L, 2)
        Predicted points; NaN in images that were in no test fold.
    confidence, errors : ndarray of float, (n, L)
        Errors are distances in pixels, NaN where the landmark is missing.
    """

    found: NDArray[np.float64]
    confidence: NDArray[np.float64]
    errors: NDArray[np.float64]
    trials: tuple[tuple[Trial, ...], ...] = ()


@dataclass(frozen=True)
class Summary:
    """Errors of a set of landmarks in pixels: mean with its 95 % interval, median, and success at distances."""

    number: int
    mean: float
    low: float
    high: float
    median: float
    success: tuple[Rate, ...]


def make_folds(way: str, count: int, projects: Sequence[str], seed: int) -> Folds:
    """Return the images tested in every fold: drawn, contiguous blocks, or whole projects; sizes differ by one at most.

    Raises
    ------
    ParameterError
        When there are fewer images (or projects) than folds.
    """
    if way not in WAYS:
        msg = f"eval_folds {way!r} is not one of {', '.join(WAYS)}"
        raise ParameterError(msg)
    number = len(projects)
    things = len(set(projects)) if way == "project" else number
    if count < 2 or things < count:
        msg = (
            f"eval_k: {count} folds need as many {way if way == 'project' else 'image'}s and two at least, got {things}"
        )
        raise ParameterError(msg)
    if way == "block":
        return [np.asarray(part, np.int64) for part in np.array_split(np.arange(number), count)]
    rng = np.random.default_rng([seed, 6])
    if way == "image":
        return [np.sort(part) for part in np.array_split(rng.permutation(number), count)]
    names = sorted(set(projects))
    parts = np.array_split(rng.permutation(len(names)), count)
    of_image = np.array([names.index(name) for name in projects])
    return [np.flatnonzero(np.isin(of_image, part)) for part in parts]


def cross_validate(  # noqa: PLR0917 - data, settings, and who is told
    scores: Sequence[Grey],
    points: NDArray[np.float64],
    terms: Sequence[str],
    settings: Settings,
    folds: Folds,
    tell: Tell = lambda _share, _text: None,
    *,
    search_seconds: float = 0.0,
    workers: int | None = None,
) -> Evaluation:
    """Learn from all folds but one and find the landmarks of that one, fold after fold.

    Parameters
    ----------
    search_seconds : float
        Above 0: settings are searched in every fold's training images (nested), for its share of these seconds.
    """
    points = check_points(scores, points, terms)
    found, sure = np.full(points.shape, np.nan), np.full(points.shape[:2], np.nan)
    trials = []
    for number, test in enumerate(folds):
        tell(number / len(folds), f"fold {number + 1} of {len(folds)}")
        train = np.setdiff1d(np.arange(len(scores)), test)
        own, own_points = [scores[i] for i in train], points[train]
        _check_fold(own_points, terms, number)
        chosen = settings
        if search_seconds > 0:
            chosen, tried = search(own, own_points, terms, settings, search_seconds / len(folds), workers=workers)
            trials.append(tuple(tried))
        model = fit(own, own_points, terms, chosen, workers)
        for image in test:
            answer = predict(model, scores[image], image=int(image), workers=workers)
            found[image], sure[image] = answer.points, answer.confidence
    errors = np.linalg.norm(found - points, axis=2)
    return Evaluation(found, sure, errors, tuple(trials))


def search(
    scores: Sequence[Grey],
    points: NDArray[np.float64],
    terms: Sequence[str],
    settings: Settings,
    seconds: float,
    *,
    workers: int | None = None,
    tell: Tell = lambda _share, _text: None,
) -> tuple[Settings, list[Trial]]:
    """Return the settings with the least mean error in inner folds, one parameter after another.

    No trial begins when the time budget is over; what was best by then is returned.
    """
    began = time.monotonic()
    folds = make_folds("image", min(3, len(scores)), [""] * len(scores), settings.seed)
    best, least = settings, np.inf
    trials: list[Trial] = []
    known: dict[Settings, float] = {}
    for parameter, changes in SPACE:
        for change in changes:
            candidate = replace(best, **change)
            if candidate not in known:
                if trials and time.monotonic() - began > seconds:
                    return best, trials
                tell(min(1.0, (time.monotonic() - began) / seconds), f"search, {parameter}")
                answer = cross_validate(scores, points, terms, candidate, folds, workers=workers)
                known[candidate] = float(np.nanmean(answer.errors))
                trials.append(Trial(parameter, change, known[candidate]))
            if known[candidate] < least:
                leader, least = candidate, known[candidate]
        best = leader
    return best, trials


def summarise(errors: NDArray[np.float64], distances: Sequence[float]) -> Summary:
    """Sum up errors; what is NaN does not count.

    The interval of the mean is 1.96 standard errors, as the originals quote it; those of success rates are Wilson's.
    """
    known = errors[~np.isnan(errors)]
    if not len(known):
        return Summary(0, np.nan, np.nan, np.nan, np.nan, tuple(Rate.of(0, 0) for _ in distances))
    mean = float(known.mean())
    half = Z * float(known.std(ddof=1)) / np.sqrt(len(known)) if len(known) > 1 else np.nan
    success = tuple(Rate.of(int((known <= limit).sum()), len(known)) for limit in distances)
    return Summary(len(known), mean, mean - half, mean + half, float(np.median(known)), success)


def _check_fold(points: NDArray[np.float64], terms: Sequence[str], number: int) -> None:
    never = np.isnan(points[:, :, 0]).all(axis=0)
    if never.any():
        msg = (
            f"fold {number + 1} would learn landmark {terms[int(never.argmax())]} from no image: annotate it in more "
            "images, choose other folds, or leave the term out"
        )
        raise DataError(msg)
