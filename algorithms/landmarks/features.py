"""What a tree may ask at a position: raw, sub, haar and gaussian features of a pyramid (algorithms.md, section 5.1).

A forest is trained on 8-bit features (differences are halved) and then told to compare the differences themselves, so
that one fitted elsewhere on plain differences is predicted by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.pyramid import Pyramid
from algorithms.toolkit.errors import ModelError, ParameterError
from algorithms.toolkit.forests import Forest

KINDS = ("raw", "sub", "haar", "gaussian")
#: Forests as kernels take them, as long as they live.
_NODES: WeakKeyDictionary[Forest, NDArray[np.int32]] = WeakKeyDictionary()
#: Positions that a thread takes at a time.
SHARE = 1024
#: One of so many positions is scored first, to know what the others must reach.
SPREAD = 16


@dataclass(frozen=True, eq=False)
class Features:
    """The features of a model.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    depth : int
        Resolutions D.
    tests : ndarray of int64, (d, 6)
        Level, shape of a haar box, then dx, dy of a pixel, or the box dx0, dy0, dx1, dy1 (ends excluded).
    """

    kind: str
    depth: int
    tests: NDArray[np.int64]

    @property
    def code(self) -> int:
        """The kind as kernels take it."""
        return KINDS.index(self.kind)

    @property
    def needs_integral(self) -> bool:
        """Whether pyramids must have integral images."""
        return self.kind == "haar"

    def matrix(self, pyramid: Pyramid, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the 8-bit features of `positions` (n, 2), for training."""
        from algorithms.landmarks.features_kernels import fill

        out = np.empty((len(positions), len(self.tests)), np.uint8)
        fill(pyramid.levels, self.code, self._rows(np.arange(len(self.tests))), positions, out)
        return out

    def on_differences(self, forest: Forest) -> Forest:
        """Return a forest trained on `matrix` with thresholds for the features themselves."""
        if self.kind == "raw":
            return forest
        # (d + 256) >> 1 <= t is d <= 2 floor(t) - 255
        return replace(forest, threshold=(2 * np.floor(forest.threshold) - 255).astype(np.float32))

    def mean_values(
        self, forest: Forest, pyramid: Pyramid, positions: NDArray[np.int64], workers: int | None = None
    ) -> NDArray[np.float64]:
        """Return the mean leaf values of `positions` (n, 2), (n, C * O); pixels are read as the trees ask for them."""
        from algorithms.landmarks.features_kernels import add_leaves, descend

        values = forest.values.reshape(forest.n_leaves, -1)
        nodes = self._nodes(forest)
        out = np.zeros((len(positions), values.shape[1]))

        def work(start: int) -> None:
            part = positions[start : start + SHARE]
            leaves = np.empty((len(part), forest.n_trees), np.int32)
            descend(pyramid.levels, self.code, nodes, forest.roots, part, leaves)
            add_leaves(leaves, values, out[start : start + SHARE])

        _share(work, len(positions), workers)
        return out * (forest.scale / forest.n_trees)

    def leaves(
        self, forest: Forest, pyramid: Pyramid, positions: NDArray[np.int64], workers: int | None = None
    ) -> NDArray[np.int32]:
        """Return the leaf of every position (n, 2) in every tree, (n, T); numbers run through the whole forest."""
        from algorithms.landmarks.features_kernels import descend

        out = np.empty((len(positions), forest.n_trees), np.int32)
        nodes = self._nodes(forest)

        def work(start: int) -> None:
            part = slice(start, start + SHARE)
            descend(pyramid.levels, self.code, nodes, forest.roots, positions[part], out[part])

        _share(work, len(positions), workers)
        return out

    def largest(
        self, forest: Forest, pyramid: Pyramid, positions: NDArray[np.int64], workers: int | None = None
    ) -> tuple[NDArray[np.int64], float]:
        """Return the numbers of the positions (n, 2) whose last class is most probable, and its probability.

        All of equal ones. Equal to the largest of `mean_values`, but a position costs no more trees than show that it
        is not among them.
        """
        from algorithms.landmarks.features_kernels import climb

        values = forest.values[:, -1, 0].astype(np.float64)
        nodes, roots = self._nodes(forest), forest.roots
        leaf = nodes[:, 0] < 0
        tops = [values[~nodes[a:b, 0][leaf[a:b]]].max() for a, b in pairwise(roots)]
        rest = np.append(np.cumsum(tops[::-1])[::-1], 0.0)
        sums = np.zeros(len(positions))

        def work(part: slice, known: float) -> None:
            sums[part.start] = known
            climb(pyramid.levels, self.code, nodes, roots, values, rest, positions[part], sums[part])

        # some of them, spread over all, tell how much is needed
        first = positions[::SPREAD]
        some = np.zeros(len(first))
        climb(pyramid.levels, self.code, nodes, roots, values, rest, first, some)
        _share(lambda start: work(slice(start, start + SHARE), some.max()), len(positions), workers)
        best = np.flatnonzero(sums >= sums.max() - 1e-9)
        return best, float(sums.max() * forest.scale / forest.n_trees)

    def _nodes(self, forest: Forest) -> NDArray[np.int32]:
        """Return the forest as rows of 32-bit numbers for the kernel, made once a forest."""
        if forest not in _NODES:
            rows = self._rows(forest.feature)
            rows[:, 0] = forest.child
            rows[:, 1] = np.clip(np.floor(forest.threshold), -1000, 1000)
            _NODES[forest] = rows
        return _NODES[forest]

    def _rows(self, numbers: NDArray[Any]) -> NDArray[np.int32]:
        """Return rows whose last six numbers are the tests of these numbers."""
        rows = np.zeros((len(numbers), 8), np.int32)
        rows[:, 2:] = self.tests[numbers]
        return rows

    def check(self, forest: Forest) -> None:
        """Refuse a forest or tests that a kernel can not follow.

        Raises
        ------
        ModelError
        """
        tests = self.tests
        wrong = tests.ndim != 2 or tests.shape[1] != 6 or tests.dtype != np.int64 or self.kind not in KINDS
        wrong = wrong or forest.n_features != len(tests)
        wrong = wrong or tests[:, 0].min() < 0 or tests[:, 0].max() >= self.depth
        if self.kind == "haar" and not wrong:
            wrong = bool((tests[:, 4:] - tests[:, 2:4] < 3).any())
        if wrong:
            raise ModelError("the model's features are damaged: train the model again")


