"""Compiled description of a resized window: colours in 8 bits, turned, row by row with channels interleaved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.compiled import kernel

Array = NDArray[Any]

_RGB, _TRGB, _HSV, _GRAY = 0, 1, 2, 3


@kernel
def to_hsv(pixels: Array) -> None:
    """Convert rows of red, green, blue planes, (h, 3 w), to hue, saturation, value in place."""
    width = pixels.shape[1] // 3
    for y in range(pixels.shape[0]):
        for x in range(width):
            r, g, b = np.int32(pixels[y, x]), np.int32(pixels[y, width + x]), np.int32(pixels[y, 2 * width + x])
            high = np.int32(max(r, g, b))
            span = np.int32(high - min(r, g, b))
            sixths = np.int32(g - b) if g >= b else np.int32(g - b + 6 * span)
            sixths = np.int32(b - r + 2 * span) if g == high else sixths
            sixths = np.int32(r - g + 4 * span) if b == high else sixths
            sixths = sixths if span > 0 else np.int32(0)
            divisor = np.float32(span if span > 0 else np.int32(1))
            whole = np.float32(high if high > 0 else np.int32(1))
            pixels[y, x] = np.uint8(np.int32(np.float32(sixths) * np.float32(42.5) / divisor + np.float32(0.5)))
            share = np.float32(255) * np.float32(span) / whole
            pixels[y, width + x] = np.uint8(np.int32(share + np.float32(0.5)))
            pixels[y, 2 * width + x] = np.uint8(high)


@kernel
def to_trgb(pixels: Array) -> None:
    """Standardise every channel over the window: 128 plus 32 grey levels a standard deviation."""
    width = pixels.shape[1] // 3
    count = pixels.shape[0] * width
    for channel in range(3):
        plane = pixels[:, channel * width : (channel + 1) * width]
        total = squares = 0
        for y in range(plane.shape[0]):
            for x in range(width):
                value = int(plane[y, x])
                total += value
                squares += value * value
        mean = total / count
        deviation = np.sqrt(max(squares / count - mean * mean, 0.0))
        factor = 32.0 / deviation if deviation > 1e-8 else 0.0
        for y in range(plane.shape[0]):
            for x in range(width):
                plane[y, x] = np.uint8(min(max(128.5 + (plane[y, x] - mean) * factor, 0.0), 255.0))


@kernel
def write_window(pixels: Array, colour: int, symmetry: int, out: Array) -> None:
    """Write planes (h, 3 w) as a feature vector.

    Parameters
    ----------
    symmetry : int
        Bit 0 mirrors left and right, bit 1 top and bottom, bit 2 then exchanges rows and columns (square windows).
    """
    height, width = pixels.shape[0], pixels.shape[1] // 3
    if colour == _HSV:
        to_hsv(pixels)
    elif colour == _TRGB:
        to_trgb(pixels)
    for y in range(height):
        to_y = height - 1 - y if symmetry & 2 else y
        for x in range(width):
            to_x = width - 1 - x if symmetry & 1 else x
            place = to_x * height + to_y if symmetry & 4 else to_y * width + to_x
            if colour == _GRAY:
                total = np.int64(pixels[y, x]) + np.int64(pixels[y, width + x]) + np.int64(pixels[y, 2 * width + x])
                out[place] = np.uint8((total + 1) // 3)
            else:
                out[3 * place] = pixels[y, x]
                out[3 * place + 1] = pixels[y, width + x]
                out[3 * place + 2] = pixels[y, 2 * width + x]
