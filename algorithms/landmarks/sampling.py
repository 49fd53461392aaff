"""Which pixels are learned from: the disc of a landmark against a ring around it (algorithms.md, section 5.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.features import Features, gaussian_features, haar_features, window_features
from algorithms.landmarks.params import Settings

Positions = NDArray[np.int64]


def make_features(settings: Settings) -> Features:
    """Return the features of a model, drawn from its seed."""
    rng = np.random.default_rng([settings.seed, 1])
    if settings.features == "haar":
        return haar_features(settings.depth, settings.window, settings.haar_count, rng)
    if settings.features == "gaussian":
        return gaussian_features(settings.depth, settings.gaussian_count, settings.gaussian_std, rng)
    return window_features(settings.features, settings.depth, settings.window)


def disc(point: NDArray[np.float64], settings: Settings) -> Positions:
    """Return the positions (n, 2) of a grid within R of a point."""
    side = np.arange(-settings.radius, settings.radius + 1, settings.step)
    dx, dy = (axis.ravel() for axis in np.meshgrid(side, side))
    inside = dx**2 + dy**2 <= settings.radius**2
    return np.floor(point).astype(np.int64) + np.stack([dx[inside], dy[inside]], axis=1)


def ring(point: NDArray[np.float64], count: int, settings: Settings, rng: np.random.Generator) -> Positions:
    """Return positions (count, 2) between R and RMAX of a point, uniform in distance and direction."""
    distance = rng.uniform(settings.radius, settings.far, count)
    direction = rng.uniform(0, 2 * np.pi, count)
    offsets = np.stack([distance * np.cos(direction), distance * np.sin(direction)], axis=1)
    return np.rint(point + offsets).astype(np.int64)


def clamped(positions: Positions, width: int, height: int) -> Positions:
    """Move positions into an image."""
    return np.clip(positions, 0, [width - 1, height - 1])


def turn_of(settings: Settings, image: int, number: int) -> float:
    """Return the angle of a pass over an image, in degrees; 0 in the first."""
    if number == 0:
        return 0.0
    return float(np.random.default_rng([settings.seed, 2, image, number]).uniform(-settings.angle, settings.angle))