def window_features(kind: str, depth: int, half: int) -> Features:
    """Return the pixels of the 2w x 2w window at every level, compared with the position itself (`sub`) or not."""
    side = np.arange(-half, half)
    level, dy, dx = (axis.ravel() for axis in np.meshgrid(np.arange(depth), side, side, indexing="ij"))
    zero = np.zeros_like(level)
    return Features(kind, depth, np.stack([level, zero, dx, dy, zero, zero], axis=1).astype(np.int64))


def haar_features(depth: int, half: int, count: int, rng: np.random.Generator) -> Features:
    """Return `count` boxes of five shapes inside [-w, w]^2, the same at every level."""
    if count % (5 * depth) or half < 2:
        msg = f"model_feature_haar_n ({count}) must be a multiple of 5 * model_depth ({5 * depth}), model_wsize above 1"
        raise ParameterError(msg)
    number = count // depth
    low = rng.integers(-half, half - 2, (number, 2))
    high = low + 3 + np.floor(rng.random((number, 2)) * (half + 1 - low - 3)).astype(np.int64)
    shape = np.arange(number) % 5
    boxes = np.concatenate([shape[:, None], low, high], axis=1)
    tests = [np.concatenate([np.full((number, 1), level), boxes], axis=1) for level in range(depth)]
    return Features("haar", depth, np.concatenate(tests).astype(np.int64))


def gaussian_features(depth: int, count: int, std: float, rng: np.random.Generator) -> Features:
    """Return `count` normal offsets at every level; drawn once a model, and kept in it."""
    tests = np.zeros((count * depth, 6), np.int64)
    tests[:, 0] = np.repeat(np.arange(depth), count)
    tests[:, 2:4] = np.rint(rng.normal(0, std, (count * depth, 2)))
    return Features("gaussian", depth, tests)


def _share(work: Callable[[int], None], count: int, workers: int | None) -> None:
    """Let threads work on shares of ``0..count``; kernels hold no lock."""
    from algorithms.toolkit.compiled import worker_count

    starts = range(0, count, SHARE)
    with ThreadPoolExecutor(min(worker_count(workers), max(1, len(starts)))) as pool:
        list(pool.map(work, starts))
