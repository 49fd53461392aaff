"""Compiled extraction of the windows of one image, from boxes to feature vectors."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.subwindows.boxes import Geometry, draw_boxes
from algorithms.toolkit.subwindows.describe import write_turned, write_window
from algorithms.toolkit.subwindows.resize import (
    Table,
    columns_of,
    make_table,
    make_tables,
    narrow,
    shorten,
)
from algorithms.toolkit.subwindows.resize_fast import PADDING, halved_rows, narrow_fast, shorten_fast, small_weights

Array = NDArray[Any]

_NEAREST, _BILINEAR, _TRGB = 1, 2, 1
_MANY = 9  # from so many samples a pixel on, the nearest pixels average as well as interpolated ones


class Scales(NamedTuple):
    """Weights for windows up to a certain size, in both directions, in 22 and in 8 bits."""

    across: Table
    down: Table
    across_small: Array
    down_small: Array


def scales(kind: int, width: int, height: int, most: int) -> Scales:
    """Return the weights for windows up to `most` times their described size."""
    across, down = make_tables(kind, most * width, width), make_tables(kind, most * height, height)
    return Scales(across, down, small_weights(across), small_weights(down))


@kernel
def _copy(columns: Array, x0: int, y0: int, pixels: Array) -> None:
    """Cut a window that has its final size."""
    for channel in range(3):
        for x in range(pixels.shape[2]):
            for y in range(pixels.shape[1]):
                pixels[channel, y, x] = columns[channel, x0 + x, y0 + y]


@kernel
def _between(columns: Array, channel: int, x: float, y: float) -> float:
    """Return the bilinear value at (x, y), counted from pixel centres; the border repeats outside."""
    width, height = columns.shape[1], columns.shape[2]
    x = min(max(x, 0.0), width - 1.0)
    y = min(max(y, 0.0), height - 1.0)
    left, top = int(x), int(y)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    fx, fy = x - left, y - top
    above = columns[channel, left, top] * (1.0 - fx) + columns[channel, right, top] * fx
    below = columns[channel, left, bottom] * (1.0 - fx) + columns[channel, right, bottom] * fx
    return above * (1.0 - fy) + below * fy


@kernel
def _sample(columns: Array, x: float, y: float, smooth: bool, sums: Array) -> None:
    """Add the colour at (x, y), counted from pixel centres, to `sums` (3,): bilinear or of the nearest pixel."""
    if smooth:
        for channel in range(3):
            sums[channel] += _between(columns, channel, x, y)
        return
    at_x = min(max(int(x + 0.5), 0), columns.shape[1] - 1)
    at_y = min(max(int(y + 0.5), 0), columns.shape[2] - 1)
    for channel in range(3):
        sums[channel] += columns[channel, at_x, at_y]


@kernel
def _rotate(columns: Array, box: Array, angle: float, kind: int, pixels: Array) -> None:
    """Sample the window `box` turned by `angle` degrees about its centre, averaging where it shrinks."""
    height, width = pixels.shape[1], pixels.shape[2]
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    step_x, step_y = (box[2] - box[0]) / width, (box[3] - box[1]) / height
    nx = 1 if kind == _NEAREST else max(math.ceil(step_x), 1)
    ny = 1 if kind == _NEAREST else max(math.ceil(step_y), 1)
    smooth = kind != _NEAREST and nx * ny < _MANY
    centre_x, centre_y = (box[0] + box[2] - 1) / 2.0, (box[1] + box[3] - 1) / 2.0
    sums = np.empty(3)
    for y in range(height):
        for x in range(width):
            sums[:] = 0.0
            for j in range(ny):
                v = (y + (j + 0.5) / ny - height / 2.0) * step_y
                for i in range(nx):
                    u = (x + (i + 0.5) / nx - width / 2.0) * step_x
                    _sample(columns, centre_x + cosine * u - sine * v, centre_y + sine * u + cosine * v, smooth, sums)
            for channel in range(3):
                pixels[channel, y, x] = np.uint8(sums[channel] / (nx * ny) + 0.5)


@kernel
def _resize(columns: Array, box: Array, kind: int, scales: Scales, total: Array, rows: Array, pixels: Array) -> None:
    """Resample the window `box` of columns (3, W, H) to the size of `pixels` (3, h, w): to the bit as Pillow does."""
    width, height = box[2] - box[0], box[3] - box[1]
    across, down = scales.across, scales.down
    flat, image_width, image_height = columns.reshape(-1), columns.shape[1], columns.shape[2]
    if width <= across.limit:
        narrow(flat, image_width, image_height, box, across, width * across.size, total, rows)
    else:
        narrow(flat, image_width, image_height, box, make_table(kind, width, across.size), 0, total, rows)
    if height <= down.limit:
        shorten(rows, down, height * down.size, total, pixels)
    else:
        shorten(rows, make_table(kind, height, down.size), 0, total, pixels)


@kernel
def _level(box: Array, angle: float, form: Geometry) -> int:
    """Return how often the image is halved before this window is cut: it stays twice as large as its result."""
    level = 0
    if form.exact or form.kind == _NEAREST or angle != 0.0:
        return level
    while (box[2] - box[0]) >> (level + 1) >= 2 * form.width and (box[3] - box[1]) >> (level + 1) >= 2 * form.height:
        level += 1
    return level


@kernel
def _describe_slowly(
    image: Array, boxes: Array, moves: Array, levels: Array, level: int, form: Geometry, scales: Scales, out: Array
) -> None:
    """Describe the windows of one level from an image (H, W, 3) of that level."""
    height, width = image.shape[0], image.shape[1]
    columns = np.empty((3, width, height), np.uint8)
    columns_of(image, columns)
    pixels = np.empty((3, form.height, form.width), np.uint8)
    spare = np.empty_like(pixels)
    rows = np.empty(height * 3 * form.width, np.uint8)
    total = np.empty(max(height, 3 * form.width), np.int32)
    box = np.empty(4, np.int64)
    for window in range(len(boxes)):
        if levels[window] != level:
            continue
        _reduced(boxes, window, level, box)
        if moves[window, 1] != 0.0:
            _rotate(columns, box, moves[window, 1], form.kind, pixels)
        elif box[2] - box[0] == form.width and box[3] - box[1] == form.height:
            _copy(columns, box[0], box[1], pixels)
        else:
            _resize(columns, box, form.kind, scales, total, rows, pixels)
        write_window(pixels, spare, form.colour, int(moves[window, 0]), out[window])


@kernel
def _describe_fast(
    flat: Array, width: int, boxes: Array, moves: Array, levels: Array, level: int, form: Geometry,
    scales: Scales, out: Array,
) -> None:  # fmt: skip
    """Describe the windows of one level from an image of that level, flat and padded, in 16 bits."""
    # Taken out of their tuples once: counting their references costs more than a window.
    across_first, across_number, across_weights = scales.across.first, scales.across.number, scales.across_small
    down_first, down_number, down_weights = scales.down.first, scales.down.number, scales.down_small
    total, packed = np.empty(4 * (3 * width + PADDING), np.uint16), np.empty(3 * width + PADDING, np.uint32)
    short = np.empty(width * 3 * form.height // 4 + PADDING, np.uint32)
    short_bytes = short.view(np.uint8)
    turned = np.empty(3 * form.height * form.width, np.uint8)
    spare = np.empty_like(turned)
    box = np.empty(4, np.int64)
    for window in range(len(boxes)):
        if levels[window] != level:
            continue
        _reduced(boxes, window, level, box)
        shorten_fast(flat, width, box, down_first, down_number, down_weights, form.height, total, packed, short)
        side = box[2] - box[0]
        narrow_fast(
            short_bytes, side, across_first, across_number, across_weights, form.width, form.height, total, turned
        )
        write_turned(turned, spare, form, int(moves[window, 0]), out[window])


@kernel
def _reduced(boxes: Array, window: int, level: int, box: Array) -> None:
    """Write where a window lies in the image of a level."""
    for side in range(2):
        box[side] = boxes[window, side] >> level
        box[side + 2] = box[side] + ((boxes[window, side + 2] - boxes[window, side]) >> level)


@kernel
def extract_boxes(image: Array, boxes: Array, moves: Array, form: Geometry, scales: Scales, out: Array) -> None:
    """Describe the windows `boxes` (n, 4) of an image (H, W, 3) in `out` (n, d).

    Parameters
    ----------
    moves : ndarray of float64, (n, 2)
        See `draw_boxes`.
    scales : Scales
        Weights for the usual sizes of windows.
    """
    height, width = image.shape[0], image.shape[1]
    fast, slow = np.empty(len(boxes), np.int64), np.empty(len(boxes), np.int64)
    for window in range(len(boxes)):
        level = _level(boxes[window], moves[window, 1], form)
        is_fast = _is_fast(boxes[window], level, moves[window, 1], form, scales)
        fast[window], slow[window] = (level, -1) if is_fast else (-1, level)
    flat = np.empty(image.size + PADDING, np.uint8)
    flat[: image.size] = image.reshape(-1)
    for level in range(max(fast.max(), slow.max()) + 1 if len(boxes) else 0):
        if level:
            flat = halved_rows(flat, height, width)
            height, width = height // 2, width // 2
        if (fast == level).any():
            _describe_fast(flat, width, boxes, moves, fast, level, form, scales, out)
        if (slow == level).any():
            here = flat[: height * width * 3].reshape(height, width, 3)
            _describe_slowly(here, boxes, moves, slow, level, form, scales, out)


@kernel
def _is_fast(box: Array, level: int, angle: float, form: Geometry, scales: Scales) -> bool:
    """Tell whether a window may be resampled in 16 bits: another filter, a turn, or a huge window may not."""
    if form.exact or form.kind != _BILINEAR or angle != 0.0 or form.height % 4 or form.colour == _TRGB:
        return False
    width, height = (box[2] - box[0]) >> level, (box[3] - box[1]) >> level
    if width == form.width and height == form.height:
        return False  # it is only copied
    return 0 < width <= scales.across.limit and 0 < height <= scales.down.limit


@kernel
def extract_random(
    flat: Array,
    sizes: Array,
    count: int,
    form: Geometry,
    seed: np.uint64,
    first: int,
    scales: Scales,
    out: Array,
) -> None:
    """Draw and describe `count` windows of each of several images.

    Parameters
    ----------
    flat : ndarray of uint8, (sum of H * W * 3,)
        The images, one after another.
    sizes : ndarray of int64, (images, 2)
        Height and width of each.
    first : int
        Number of the first image in the data set.
    out : ndarray of uint8, (images * count, d)
    """
    boxes, moves = np.empty((count, 4), np.int64), np.empty((count, 2))
    start = 0
    for image in range(len(sizes)):
        height, width = sizes[image, 0], sizes[image, 1]
        end = start + height * width * 3
        picture = flat[start:end].reshape(height, width, 3)
        draw_boxes(width, height, form, seed, first + image, 0, boxes, moves)
        extract_boxes(picture, boxes, moves, form, scales, out[image * count : (image + 1) * count])
        start = end
