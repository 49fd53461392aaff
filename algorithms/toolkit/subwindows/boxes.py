"""Where windows lie: drawn at random, each from a stream of its own, or on a grid.

The stream of a window is made from (seed, image, window): a window is the same whoever draws it, in whatever order,
batch or number of threads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel

Array = NDArray[Any]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


class Geometry(NamedTuple):
    """The numbers of a `WindowSpec` that kernels need."""

    width: int
    height: int
    min_size: float
    max_size: float
    fixed_size: bool
    kind: int
    colour: int
    transpose: bool
    max_angle: float
    exact: bool


@kernel
def _mixed(word: np.uint64) -> np.uint64:
    """Scramble 64 bits (the finalizer of SplitMix64)."""
    word = (word ^ (word >> np.uint64(30))) * _MIX_1
    word = (word ^ (word >> np.uint64(27))) * _MIX_2
    return word ^ (word >> np.uint64(31))


@kernel
def uniforms(seed: np.uint64, image: int, window: int, out: Array) -> None:
    """Write numbers in [0, 1) from the stream of a window."""
    state = _mixed(_mixed(_mixed(seed + _GOLDEN) + np.uint64(image) * _GOLDEN) + np.uint64(window) * _GOLDEN)
    for number in range(len(out)):
        state += _GOLDEN
        out[number] = np.int64(_mixed(state) >> np.uint64(11)) * 2.0**-53


@kernel
def draw_box(width: int, height: int, form: Geometry, draws: Array, box: Array) -> None:
    """Write x0, y0, x1, y1 of a window wholly inside an image of `width` x `height` pixels.

    Its side is a uniform fraction of the smaller side of the image, its form that of the described window, its place
    uniform. A fixed window that does not fit is the whole image.
    """
    ratio = form.height / form.width
    if form.fixed_size:
        w, h = float(form.width), float(form.height)
        if w > width or h > height:
            w, h = float(width), float(height)
    elif width < height:
        w = (form.min_size + draws[0] * (min(form.max_size, height / ratio / width) - form.min_size)) * width
        h = w * ratio
    else:
        h = (form.min_size + draws[0] * (min(form.max_size, width * ratio / height) - form.min_size)) * height
        w = h / ratio
    x, y = int(draws[1] * (width - w)), int(draws[2] * (height - h))
    box[0], box[1] = min(x, width - 1), min(y, height - 1)
    box[2] = min(max(int(x + w), box[0] + 1), width)
    box[3] = min(max(int(y + h), box[1] + 1), height)


@kernel
def draw_boxes(
    width: int, height: int, form: Geometry, seed: np.uint64, image: int, first: int, boxes: Array, moves: Array
) -> None:
    """Draw windows ``first, first + 1, ...`` of an image.

    Parameters
    ----------
    boxes : ndarray of int64, (n, 4)
        Receives x0, y0, x1, y1.
    moves : ndarray of float64, (n, 2)
        Receives the number of the symmetry (0 to 7) and the angle in degrees.
    """
    draws = np.empty(5)
    for window in range(len(boxes)):
        uniforms(seed, image, first + window, draws)
        draw_box(width, height, form, draws, boxes[window])
        kinds = 8 if form.width == form.height else 4
        moves[window, 0] = np.floor(draws[3] * kinds) if form.transpose else 0.0
        moves[window, 1] = (2.0 * draws[4] - 1.0) * form.max_angle
