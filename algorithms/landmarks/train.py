"""Learning: images and points in, a model out. A pure function of arrays, settings and the seed in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.cascade import fit_cascade
from algorithms.landmarks.dmbl import fit_dmbl
from algorithms.landmarks.lc import fit_lc
from algorithms.landmarks.model import LandmarkModel
from algorithms.landmarks.mset import Prior, fit_mset
from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import Grey, resized
from algorithms.toolkit.errors import DataError


def fit(  # noqa: PLR0917 - data, settings, and who is told
    scores: Sequence[Grey],
    points: NDArray[np.float64],
    terms: Sequence[str],
    settings: Settings,
    workers: int | None = None,
    tell: Callable[[float, str], None] = lambda _share, _text: None,
) -> LandmarkModel:
    """Learn where landmarks lie.

    Parameters
    ----------
    scores : sequence of ndarray of uint8, (H, W)
        z-scores of n images (see `pyramid.z_scores`); they may differ in size.
    points : ndarray of float, (n, L, 2)
        x and y of L landmarks in pixels, origin top-left; NaN where a landmark is missing, which is left out.
    terms : sequence of str
        Names of the landmarks.

    Raises
    ------
    DataError
        When a landmark was never annotated, or lies outside its image.
    """
    points = check_points(scores, points, terms)
    sizes = np.array([(grey.shape[1], grey.shape[0]) for grey in scores], np.int64)
    priors = [Prior.of(points[:, term], sizes) for term in range(len(terms))]
    spans = np.stack([np.nanmin(points / sizes[:, None], axis=0), np.nanmax(points / sizes[:, None], axis=0)])
    if settings.method == "cascade":
        return LandmarkModel(
            settings, tuple(terms), priors, spans, cascade=fit_cascade(scores, points, settings, workers)
        )
    if settings.method in {"dmbl", "lc"}:
        small = [resized(grey, settings.delta) for grey in scores]
        places = points * scales(sizes, small)
        if settings.method == "dmbl":
            maps = fit_dmbl(small, places, settings, workers)
            return LandmarkModel(settings, tuple(terms), priors, spans, maps=maps)
        return LandmarkModel(settings, tuple(terms), priors, spans, voting=fit_lc(small, places, settings, workers))
    features, forests = fit_mset(scores, points, settings, workers, tell)
    return LandmarkModel(settings, tuple(terms), priors, spans, features=features, forests=forests)


def scales(sizes: NDArray[np.int64], small: Sequence[Grey]) -> NDArray[np.float64]:
    """Return by what positions are multiplied in resized images, (n, 1, 2): sizes are whole pixels."""
    return np.array([(grey.shape[1], grey.shape[0]) for grey in small])[:, None] / sizes[:, None]


def check_points(scores: Sequence[Grey], points: NDArray[np.float64], terms: Sequence[str]) -> NDArray[np.float64]:
    """Return the points when there is something to learn from each."""
    points = np.asarray(points, np.float64)
    if points.shape != (len(scores), len(terms), 2) or not len(scores) or not terms:
        msg = f"{len(scores)} images and {len(terms)} landmarks need points of that number, got {points.shape}"
        raise DataError(msg)
    for image, grey in enumerate(scores):
        if grey.ndim != 2 or grey.dtype != np.uint8:
            msg = f"image {image + 1} is no 8-bit grey image: {grey.dtype} of shape {grey.shape}"
            raise DataError(msg)
        low, high = points[image] < 0, points[image] >= (grey.shape[1], grey.shape[0])
        if (low | high).any():
            term = int((low | high).any(axis=1).argmax())
            x, y = points[image, term]
            msg = (
                f"landmark {terms[term]} of image {image + 1} lies at {x:g}, {y:g}, outside of its "
                f"{grey.shape[1]} x {grey.shape[0]} pixels: move it, or delete it"
            )
            raise DataError(msg)
    never = np.isnan(points[:, :, 0]).all(axis=0)
    if never.any():
        msg = f"landmark {terms[int(never.argmax())]} is annotated in no image: annotate some, or leave the term out"
        raise DataError(msg)
    return points
