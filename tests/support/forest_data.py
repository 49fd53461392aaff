"""Small data sets of 8-bit features for tests of forests."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def blobs(n: int, seed: int, n_features: int = 60, n_classes: int = 3) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return overlapping classes of 8-bit vectors; a third of the features is constant or nearly so."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, n_classes, n)
    centres = np.random.default_rng(7).uniform(90, 160, (n_classes, n_features))
    values = centres[labels] + random.normal(0, 45, (n, n_features))
    values[:, : n_features // 6] = 17
    values[:, n_features // 6 : n_features // 3] = random.random((n, n_features // 3 - n_features // 6)) < 0.05
    return np.clip(values, 0, 255).astype(np.uint8), labels


def masked_picture(seed: int, side: int = 160, n_classes: int = 2) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a smooth noisy picture (side, side, 3) and the class mask that its first channel hides."""
    import cv2

    random = np.random.default_rng(seed)
    field = cv2.GaussianBlur(random.normal(size=(side, side)), (0, 0), 6)
    levels = np.quantile(field, np.arange(1, n_classes) / n_classes)
    mask = np.digitize(field, levels).astype(np.uint8)
    field = 128 + 50 * field / field.std()
    picture = field[:, :, None] * [1.0, 0.6, 0.3] + random.normal(0, 20, (side, side, 3))
    return np.clip(picture, 0, 255).astype(np.uint8), mask


def dense(samples: Any) -> NDArray[np.uint8]:
    """Return the feature matrix of `Samples`."""
    places = samples.base[:, None] + samples.row * samples.stride[:, None] + samples.column
    return np.asarray(samples.data[places])
