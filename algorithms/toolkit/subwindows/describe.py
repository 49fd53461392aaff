"""Compiled description of a resized window: colours in 8 bits, turned, row by row with channels interleaved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel
from algorithms.toolkit.subwindows.boxes import Geometry

Array = NDArray[Any]

_NONE, _TWO, _FOUR, _SIX = np.int32(0), np.int32(2), np.int32(4), np.int32(6)
_RGB, _TRGB, _HSV, _GRAY = 0, 1, 2, 3


@kernel
def to_hsv(rgb: Array, hsv: Array, size: int) -> None:
    """Convert flat planes of red, green, blue, `size` values each.

    Two arrays, 32-bit steps and comparisons of two let it run eight pixels at a time.
    """
    for x in range(size):
        at_r, at_g, at_b = np.uint64(x), np.uint64(size) + np.uint64(x), np.uint64(2 * size) + np.uint64(x)
        r, g, b = np.int32(rgb[at_r]), np.int32(rgb[at_g]), np.int32(rgb[at_b])
        high = np.int32(max(max(r, g), b))  # noqa: PLW3301
        span = np.int32(high - min(min(r, g), b))  # noqa: PLW3301
        sixths = np.int32(g - b) if g >= b else np.int32(g - b + _SIX * span)
        sixths = np.int32(b - r + _TWO * span) if g == high else sixths
        sixths = np.int32(r - g + _FOUR * span) if b == high else sixths
        sixths = sixths if span > _NONE else _NONE
        divisor = np.float32(span) if span > _NONE else np.float32(1)
        whole = np.float32(high) if high > _NONE else np.float32(1)
        hue = np.float32(sixths) * np.float32(42.5) / divisor
        hsv[at_r] = np.uint8(np.int32(hue + np.float32(0.5)))
        hsv[at_g] = np.uint8(np.int32(np.float32(255) * np.float32(span) / whole + np.float32(0.5)))
        hsv[at_b] = np.uint8(high)


@kernel
def to_trgb(pixels: Array) -> None:
    """Standardise every plane of (3, h, w): 128 plus 32 grey levels a standard deviation."""
    for channel in range(3):
        plane = pixels[channel]
        total = squares = 0
        for y in range(plane.shape[0]):
            for x in range(plane.shape[1]):
                value = int(plane[y, x])
                total += value
                squares += value * value
        mean = total / plane.size
        deviation = np.sqrt(max(squares / plane.size - mean * mean, 0.0))
        factor = 32.0 / deviation if deviation > 1e-8 else 0.0
        for y in range(plane.shape[0]):
            for x in range(plane.shape[1]):
                plane[y, x] = np.uint8(min(max(128.5 + (plane[y, x] - mean) * factor, 0.0), 255.0))


@kernel
def _interleave(planes: Array, size: int, out: Array) -> None:
    """Write three flat planes of `size` values as pixels."""
    for pixel in range(size):
        at = np.uint64(pixel)
        to = np.uint64(3) * at
        out[to] = planes[at]
        out[to + np.uint64(1)] = planes[np.uint64(size) + at]
        out[to + np.uint64(2)] = planes[np.uint64(2 * size) + at]


@kernel
def write_window(pixels: Array, spare: Array, colour: int, symmetry: int, out: Array) -> None:
    """Write planes (3, h, w) as a feature vector.

    Parameters
    ----------
    spare : ndarray of uint8, (3, h, w)
    symmetry : int
        Bit 0 mirrors left and right, bit 1 top and bottom, bit 2 then exchanges rows and columns (square windows).
    """
    height, width = pixels.shape[1], pixels.shape[2]
    if colour == _HSV:
        to_hsv(pixels.reshape(-1), spare.reshape(-1), height * width)
        pixels = spare
    elif colour == _TRGB:
        to_trgb(pixels)
    if symmetry == 0 and colour != _GRAY:
        _interleave(pixels.reshape(-1), height * width, out)
        return
    for y in range(height):
        to_y = height - 1 - y if symmetry & 2 else y
        for x in range(width):
            to_x = width - 1 - x if symmetry & 1 else x
            place = to_x * height + to_y if symmetry & 4 else to_y * width + to_x
            if colour == _GRAY:
                total = np.int64(pixels[0, y, x]) + np.int64(pixels[1, y, x]) + np.int64(pixels[2, y, x])
                out[place] = np.uint8((total + 1) // 3)
            else:
                out[3 * place] = pixels[0, y, x]
                out[3 * place + 1] = pixels[1, y, x]
                out[3 * place + 2] = pixels[2, y, x]


@kernel
def write_turned(turned: Array, spare: Array, form: Geometry, symmetry: int, out: Array) -> None:
    """Write flat planes of (channel, x, y) as a feature vector; see `write_window`. Not for TRGB.

    Parameters
    ----------
    spare : ndarray of uint8, (3 * w * h,)
    """
    height, width = form.height, form.width
    size = height * width
    if form.colour == _HSV:
        to_hsv(turned, spare, size)
        turned = spare
    for y in range(height):
        to_y = height - 1 - y if symmetry & 2 else y
        for x in range(width):
            to_x = width - 1 - x if symmetry & 1 else x
            place = np.uint64(to_x * height + to_y if symmetry & 4 else to_y * width + to_x)
            red = np.uint64(x * height + y)
            green, blue = red + np.uint64(size), red + np.uint64(2 * size)
            if form.colour == _GRAY:
                total = np.int64(turned[red]) + np.int64(turned[green]) + np.int64(turned[blue])
                out[place] = np.uint8((total + 1) // 3)
            else:
                to = np.uint64(3) * place
                out[to] = turned[red]
                out[to + np.uint64(1)] = turned[green]
                out[to + np.uint64(2)] = turned[blue]
