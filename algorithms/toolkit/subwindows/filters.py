"""Compiled filter weights of a resize: Pillow's arithmetic, to the bit.

A filter is stretched by the ratio when it shrinks, so every pixel of the window counts. Weights are whole numbers of
22 bits; each pass rounds to 8 bits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel

Array = NDArray[Any]

PRECISION = 22
_NEAREST, _BILINEAR, _CUBIC, _ANTIALIAS = 1, 2, 3, 4


@kernel
def _response(kind: int, x: float) -> float:
    """Return the filter's response at distance `x` from its centre."""
    x = abs(x)
    if kind == _CUBIC:
        if x < 1.0:
            return ((-0.5 + 2.0) * x - (-0.5 + 3.0)) * x * x + 1.0
        return (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5 if x < 2.0 else 0.0
    if kind == _ANTIALIAS:
        if x >= 3.0:
            return 0.0
        if x == 0.0:
            return 1.0
        wide = x * math.pi
        narrow = x / 3.0 * math.pi
        return (math.sin(wide) / wide) * (math.sin(narrow) / narrow)
    return 1.0 - x if x < 1.0 else 0.0


@kernel
def taps(kind: int, n_in: int, n_out: int) -> int:
    """Return how many pixels a weight table needs a row."""
    support = 3.0 if kind == _ANTIALIAS else (2.0 if kind == _CUBIC else 1.0)
    return math.ceil(support * max(n_in / n_out, 1.0)) * 2 + 1


@kernel
def weigh(kind: int, n_in: int, n_out: int, first: Array, count: Array, weights: Array) -> None:
    """Write which pixels make each of `n_out` pixels (from `first`, `count` of them) and their `weights` (int32)."""
    scale = n_in / n_out
    if kind == _NEAREST:
        place = scale * 0.5
        for out in range(n_out):
            first[out], count[out], weights[out, 0] = min(int(place), n_in - 1), 1, 1 << PRECISION
            place += scale
        return
    stretch = max(scale, 1.0)
    support = stretch * (3.0 if kind == _ANTIALIAS else (2.0 if kind == _CUBIC else 1.0))
    exact = np.empty(weights.shape[1])
    for out in range(n_out):
        centre = (out + 0.5) * scale
        low = max(int(centre - support + 0.5), 0)
        number = min(int(centre + support + 0.5), n_in) - low
        total = 0.0
        for k in range(number):
            exact[k] = _response(kind, (k + low - centre + 0.5) * (1.0 / stretch))
            total += exact[k]
        first[out], count[out] = low, number
        for k in range(number):
            share = (exact[k] / total if total != 0.0 else exact[k]) * (1 << PRECISION)
            weights[out, k] = int(share - 0.5) if share < 0.0 else int(share + 0.5)
