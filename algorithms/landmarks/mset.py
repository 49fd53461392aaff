"""MSET: multi-resolution features and extra-trees, one binary forest a landmark.

Vandaele et al., Landmark detection in 2D bioimages for geometric morphometrics: a multi-resolution tree-based approach,
Scientific Reports 8 (2018); algorithms.md, section 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.features import Features
from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import Grey, Pyramid, build_pyramid, rotated
from algorithms.landmarks.sampling import clamped, disc, make_features, ring, turn_of
from algorithms.toolkit.forests import ExtraTrees, Forest, Samples, fit_classes

#: Bytes of training features that are held at a time; terms are learned in groups that keep to it.
ROOM = 400 << 20
Tell = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Prior:
    """Where a landmark lies in relative coordinates.

    Attributes
    ----------
    mean : ndarray, (2,)
    covariance : ndarray, (2, 2)
        Zero with a single image.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @classmethod
    def of(cls, points: NDArray[np.float64], sizes: NDArray[np.int64]) -> Prior:
        """Learn from points (n, 2) in images of `sizes` (n, 2), width and height; those that are NaN are left out."""
        relative = (points / sizes)[~np.isnan(points[:, 0])]
        covariance = np.cov(relative.T) if len(relative) > 1 else np.zeros((2, 2))
        return cls(relative.mean(axis=0), covariance)

    def draw(self, count: int, width: int, height: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw positions (count, 2) inside an image."""
        relative = rng.multivariate_normal(self.mean, self.covariance, count, check_valid="ignore", method="eigh")
        return clamped(np.rint(relative * (width, height)).astype(np.int64), width, height)


def fit_mset(
    scores: Sequence[Grey],
    points: NDArray[np.float64],
    settings: Settings,
    workers: int | None = None,
    tell: Tell = lambda _share, _text: None,
) -> tuple[Features, list[Forest]]:
    """Fit one forest a landmark.

    Parameters
    ----------
    scores : sequence of ndarray of uint8, (H, W)
        z-scores of n images.
    points : ndarray of float, (n, L, 2)
        x and y of L landmarks, NaN where one is missing.
    """
    features = make_features(settings)
    n_terms = points.shape[1]
    disc_size = len(disc(np.zeros(2), settings))
    per_term = len(scores) * settings.passes * disc_size * (1 + settings.negatives) * len(features.tests)
    group = max(1, int(ROOM // max(per_term, 1)))
    forests: list[Forest] = []
    for first in range(0, n_terms, group):
        terms = range(first, min(first + group, n_terms))
        tables = _tables(scores, points, terms, features, settings)
        for term in terms:
            tell(term / n_terms, f"landmark {term + 1} of {n_terms}")
            matrix, labels = tables.pop(term)
            parameters = ExtraTrees(settings.trees, seed=settings.seed + term)
            forest = fit_classes(Samples.matrix(matrix), labels, parameters, workers=workers)
            forests.append(features.on_differences(forest))
    return features, forests


def _tables(
    scores: Sequence[Grey], points: NDArray[np.float64], terms: range, features: Features, settings: Settings
) -> dict[int, tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Return features and labels of some landmarks; every image is turned once for all of them."""
    parts: dict[int, list[NDArray[np.uint8]]] = {term: [] for term in terms}
    labels: dict[int, list[NDArray[np.int64]]] = {term: [] for term in terms}
    for image, own in enumerate(scores):
        for number in range(settings.passes):
            turn = turn_of(settings, image, number)
            grey, places = (own, points[image]) if turn == 0 else rotated(own, points[image], turn)
            pyramid = build_pyramid(grey, settings.depth, integral=features.needs_integral)
            for term in terms:
                if np.isnan(places[term, 0]):
                    continue
                rng = np.random.default_rng([settings.seed, 3, image, number, term])
                near = disc(places[term], settings)
                far = ring(places[term], round(settings.negatives * len(near)), settings, rng)
                positions = clamped(np.concatenate([near, far]), pyramid.width, pyramid.height)
                parts[term].append(features.matrix(pyramid, positions))
                labels[term].append(np.repeat([1, 0], [len(near), len(far)]))
    return {term: (np.concatenate(parts.pop(term)), np.concatenate(labels[term])) for term in terms}


def find_mset(
    pyramid: Pyramid,
    features: Features,
    forest: Forest,
    drawn: NDArray[np.int64],
    workers: int | None = None,
) -> tuple[NDArray[np.float64], float]:
    """Return the medians of the drawn positions (n, 2) of the highest probability, and that probability.

    Every distinct position is scored once, and counts as often as it was drawn.
    """
    codes = drawn[:, 1] * pyramid.width + drawn[:, 0]
    distinct, counts = np.unique(codes, return_counts=True)
    positions = np.stack([distinct % pyramid.width, distinct // pyramid.width], axis=1)
    best, proba = features.largest(forest, pyramid, positions, workers)
    return np.median(np.repeat(positions[best], counts[best], axis=0), axis=0), proba
