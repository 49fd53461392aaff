"""Cascade: one forest of all landmarks on a grid, then regression of offsets in the frame of the body.

The first stage is MSET's classifier with one class a landmark, scored on a grid where the training points lie; its map
is blurred and its mode taken. The second stage turns the image so that the landmarks found lie like the mean shape, and
regresses from positions around each landmark the way to it (after Lindner & Cootes' regression voting).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.features import Features, window_features
from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import MEAN, Grey, build_pyramid, rotated
from algorithms.landmarks.sampling import clamped, disc, make_features, ring, turn_of
from algorithms.landmarks.shape import canvas_of, mean_shape, rigid
from algorithms.toolkit.forests import ExtraTrees, Forest, Samples, fit_classes, fit_targets

Points = NDArray[np.float64]
#: Share of the training samples of the first stage that is drawn anywhere in the image.
ANYWHERE = 200


@dataclass(frozen=True, eq=False)
class Cascade:
    """What was learned.

    Attributes
    ----------
    features, grid_forest : Features, Forest
        First stage; class 0 is no landmark, class k + 1 is landmark k.
    shape : ndarray of float, (L, 2)
        Mean shape on the canvas of the second stage.
    near, forests : Features, list of Forest
        Second stage: a forest a landmark, whose targets are dx, dy on the canvas.
    """

    features: Features
    grid_forest: Forest
    shape: Points
    near: Features
    forests: list[Forest]


def fit_cascade(scores: Sequence[Grey], points: Points, settings: Settings, workers: int | None = None) -> Cascade:
    """Fit both stages; see `fit_mset`."""
    features = make_features(settings)
    grid_forest = _fit_grid(scores, points, features, settings, workers)
    shape = canvas_of(mean_shape(points), settings)
    near, forests = _fit_near(scores, points, shape, settings, workers)
    return Cascade(features, grid_forest, shape, near, forests)


def _fit_grid(
    scores: Sequence[Grey], points: Points, features: Features, settings: Settings, workers: int | None
) -> Forest:
    marks = int((~np.isnan(points[:, :, 0])).sum())
    size_of_disc = len(disc(np.zeros(2), settings))
    a_mark = size_of_disc + round(settings.negatives * size_of_disc)
    rows = settings.passes * (marks * a_mark + len(scores) * ANYWHERE)
    matrix, labels = np.empty((rows, len(features.tests)), np.uint8), np.empty(rows, np.int64)
    done = 0
    for image, own in enumerate(scores):
        for number in range(settings.passes):
            turn = turn_of(settings, image, number)
            grey, places = (own, points[image]) if turn == 0 else rotated(own, points[image], turn)
            pyramid = build_pyramid(grey, settings.depth, integral=features.needs_integral)
            rng = np.random.default_rng([settings.seed, 3, image, number])
            size = pyramid.width, pyramid.height
            positions, classes = _grid_samples(places, size, settings, rng)
            part = slice(done, done + len(classes))
            matrix[part], labels[part] = features.matrix(pyramid, positions), classes
            done = part.stop
    parameters = ExtraTrees(settings.trees, seed=settings.seed)
    forest = fit_classes(Samples.matrix(matrix), labels, parameters, workers=workers)
    return features.on_differences(forest)


def _grid_samples(
    places: Points, size: tuple[int, int], settings: Settings, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions (n, 2) and classes of one image; what lies near a landmark belongs to the nearest."""
    known = np.flatnonzero(~np.isnan(places[:, 0]))
    near = [disc(places[k], settings) for k in known]
    count = round(settings.negatives * len(near[0])) if near else 0
    far = [ring(places[k], count, settings, rng) for k in known]
    anywhere = rng.integers(0, size, (ANYWHERE, 2))
    positions = clamped(np.concatenate([*near, *far, anywhere]), *size)
    distance = np.linalg.norm(positions[:, None] - places[known][None], axis=2)
    inside = distance.min(axis=1, initial=np.inf) <= settings.radius + 1
    classes = np.where(inside, known[distance.argmin(axis=1)] + 1 if len(known) else 0, 0)
    return positions, classes.astype(np.int64)


