"""DMBL: classification map, regression votes, and a model of pairs that chooses among candidates.

After Donner, Menze, Bischof & Langs, Global localization of 3D anatomical structures by pre-filtered Hough forests and
discrete optimization, Medical Image Analysis 17 (2013); algorithms.md, section 5.2. All lengths, in every phase, are
pixels of the image resized by `delta`. Every tree has a block of offsets of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.features import Features, gaussian_features
from algorithms.landmarks.pairs import Edges, choose, learn_edges
from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import Grey, Pyramid, build_pyramid
from algorithms.landmarks.sampling import clamped
from algorithms.toolkit.forests import ExtraTrees, Forest, Samples, fit_classes, fit_targets
from algorithms.toolkit.forests.join import join_forests

Points = NDArray[np.float64]
Grow = Callable[[Samples, ExtraTrees], Forest]
#: Pixels of a map that vote at most: those of the highest probability.
VOTERS = 10_000


@dataclass(frozen=True, eq=False)
class MapModel:
    """What was learned: phase 1 (class L is elsewhere), phase 2 (a forest a landmark), and the pairs of phase 3."""

    features: Features
    forest: Forest
    near: list[Features]
    forests: list[Forest]
    edges: Edges


def fit_dmbl(scores: Sequence[Grey], points: Points, settings: Settings, workers: int | None = None) -> MapModel:
    """Fit all phases to resized images and their points (n, L, 2); NaN is left out."""
    pyramids = [build_pyramid(own, 1) for own in scores]
    n_terms = points.shape[1]
    places, labels = _map_samples(pyramids, points, settings)
    features = _offsets(settings.p1_trees * settings.p1_features, settings, 0)

    def map_tree(samples: Samples, trees: ExtraTrees) -> Forest:
        return fit_classes(samples, labels, trees, workers=workers)

    forest = _in_blocks(features, settings.p1_trees, pyramids, places, settings, map_tree)
    near, forests = [], []
    for term in range(n_terms):
        spots, ways = _way_samples(points[:, term], settings, term)
        own = _offsets(settings.p2_trees * settings.p2_features, settings, 1 + term)

        def way_tree(samples: Samples, trees: ExtraTrees, goal: Points = ways) -> Forest:
            return fit_targets(samples, goal, trees, workers=workers)

        near.append(own)
        forests.append(_in_blocks(own, settings.p2_trees, pyramids, spots, settings, way_tree))
    return MapModel(features, forest, near, forests, learn_edges(points, settings.edges))


def _offsets(count: int, settings: Settings, number: int) -> Features:
    return gaussian_features(1, count, settings.sigma, np.random.default_rng([settings.seed, 9, number]))


def _in_blocks(  # noqa: PLR0917 - where the samples are, and who learns from them
    features: Features,
    trees: int,
    pyramids: Sequence[Pyramid],
    places: list[NDArray[np.int64]],
    settings: Settings,
    grow: Grow,
) -> Forest:
    """Grow every tree on its own block of the features."""
    size = len(features.tests) // trees
    grown = []
    for number in range(trees):
        block = Features(features.kind, 1, features.tests[number * size : (number + 1) * size])
        matrix = np.concatenate([block.matrix(p, own) for p, own in zip(pyramids, places, strict=True)])
        tree = grow(Samples.matrix(matrix), ExtraTrees(1, seed=settings.seed + number))
        grown.append(features.on_differences(tree))
    return join_forests(grown)


def _map_samples(
    pyramids: Sequence[Pyramid], points: Points, settings: Settings
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Return positions of every image, and all their classes: pixels around each landmark, and others elsewhere."""
    n_terms, places, labels = points.shape[1], [], []
    side = np.arange(-settings.p1_radius, settings.p1_radius + 1)
    disc = np.stack([axis.ravel() for axis in np.meshgrid(side, side)], axis=1)
    disc = disc[(disc**2).sum(axis=1) <= settings.p1_radius**2]
    for image, pyramid in enumerate(pyramids):
        rng = np.random.default_rng([settings.seed, 10, image])
        known = np.flatnonzero(~np.isnan(points[image, :, 0]))
        near = [np.floor(points[image, k]).astype(np.int64) + disc for k in known]
        wanted = round(settings.negatives * len(disc) * max(1, len(known)))
        far = rng.integers(0, (pyramid.width, pyramid.height), (2 * wanted, 2))
        distance = np.linalg.norm(far[:, None] - points[image, known][None], axis=2).min(axis=1, initial=np.inf)
        far = far[distance > settings.p1_radius][:wanted]
        places.append(clamped(np.concatenate([*near, far]), pyramid.width, pyramid.height))
        labels.append(np.append(np.repeat(known, len(disc)), np.full(len(far), n_terms)))
    return places, np.concatenate(labels).astype(np.int64)


