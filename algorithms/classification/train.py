"""Learning from images: subwindows, forest, and for ET-FL the learner on leaf frequencies.

Marée et al., Pattern Recognition Letters 2016: ET-DIC (section 2.2) and ET-FL (section 2.3).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.learners import fit_learner
from algorithms.classification.model import ClassificationModel
from algorithms.classification.params import Settings
from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.forests import Samples, fit_classes
from algorithms.toolkit.forests.predict import leaf_frequencies
from algorithms.toolkit.subwindows import random_windows
from algorithms.toolkit.tiles import map_in_order

log = logging.getLogger(__name__)

Image = NDArray[np.uint8]
#: Part of the memory budget that windows for training may take; trees and crops have the rest.
WINDOWS_SHARE = 0.75
#: Bytes of crops and windows that one step reads or describes.
STEP = 32 << 20
#: Bytes of windows that a thread describes and recognises at once: they stay in the processor's cache.
AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Windows:
    """The windows of a data set: `count` neighbouring rows an image."""

    values: NDArray[np.uint8]
    count: int

    def rows(self, images: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of some images, in their order."""
        return np.asarray((images[:, None] * self.count + np.arange(self.count)).ravel(), np.int64)

    def samples(self, images: NDArray[np.int64]) -> Samples:
        """Return the windows of some images to a trainer, without a copy."""
        all_of_them = Samples.matrix(self.values)
        rows = self.rows(images)
        found = all_of_them
        return Samples(found.data, found.base[rows], found.stride[rows], found.row, found.column)

    def parts(self, images: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Part images so that a copy of the windows of a part stays small."""
        size = max(1, STEP // (self.count * self.values.shape[1]))
        for start in range(0, len(images), size):
            yield images[start : start + size]


def fit(images: Sequence[Image], labels: NDArray[Any], settings: Settings) -> ClassificationModel:
    """Learn to tell the classes of images.

    Parameters
    ----------
    images : sequence of ndarray of uint8, (H, W), (H, W, 3) or (H, W, 4)
        Read one by one, so it may be a sequence that reads files.
    labels : ndarray, (n,)
        Class of every image.
    settings : Settings

    Raises
    ------
    DataError
        If there are fewer than two classes, or an image no window fits into.
    """
    if len(images) != len(labels):
        msg = f"{len(images)} images but {len(labels)} labels"
        raise DataError(msg)
    check_classes(labels)
    windows = draw(images, settings)
    return fit_windows(windows, np.arange(len(images)), labels, settings)


def check_classes(labels: NDArray[Any]) -> None:
    """Refuse to learn from fewer than two classes."""
    found = np.unique(labels)
    if len(found) < 2:
        only = f"all are {found[0]!s}" if len(found) else "there is none"
        msg = f"at least two classes are needed to learn from {len(labels)} images, and {only}: add images of another"
        raise DataError(msg)


def draw(images: Sequence[Image], settings: Settings) -> Windows:
    """Draw the windows of all images; fewer of each where they would take more than the memory budget."""
    length = settings.windows.n_features
    room = int(settings.budget * WINDOWS_SHARE)
    count = min(settings.n_windows, room // (len(images) * length))
    if count < 1:
        msg = (
            f"memory_budget: one window of each of {len(images)} images takes {len(images) * length >> 20} MB, more "
            f"than {WINDOWS_SHARE:.0%} of the budget; allow more memory, or choose fewer images or smaller windows"
        )
        raise ParameterError(msg)
    if count < settings.n_windows:
        log.warning("memory_budget: %d instead of %d subwindows of every image fit", count, settings.n_windows)
    values = np.empty((len(images) * count, length), np.uint8)
    for first, part in batches(images, count * length):
        values[first * count : (first + len(part)) * count] = described(part, count, settings, first)
    return Windows(values, count)


def described(part: Sequence[Image], count: int, settings: Settings, first: int) -> NDArray[np.uint8]:
    """Describe the windows of neighbouring images; `first` is the number of the first of them."""
    spec, seed = settings.windows, settings.forest.seed
    return random_windows(part, count, spec, seed, first_image=first, workers=settings.workers)


def batches(images: Sequence[Image], more: int) -> Iterator[tuple[int, list[Image]]]:
    """Read images in batches of about `STEP` bytes, with `more` bytes for each; yield the first's number and they."""
    part: list[Image] = []
    size = first = 0
    for number in range(len(images)):
        image = np.asarray(images[number])
        part.append(image)
        size += image.nbytes + more
        if size >= STEP:
            yield first, part
            part, size, first = [], 0, number + 1
    if part:
        yield first, part


def fit_windows(
    windows: Windows, images: NDArray[np.int64], labels: NDArray[Any], settings: Settings
) -> ClassificationModel:
    """Learn from the windows of some images of a data set.

    Parameters
    ----------
    images : ndarray of int64, (n,)
        Numbers of the images.
    labels : ndarray, (n,)
        Their classes.
    """
    classes, codes = np.unique(labels, return_inverse=True)
    weights = _weights(codes, settings)
    forest = fit_classes(
        windows.samples(images),
        np.repeat(codes, windows.count),
        settings.forest,
        class_weight=weights,
        workers=settings.workers,
    )
    names = np.array([str(name) for name in classes])
    if settings.learner == "votes":
        return ClassificationModel(settings, names, forest)
    features = _features(forest, windows, images, settings)
    maxima = np.asarray(features.max(axis=0).todense(), np.float32).ravel()
    bare = ClassificationModel(settings, names, forest, maxima)
    learner = fit_learner(settings, bare.scaled(features), codes, weights)
    return ClassificationModel(settings, names, forest, maxima, learner)


def predict_windows(model: ClassificationModel, windows: Windows, images: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the class probabilities of some images of a data set whose windows are drawn, (n, C)."""
    parts = [model.proba_of(windows.values[windows.rows(p)], windows.count) for p in windows.parts(images)]
    return np.concatenate([np.empty((0, len(model.classes))), *parts])


def predict_proba(model: ClassificationModel, images: Sequence[Image], first: int = 0) -> NDArray[np.float64]:
    """Return the class probabilities of images, (n, C), reading them one after the other.

    Parameters
    ----------
    first : int
        Number of the first image, when these are only some of a data set.
    """
    from algorithms.toolkit.compiled import worker_count

    settings = replace(model.settings, workers=1)
    count = settings.n_windows
    share = max(1, AT_ONCE // (count * settings.windows.n_features))

    def some(start: int) -> NDArray[np.float64]:
        part = [np.asarray(images[place]) for place in range(start, min(start + share, len(images)))]
        return model.proba_of(described(part, count, settings, first + start), count, workers=1)

    parts = map_in_order(some, range(0, len(images), share), worker_count(model.settings.workers))
    return np.concatenate([np.empty((0, len(model.classes))), *parts])


def _weights(codes: NDArray[np.int64], settings: Settings) -> NDArray[np.float64] | None:
    if settings.class_weight == "none":
        return None
    counts = np.bincount(codes)
    return np.asarray(len(codes) / (len(counts) * counts), np.float64)


def _features(forest: Any, windows: Windows, images: NDArray[np.int64], settings: Settings) -> Any:
    """Describe images by leaf frequencies, part by part."""
    from scipy.sparse import vstack

    rows = []
    for part in windows.parts(images):
        values = windows.values[windows.rows(part)]
        bounds = np.arange(len(part) + 1, dtype=np.int64) * windows.count
        rows.append(leaf_frequencies(forest, values, bounds, settings.workers))
    return vstack(rows, format="csr")