def _fit_near(
    scores: Sequence[Grey], points: Points, shape: Points, settings: Settings, workers: int | None
) -> tuple[Features, list[Forest]]:
    near = window_features("sub", settings.depth, settings.refine_window)
    n_terms = len(shape) if settings.refinements else 0
    matrices: list[list[NDArray[np.uint8]]] = [[] for _ in range(n_terms)]
    targets: list[list[Points]] = [[] for _ in range(n_terms)]
    for image, own in enumerate(scores if settings.refinements else ()):
        rng = np.random.default_rng([settings.seed, 4, image])
        for _ in range(2):
            matrix = _disturbed(points[image], shape, settings, rng)
            pyramid = build_pyramid(onto_canvas(own, matrix, shape, settings), settings.depth)
            places = points[image] @ matrix[:, :2].T + matrix[:, 2]
            for term in np.flatnonzero(~np.isnan(places[:, 0])):
                offsets = rng.uniform(-settings.reach, settings.reach, (settings.samples, 2))
                positions = np.rint(places[term] + offsets).astype(np.int64)
                matrices[term].append(near.matrix(pyramid, positions))
                targets[term].append(places[term] - positions)
    forests = []
    for number in range(n_terms):
        samples = Samples.matrix(np.concatenate(matrices[number]))
        wanted = max(1, len(near.tests) // 6)
        parameters = ExtraTrees(settings.refine_trees, wanted, min_samples_leaf=3, seed=settings.seed + number)
        forest = fit_targets(samples, np.concatenate(targets[number]), parameters, workers=workers)
        forests.append(near.on_differences(forest))
    return near, forests


def _disturbed(places: Points, shape: Points, settings: Settings, rng: np.random.Generator) -> Points:
    """Return the way onto the canvas, with an error of direction as the first stage makes them."""
    matrix = rigid(places, shape)
    angle = np.deg2rad(rng.normal(0, settings.turn))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = shape.mean(axis=0)
    return np.concatenate([turn @ matrix[:, :2], (turn @ (matrix[:, 2] - middle) + middle)[:, None]], axis=1)


def onto_canvas(scores: Grey, matrix: Points, shape: Points, settings: Settings) -> Grey:
    """Turn an image onto the canvas of the second stage."""
    margin = canvas_margin(settings)
    size = np.ceil(shape.max(axis=0) + margin).astype(int)
    found = cv2.warpAffine(scores, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR, borderValue=(MEAN,))
    return np.asarray(found, np.uint8)


def canvas_margin(settings: Settings) -> int:
    """Return how far the canvas goes beyond the mean shape."""
    return 4 * settings.reach + (settings.refine_window << (settings.depth - 1))


def find_cascade(
    scores: Grey, model: Cascade, box: NDArray[np.int64], settings: Settings, workers: int | None
) -> tuple[Points, NDArray[np.float64]]:
    """Return points (L, 2) and their confidences (L,); `box` is the part that is searched: x0, y0, x1, y1."""
    pyramid = build_pyramid(scores, settings.depth, integral=model.features.needs_integral)
    xs, ys = (np.arange(box[axis], box[axis + 2] + 1, settings.grid) for axis in range(2))
    positions = np.stack([axis.ravel() for axis in np.meshgrid(xs, ys)], axis=1).astype(np.int64)
    proba = model.features.mean_values(model.grid_forest, pyramid, positions, workers)
    points, sure = np.empty((len(model.shape), 2)), np.empty(len(model.shape))
    for term in range(len(model.shape)):
        column = np.flatnonzero(model.grid_forest.classes == term + 1)
        own = proba[:, column[0]] if len(column) else np.zeros(len(proba))
        chart = cv2.GaussianBlur(
            own.reshape(len(ys), len(xs)), (0, 0), settings.smoothing, borderType=cv2.BORDER_CONSTANT
        )
        row, place = np.unravel_index(chart.argmax(), chart.shape)
        points[term], sure[term] = (xs[place], ys[row]), min(1.0, float(chart.max()))
    for _ in range(settings.refinements):
        points = _refined(scores, points, model, settings, workers)
    return points, sure


def _refined(scores: Grey, points: Points, model: Cascade, settings: Settings, workers: int | None) -> Points:
    """Return better points: each the median of the votes around it, on the canvas."""
    matrix = rigid(points, model.shape)
    pyramid = build_pyramid(onto_canvas(scores, matrix, model.shape, settings), settings.depth)
    places = points @ matrix[:, :2].T + matrix[:, 2]
    side = np.linspace(-settings.reach / 2, settings.reach / 2, 7)
    offsets = np.stack([axis.ravel() for axis in np.meshgrid(side, side)], axis=1)
    found = np.empty_like(places)
    for term, forest in enumerate(model.forests):
        positions = np.rint(places[term] + offsets).astype(np.int64)
        votes = positions + model.near.mean_values(forest, pyramid, positions, workers)
        found[term] = np.median(votes, axis=0)
    return np.asarray((found - matrix[:, 2]) @ matrix[:, :2])  # the inverse of a rotation is its transpose
