"""LC: haar features, regression trees that vote for the way to a landmark, and a shape model over all of them.

After Lindner, Bromiley, Ionita & Cootes, Robust and accurate shape model matching using random forest
regression-voting, TPAMI 37 (2015); algorithms.md, section 5.3. All lengths are pixels of the image resized by `delta`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.features import Features, haar_features
from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import Grey, build_pyramid
from algorithms.landmarks.shape import mean_shape, rigid
from algorithms.toolkit.forests import ExtraTrees, Forest, Samples, fit_targets

Points = NDArray[np.float64]
#: Rounds of the alternating fit of motion and modes; deviation of the blur of the votes in pixels.
ROUNDS, BLUR = 20, 1.5


@dataclass(frozen=True, eq=False)
class VotingModel:
    """What was learned.

    Attributes
    ----------
    features : Features
        Boxes of one level, shared by all landmarks.
    forests : list of Forest
        Whose targets are the ways dx, dy to a landmark.
    shape : ndarray, (L, 2)
        Mean shape.
    modes : ndarray, (m, 2 L)
        Principal modes of the aligned shapes, orthonormal.
    start : ndarray, (L, 2)
        Mean relative positions, where the search begins.
    """

    features: Features
    forests: list[Forest]
    shape: Points
    modes: Points
    start: Points


def fit_lc(scores: Sequence[Grey], points: Points, settings: Settings, workers: int | None = None) -> VotingModel:
    """Fit forests and shape model to resized images and their points (n, L, 2); NaN is left out."""
    rng = np.random.default_rng([settings.seed, 7])
    features = haar_features(1, settings.lc_window, 5 * settings.lc_boxes, rng)
    n_terms = points.shape[1]
    matrices: list[list[NDArray[np.uint8]]] = [[] for _ in range(n_terms)]
    targets: list[list[Points]] = [[] for _ in range(n_terms)]
    for image, own in enumerate(scores):
        pyramid = build_pyramid(own, 1, integral=True)
        draws = np.random.default_rng([settings.seed, 8, image])
        for term in np.flatnonzero(~np.isnan(points[image, :, 0])):
            offsets = draws.uniform(-settings.lc_reach, settings.lc_reach, (settings.lc_samples, 2))
            positions = np.rint(points[image, term] + offsets).astype(np.int64)
            matrices[term].append(features.matrix(pyramid, positions))
            targets[term].append(points[image, term] - positions)
    forests = []
    for number in range(n_terms):
        samples = Samples.matrix(np.concatenate(matrices[number]))
        parameters = ExtraTrees(settings.lc_trees, len(features.tests), seed=settings.seed + number)
        forest = fit_targets(samples, np.concatenate(targets[number]), parameters, workers=workers)
        forests.append(features.on_differences(forest))
    sizes = np.array([(grey.shape[1], grey.shape[0]) for grey in scores])
    start = np.nanmean(points / sizes[:, None], axis=0)
    return VotingModel(features, forests, *shape_model(points, settings.lc_modes), start)


def shape_model(points: Points, count: int) -> tuple[Points, Points]:
    """Return the mean shape (L, 2) and the first `count` modes (m, 2 L) of complete shapes laid on it."""
    shape = mean_shape(points)
    complete = points[~np.isnan(points).any(axis=(1, 2))]
    laid = []
    for own in complete:
        matrix = rigid(own, shape)
        laid.append((own @ matrix[:, :2].T + matrix[:, 2] - shape).ravel())
    if len(laid) < 2:
        return shape, np.zeros((0, shape.size))
    table = np.array(laid)
    modes = np.linalg.svd(table - table.mean(axis=0), full_matrices=False)[2]
    return shape, modes[: min(count, len(laid) - 1)]


def find_lc(
    scores: Grey, model: VotingModel, settings: Settings, workers: int | None = None
) -> tuple[Points, NDArray[np.float64]]:
    """Return points (L, 2) of a resized image, and the share of the trees' votes that lie around each."""
    height, width = scores.shape
    pyramid = build_pyramid(scores, 1, integral=True)
    xs, ys = np.meshgrid(np.arange(0, width, settings.lc_step), np.arange(0, height, settings.lc_step))
    positions = np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.int64)
    charts = []
    for forest in model.forests:
        leaves = model.features.leaves(forest, pyramid, positions, workers)
        charts.append(vote_map(leaves, forest.values[:, 0], positions, (height, width)))
    points = model.start * (width, height)
    radius = float(settings.lc_most)
    while radius >= settings.lc_least:
        found = np.array([_mode(chart, point, radius) for chart, point in zip(charts, points, strict=True)])
        points = on_model(found, model)
        radius *= settings.lc_shrink
    voters = settings.lc_trees * max(1.0, (2 * settings.lc_reach / settings.lc_step) ** 2)
    near = [chart[_window(chart, point, settings.lc_least)].sum() for chart, point in zip(charts, points, strict=True)]
    return points, np.minimum(1.0, np.array(near) / voters)


def vote_map(
    leaves: NDArray[np.int32], ways: NDArray[np.float32], positions: NDArray[np.int64], size: tuple[int, int]
) -> Points:
    """Return how many trees point at every pixel (H, W), from the leaves (n, T) of the positions, blurred a little.

    `ways` (leaves, 2) are the displacements to the landmark; every tree votes for itself.
    """
    height, width = size
    chart = np.zeros(height * width)
    for column in leaves.T:
        there = np.rint(positions + ways[column]).astype(np.int64)
        inside = ((there >= 0) & (there < (width, height))).all(axis=1)
        chart += np.bincount(there[inside, 1] * width + there[inside, 0], minlength=height * width)
    return np.asarray(cv2.GaussianBlur(chart.reshape(height, width), (0, 0), BLUR, borderType=cv2.BORDER_CONSTANT))


def on_model(points: Points, model: VotingModel) -> Points:
    """Project points (L, 2) on the shape model: motion and modes are fitted in turn until neither changes."""
    goal = model.shape
    for _ in range(ROUNDS):
        matrix = rigid(points, goal)
        laid = points @ matrix[:, :2].T + matrix[:, 2]
        goal = model.shape + ((laid - model.shape).ravel() @ model.modes.T @ model.modes).reshape(-1, 2)
    return np.asarray((goal - matrix[:, 2]) @ matrix[:, :2])


def _mode(chart: Points, point: Points, radius: float) -> Points:
    """Return the place of the most votes in the window around a point."""
    window = _window(chart, point, radius)
    part = chart[window]
    row, column = np.unravel_index(part.argmax(), part.shape)
    return np.array([window[1].start + column, window[0].start + row], np.float64)


def _window(chart: Points, point: Points, radius: float) -> tuple[slice, slice]:
    """Return rows and columns within a radius of a point, at least one of each."""
    low = np.clip(np.rint(point - radius), 0, np.array(chart.shape[::-1]) - 1).astype(int)
    high = np.clip(np.rint(point + radius) + 1, low + 1, chart.shape[::-1]).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
