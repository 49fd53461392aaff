"""Compiled extraction of the windows of one image, from boxes to feature vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.subwindows.boxes import Geometry
from algorithms.toolkit.subwindows.describe import write_window
from algorithms.toolkit.subwindows.resize import columns_of, make_table, narrow, shorten

Array = NDArray[Any]

_NEAREST = 1
_MANY = 9  # from so many samples a pixel on, the nearest pixels average as well as interpolated ones


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
def _resize(columns: Array, box: Array, kind: int, total: Array, rows: Array, pixels: Array) -> None:
    """Resample the window `box` to the size of `pixels` (3, h, w)."""
    width, height = box[2] - box[0], box[3] - box[1]
    across = make_table(kind, width, pixels.shape[2])
    square = width == height and pixels.shape[1] == pixels.shape[2]
    down = across if square else make_table(kind, height, pixels.shape[1])
    narrow(columns.reshape(-1), columns.shape[1], columns.shape[2], box, across, total, rows)
    shorten(rows, down, total, pixels)


@kernel
def extract_boxes(image: Array, boxes: Array, moves: Array, form: Geometry, out: Array) -> None:
    """Describe the windows `boxes` (n, 4) of an image (H, W, 3) in `out` (n, d); see `draw_boxes` for `moves`."""
    height, width = image.shape[0], image.shape[1]
    columns = np.empty((3, width, height), np.uint8)
    columns_of(image, columns)
    pixels = np.empty((3, form.height, form.width), np.uint8)
    spare = np.empty_like(pixels)
    rows = np.empty(height * 3 * form.width, np.uint8)
    total = np.empty(max(height, 3 * form.width), np.int32)
    for window in range(len(boxes)):
        box = boxes[window]
        if moves[window, 1] != 0.0:
            _rotate(columns, box, moves[window, 1], form.kind, pixels)
        elif box[2] - box[0] == form.width and box[3] - box[1] == form.height:
            _copy(columns, box[0], box[1], pixels)
        else:
            _resize(columns, box, form.kind, total, rows, pixels)
        write_window(pixels, spare, form.colour, int(moves[window, 0]), out[window])
