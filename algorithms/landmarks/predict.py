"""Finding: a model and an image in, one point with its confidence a landmark out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.cascade import find_cascade
from algorithms.landmarks.dmbl import find_dmbl
from algorithms.landmarks.lc import find_lc
from algorithms.landmarks.model import LandmarkModel
from algorithms.landmarks.mset import find_mset
from algorithms.landmarks.pyramid import Grey, build_pyramid, resized

#: Share of the image by which the searched part goes beyond the points that were learned from.
MARGIN = 0.1


@dataclass(frozen=True, eq=False)
class Found:
    """Landmarks of an image.

    Attributes
    ----------
    points : ndarray of float, (L, 2)
        x and y in pixels, origin top-left.
    confidence : ndarray of float, (L,)
        0 to 1: the highest probability of the first forest's map.
    """

    points: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def above(self, threshold: float) -> NDArray[np.float64]:
        """Return the points, NaN where the confidence is under the threshold: such a landmark is missing."""
        return np.where((self.confidence >= threshold)[:, None], self.points, np.nan)


def predict(model: LandmarkModel, scores: Grey, *, image: int = 0, workers: int | None = None) -> Found:
    """Find all landmarks of an image over one pyramid.

    Parameters
    ----------
    scores : ndarray of uint8, (H, W)
        z-scores of the image.
    image : int
        Its number, part of the seed of the positions that are drawn.
    """
    settings = model.settings
    if model.cascade is not None:
        size = np.array([scores.shape[1], scores.shape[0]])
        low = np.clip((model.spans[0].min(axis=0) - MARGIN) * size, 0, size - 1)
        high = np.clip((model.spans[1].max(axis=0) + MARGIN) * size, 0, size - 1)
        box = np.concatenate([low, high]).astype(np.int64)
        points, sure = find_cascade(scores, model.cascade, box, settings, workers)
        return Found(np.clip(points, 0, size - 1), sure)
    if model.maps is not None or model.voting is not None:
        small = resized(scores, settings.delta)
        if model.maps is not None:
            points, sure = find_dmbl(small, model.maps, settings, workers)
        elif model.voting is not None:
            points, sure = find_lc(small, model.voting, settings, workers)
        size = np.array([scores.shape[1], scores.shape[0]])
        return Found(np.clip(points * size / small.shape[::-1], 0, size - 1), sure)
    pyramid = build_pyramid(scores, settings.depth, integral=model.features.needs_integral)
    points, sure = np.empty((len(model.terms), 2)), np.empty(len(model.terms))
    for term, (prior, forest) in enumerate(zip(model.priors, model.forests, strict=True)):
        rng = np.random.default_rng([settings.seed, 5, image, term])
        drawn = prior.draw(settings.draws, pyramid.width, pyramid.height, rng)
        points[term], sure[term] = find_mset(pyramid, model.features, forest, drawn, workers)
    return Found(points, sure)
