"""Shapes: how landmarks lie to each other, and the rigid motion that lays one shape on another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from algorithms.landmarks.params import Settings

Points = NDArray[np.float64]


def rigid(source: Points, target: Points) -> Points:
    """Return the rotation and translation (2, 3) that lay `source` on `target` (L, 2) best; NaN is left out.

    Kabsch's solution without reflection; with fewer than two points there is no rotation, with none no motion.
    """
    known = ~(np.isnan(source[:, 0]) | np.isnan(target[:, 0]))
    if not known.any():
        return np.array([[1.0, 0, 0], [0, 1.0, 0]])
    a, b = source[known], target[known]
    middle_a, middle_b = a.mean(axis=0), b.mean(axis=0)
    a, b = a - middle_a, b - middle_b
    angle = np.arctan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum())
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.concatenate([turn, (middle_b - turn @ middle_a)[:, None]], axis=1)


def mean_shape(points: Points, rounds: int = 5) -> Points:
    """Return the mean of shapes (n, L, 2) laid on each other, starting from the most complete; NaN is left out."""
    counts = (~np.isnan(points[:, :, 0])).sum(axis=1)
    shape = points[int(counts.argmax())].copy()
    for _ in range(rounds):
        laid = []
        for own in points:
            matrix = rigid(own, shape)
            laid.append(own @ matrix[:, :2].T + matrix[:, 2])
        stack = np.array(laid)
        known = ~np.isnan(stack)
        total = np.where(known, stack, 0).sum(axis=0)
        number = known.sum(axis=0)
        shape = np.where(number > 0, total / np.maximum(number, 1), shape)
    return shape


def canvas_of(shape: Points, settings: Settings) -> Points:
    """Move a shape so that the canvas around it begins at 0."""
    from algorithms.landmarks.cascade import canvas_margin

    return np.asarray(np.ceil(shape - np.nanmin(shape, axis=0) + canvas_margin(settings)))