def _way_samples(points: Points, settings: Settings, term: int) -> tuple[list[NDArray[np.int64]], Points]:
    """Return positions around a landmark in every image, and the ways from them to it."""
    places, ways = [], []
    for image, point in enumerate(points):
        if np.isnan(point[0]):
            places.append(np.empty((0, 2), np.int64))
            continue
        rng = np.random.default_rng([settings.seed, 11, image, term])
        distance = rng.uniform(0, settings.p2_radius, settings.p2_samples)
        angle = rng.uniform(0, 2 * np.pi, settings.p2_samples)
        offsets = np.stack([distance * np.cos(angle), distance * np.sin(angle)], axis=1)
        places.append(np.rint(point + offsets).astype(np.int64))
        ways.append(point - places[-1])
    return places, np.concatenate(ways)


def find_dmbl(
    scores: Grey, model: MapModel, settings: Settings, workers: int | None = None
) -> tuple[Points, NDArray[np.float64]]:
    """Return points (L, 2) of a resized image, and the probability that each is the right candidate of its map."""
    pyramid = build_pyramid(scores, 1)
    height, width = scores.shape
    xs, ys = np.meshgrid(np.arange(width), np.arange(height))
    everywhere = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.int64)
    proba = model.features.mean_values(model.forest, pyramid, everywhere, workers)
    candidates, unary, sure = [], [], []
    for term, (near, forest) in enumerate(zip(model.near, model.forests, strict=True)):
        column = np.flatnonzero(model.forest.classes == term)
        chart = proba[:, column[0]] if len(column) else np.zeros(len(proba))
        sure.append(float(chart.max()))
        chart = chart.reshape(height, width)
        for _ in range(settings.vote_rounds):
            chart = _voted(chart, pyramid, near, forest, settings.beta)
        places, values = _peaks(chart, settings.filter_size, settings.candidates)
        candidates.append(places)
        unary.append(values)
    chosen = choose(candidates, unary, model.edges, settings.sde)
    points = np.array([places[number] for places, number in zip(candidates, chosen, strict=True)])
    return points, np.array(sure)


def _voted(chart: Points, pyramid: Pyramid, near: Features, forest: Forest, beta: float) -> Points:
    """Move the probability of the likely pixels along their predicted ways."""
    height, width = chart.shape
    likely = np.flatnonzero(chart >= beta * chart.max())
    if len(likely) > VOTERS:
        likely = likely[np.argsort(-chart.ravel()[likely], kind="stable")[:VOTERS]]
    positions = np.stack([likely % width, likely // width], axis=1).astype(np.int64)
    there = np.rint(positions + near.mean_values(forest, pyramid, positions)).astype(np.int64)
    there = clamped(there, width, height)
    weights = chart.ravel()[likely]
    moved = np.bincount(there[:, 1] * width + there[:, 0], weights, minlength=height * width)
    return np.asarray(moved.reshape(height, width))


def _peaks(chart: Points, filter_size: int, count: int) -> tuple[Points, Points]:
    """Return the best local maxima (m, 2) and their shares of the best one (m,)."""
    side = 2 * filter_size + 1
    highest = cv2.dilate(chart, np.ones((side, side), np.uint8))
    peaks = np.flatnonzero((chart >= highest) & (chart > 0)) if chart.max() > 0 else np.array([chart.argmax()])
    peaks = peaks[np.argsort(-chart.ravel()[peaks], kind="stable")[:count]]
    values = chart.ravel()[peaks] / (chart.max() or 1.0)
    return np.stack([peaks % chart.shape[1], peaks // chart.shape[1]], axis=1).astype(np.float64), values
