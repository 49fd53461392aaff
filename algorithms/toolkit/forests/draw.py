"""Compiled parts that every trainer shares: random numbers, drawing features, reading values, parting samples.

Features are drawn as scikit-learn draws them: uniformly without replacement until `max_features` were looked at,
constant ones included, and on until one is not constant. What is constant at a node is constant below it, so the
permutation `features` keeps the known constant ones in front and nobody reads them again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.forests.samples import Source

Array = NDArray[Any]


class Room(NamedTuple):
    """What a trainer works in, allocated once a tree.

    Attributes
    ----------
    features : ndarray of int64, (d,)
        Permutation of the features, those known to be constant in front.
    values : ndarray of uint8, (K * n,)
        Values read at a node, one stretch a feature.
    kept : ndarray of int64, (K, 2)
        Feature of every candidate test, and where its values begin.
    cuts : ndarray of float32, (K,)
        Thresholds of the candidate tests.
    spare : ndarray of int32, (n,)
    state : ndarray of uint64, (1,)
        State of the random numbers.
    """

    features: Array
    values: Array
    kept: Array
    cuts: Array
    spare: Array
    state: Array


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_UNIT = 2.0**-53


@kernel
def next_word(state: Array) -> np.uint64:
    """Return 64 random bits and advance `state` (1,) of uint64 (SplitMix64, Steele et al. 2014)."""
    state[0] += _GOLDEN
    word = state[0]
    word = (word ^ (word >> np.uint64(30))) * _MIX_1
    word = (word ^ (word >> np.uint64(27))) * _MIX_2
    return word ^ (word >> np.uint64(31))


@kernel
def uniform(state: Array) -> float:
    """Return a number in [0, 1)."""
    return np.int64(next_word(state) >> np.uint64(11)) * _UNIT


@kernel
def below(state: Array, bound: int) -> int:
    """Return an integer in [0, bound); `bound` is far below 2**53, so no value is favoured noticeably."""
    return int(uniform(state) * bound)


@kernel
def draw_features(features: Array, n_constant: int, wanted: int, state: Array) -> int:
    """Look at `wanted` features; move those not known as constant to the end of `features` and return their number."""
    free = len(features)
    known = n_constant
    for _ in range(wanted):
        if free == n_constant:
            break
        chosen = below(state, known + free - n_constant)
        if chosen < known:
            known -= 1
            continue
        place = n_constant + chosen - known
        free -= 1
        features[place], features[free] = features[free], features[place]
    return len(features) - free


@kernel
def gather(source: Source, samples: Array, start: int, stop: int, features: Array, first: int, out: Array) -> None:
    """Read the features ``features[first:]`` of ``samples[start:stop]`` into ``out[feature * n + sample]``."""
    size = stop - start
    count = len(features) - first
    rows = np.empty(count, np.int64)
    columns = np.empty(count, np.int64)
    for k in range(count):
        rows[k] = source.row[features[first + k]]
        columns[k] = source.column[features[first + k]]
    for j in range(size):
        sample = samples[start + j]
        origin = source.base[sample]
        width = source.stride[sample]
        for k in range(count):
            out[np.uint64(k * size + j)] = source.data[np.uint64(origin + rows[k] * width + columns[k])]


@kernel
def extremes(values: Array) -> tuple[int, int]:
    """Return the smallest and the largest of 8-bit `values`."""
    low = values[0]
    high = values[0]
    for value in values:
        low = min(low, value)
        high = max(high, value)
    return int(low), int(high)


@kernel
def cut(low: int, high: int, state: Array) -> np.float32:
    """Return a threshold uniform in [low, high)."""
    threshold = np.float32(low + uniform(state) * (high - low))
    return threshold if threshold < high else np.float32(low)


@kernel
def _sift(room: Room, size: int, first: int, n_constant: int) -> tuple[int, int]:
    """Draw a threshold for every gathered feature that varies; move the others to the constant ones in front.

    Reads ``features[first:]`` in order: what the exchange moves to a place was looked at before.
    """
    features = room.features
    varying = 0
    for k in range(len(features) - first):
        low, high = extremes(room.values[k * size : (k + 1) * size])
        if high > low:
            room.kept[varying, 0] = features[first + k]
            room.kept[varying, 1] = k * size
            room.cuts[varying] = cut(low, high, room.state)
            varying += 1
        else:
            features[first + k], features[n_constant] = features[n_constant], features[first + k]
            n_constant += 1
    return varying, n_constant


@kernel
def candidates(
    source: Source, samples: Array, start: int, stop: int, n_constant: int, wanted: int, room: Room
) -> tuple[int, int]:
    """Draw the candidate tests of the node of ``samples[start:stop]`` into `room`.

    Returns
    -------
    tuple of int
        Number of tests (0: every feature is constant here) and of features known to be constant.
    """
    features = room.features
    size = stop - start
    first = len(features) - draw_features(features, n_constant, wanted, room.state)
    gather(source, samples, start, stop, features, first, room.values)
    varying, n_constant = _sift(room, size, first, n_constant)
    last = len(features) - 1
    while varying == 0 and n_constant <= last:
        place = n_constant + below(room.state, last + 1 - n_constant)
        features[place], features[last] = features[last], features[place]
        gather(source, samples, start, stop, features, last, room.values)
        varying, n_constant = _sift(room, size, last, n_constant)
    return varying, n_constant


@kernel
def part(samples: Array, start: int, stop: int, values: Array, limit: Any, spare: Array) -> int:
    """Move samples whose value exceeds `limit` behind the others, both in their order; return where they begin."""
    left = start
    right = 0
    for j in range(stop - start):
        sample = samples[start + j]
        if values[j] <= limit:
            samples[left] = sample
            left += 1
        else:
            spare[right] = sample
            right += 1
    for j in range(right):
        samples[left + j] = spare[j]
    return left


@kernel
def make_room(n: int, d: int, wanted: int, seed: np.uint64) -> Room:
    """Allocate the room for a tree of `n` samples and `d` features."""
    return Room(
        np.arange(d),
        np.empty(wanted * n, np.uint8),
        np.empty((wanted, 2), np.int64),
        np.empty(wanted, np.float32),
        np.empty(n, np.int32),
        np.full(1, seed, np.uint64),
    )
