"""Follow the cracks between pixels of different labels: a compiled kernel behind `vectorize`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.geometry.rings import Rings

#: Steps to the east, south, west, north; and from a corner, the pixels ahead on the right and on the left.
STEP_X, STEP_Y = (1, 0, -1, 0), (0, 1, 0, -1)
RIGHT_X, RIGHT_Y = (0, -1, -1, 0), (0, 0, -1, -1)
LEFT_X, LEFT_Y = (0, 0, -1, -1), (-1, 0, 0, -1)

Whole = NDArray[np.int64]


def trace(labels: NDArray[np.int32]) -> Rings:
    """Trace every outline and hole of a label image whose labels are 4-connected regions (0 is background).

    Each ring is walked with its region on the right hand, so outlines have a positive area and holes a negative one
    (y points down). Where two pixels of a region meet only at a corner, the walk turns right, which keeps regions
    4-connected; a ring that comes back to such a corner is cut there into two, since a valid ring never touches itself.
    """
    padded = np.pad(labels, 1)
    corners = _count_corners(padded)
    found = _room(corners)
    _trace(padded, found)
    return _rings(found)


def link(start: Whole, end: Whole, owner: Whole) -> Rings:
    """Link directed edges, sorted by owner, y and x of their start, to rings; as `trace` does.

    Parameters
    ----------
    start, end : (n, 2) int64
        Along the axes, the region on the right hand.
    owner : (n,) int64
        The region of each.
    """
    found = _room(len(start))
    _link(start, end, owner, _next(start, end, owner), found)
    return _rings(found)


def _room(corners: int) -> tuple[Any, ...]:
    """Return empty arrays for rings of at most so many corners: points, starts, owners, areas, how many are filled."""
    rings = corners // 4
    return (
        np.empty((corners, 2), np.int32),
        np.zeros(rings + 1, np.int64),
        np.empty(rings, np.int32),
        np.empty(rings, np.int64),
        np.zeros(2, np.int64),
    )


def _rings(found: tuple[Any, ...]) -> Rings:
    points, starts, owners, areas, filled = found
    count = int(filled[1])
    return Rings(points[: filled[0]].copy(), starts[: count + 1].copy(), owners[:count].copy(), areas[:count].copy())


def _next(start: Whole, end: Whole, owner: Whole) -> Whole:
    """Index of the first edge that leaves where each ends, of the same region."""
    if len(start) == 0:
        return np.zeros(0, np.int64)
    width, height = start[:, 0].max() + 1, start[:, 1].max() + 1
    # a region has at least four edges, so that numbering them keeps the key within 64 bits
    rank = np.cumsum(np.concatenate([[0], owner[1:] != owner[:-1]]))
    key = (rank * height + start[:, 1]) * width + start[:, 0]
    found: Whole = np.searchsorted(key, (rank * height + end[:, 1]) * width + end[:, 0])
    return found


@kernel
def _count_corners(labels):  # type: ignore[no-untyped-def] # numba infers the types of kernels
    """Turns of all rings, at most: a label in one or three of the four pixels around a corner turns there once."""
    height, width = labels.shape
    total = 0
    for y in range(height - 1):
        for x in range(width - 1):
            a, b = labels[y, x], labels[y, x + 1]
            c, d = labels[y + 1, x], labels[y + 1, x + 1]
            if (a == b and c == d) or (a == c and b == d):
                continue  # a straight edge, or none
            total += (a != 0) + (b != 0) + (c != 0) + (d != 0)
    return total


@kernel
def _trace(labels, rings):  # type: ignore[no-untyped-def]
    """Walk a ring from every upper edge of a pixel that no ring has passed yet."""
    height, width = labels.shape
    walked = np.zeros((height, width), np.bool_)
    seen = np.zeros((height, width), np.int32)  # 1 + place in `walk` of the corners that may be met twice
    walk = np.empty((len(rings[0]) + 1, 2), np.int32)
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            label = labels[y, x]
            if label != 0 and labels[y - 1, x] != label and not walked[y, x]:
                length = _walk(labels, x, y, (walked, seen, walk), rings)
                _emit(walk[:length], label, rings)
                for i in range(length):
                    seen[walk[i, 1] + 1, walk[i, 0] + 1] = 0


@kernel
def _walk(labels, x, y, state, rings):  # type: ignore[no-untyped-def]
    """Walk from the upper left corner of a pixel until back; return how many corners lie in `walk`."""
    walked, seen, walk = state
    label, direction, length = labels[y, x], 0, 0
    while direction != 0 or not walked[y, x]:
        if direction == 0:
            walked[y, x] = True
        x += STEP_X[direction]
        y += STEP_Y[direction]
        right = labels[y + RIGHT_Y[direction], x + RIGHT_X[direction]] == label
        left = labels[y + LEFT_Y[direction], x + LEFT_X[direction]] == label
        if right and not left:
            continue
        if left and not right:
            if seen[y, x]:  # here before: cut the ring
                first = seen[y, x] - 1
                _emit(walk[first:length], label, rings)
                length = first
                seen[y, x] = 0
            else:
                seen[y, x] = length + 1
        walk[length, 0], walk[length, 1] = x - 1, y - 1  # without the padding
        length += 1
        direction = (direction + 3) % 4 if right else (direction + 1) % 4
    return length


@kernel
def _emit(walk, label, rings):  # type: ignore[no-untyped-def]
    """Append a ring and its area."""
    points, starts, owners, areas, filled = rings
    begin, ring = filled[0], filled[1]
    area = np.int64(0)
    x, y = np.int64(walk[-1, 0]), np.int64(walk[-1, 1])
    for i in range(len(walk)):
        points[begin + i] = walk[i]
        area += x * walk[i, 1] - walk[i, 0] * y
        x, y = np.int64(walk[i, 0]), np.int64(walk[i, 1])
    owners[ring], areas[ring] = label, area
    filled[0], filled[1] = begin + len(walk), ring + 1
    starts[ring + 1] = filled[0]


@kernel
def _link(start, end, owner, following, rings):  # type: ignore[no-untyped-def]
    """Walk from every edge that no ring has passed; at a corner with two ways on, turn right."""
    passed = np.zeros(len(start), np.bool_)
    seen = np.full(len(start), -1, np.int64)  # place in `walk` of a corner with two ways on, by its first edge
    walk = np.empty((len(start) + 1, 2), np.int32)
    for first in range(len(start)):
        edge, length = first, 0
        while not passed[edge]:
            passed[edge] = True
            after = following[edge]
            other = after + 1
            forks = other < len(start) and owner[other] == owner[after]
            forks = forks and start[other, 0] == start[after, 0] and start[other, 1] == start[after, 1]
            if forks:
                if seen[after] >= 0:
                    _emit(walk[seen[after] : length], owner[first], rings)
                    length = seen[after]
                    seen[after] = -1
                else:
                    seen[after] = length
            chosen = other if forks and _turns_right(start, end, edge, other) else after
            if forks or not _goes_straight(start, end, edge, chosen):
                walk[length, 0], walk[length, 1] = end[edge, 0], end[edge, 1]
                length += 1
            edge = chosen
        if length:
            _emit(walk[:length], owner[first], rings)


@kernel
def _turns_right(start, end, edge, after):  # type: ignore[no-untyped-def]
    """Whether the second edge leaves to the right of the first (y points down)."""
    ahead_x, ahead_y = end[edge, 0] - start[edge, 0], end[edge, 1] - start[edge, 1]
    return ahead_x * (end[after, 1] - start[after, 1]) > ahead_y * (end[after, 0] - start[after, 0])


@kernel
def _goes_straight(start, end, edge, after):  # type: ignore[no-untyped-def]
    """Whether the second edge goes on in the direction of the first."""
    return (start[edge, 0] == end[edge, 0]) == (start[after, 0] == end[after, 0])
