"""Resampling by area, whole or in bands of rows so that a rectangle of any size needs little memory."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resample to `size` (width, height): by area when shrinking, linearly when enlarging.

    >>> resize(np.arange(4, dtype=np.uint8).reshape(2, 2, 1), (1, 1))[0, 0]
    array([2], dtype=uint8)
    """
    height, width, channels = pixels.shape
    if (width, height) == size:
        return np.ascontiguousarray(pixels)
    shrinks = size[0] <= width and size[1] <= height
    mode = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=mode)
    return np.asarray(resized, np.uint8).reshape(size[1], size[0], channels)


def band_rows(pixels_at_once: int, width: int, tile_size: int) -> int:
    """Rows of a band that holds about `pixels_at_once`, a multiple of the tile's height where that is possible."""
    rows = max(1, pixels_at_once // width)
    return max(tile_size, rows - rows % tile_size) if rows >= tile_size else rows


def resize_bands(bands: Iterable[Pixels], source: tuple[int, int], size: tuple[int, int]) -> Pixels:
    """Resample an image that comes in bands of rows, top to bottom, exactly by area (each band is read once).

    Parameters
    ----------
    bands : iterable of (rows, source width, channels) uint8
    source, size : (int, int)
        Width and height of the whole image and of the result; an enlargement is done linearly on the reduced image.
    """
    inner = (min(size[0], source[0]), min(size[1], source[1]))
    scale = source[1] / inner[1]
    total: NDArray[np.float32] | None = None
    row = 0
    for band in bands:
        narrow = resize(band, (inner[0], band.shape[0])).astype(np.float32)
        if total is None:
            total = np.zeros((inner[1], inner[0], band.shape[2]), np.float32)
        first = int(row / scale)
        last = min(inner[1], int(np.ceil((row + band.shape[0]) / scale)))
        weights = _overlaps(first, last, row, band.shape[0], scale)
        flat = weights @ narrow.reshape(band.shape[0], -1)
        total[first:last] += flat.reshape(last - first, inner[0], band.shape[2])
        row += band.shape[0]
    if total is None:
        msg = "an image without bands can not be resampled"
        raise ValueError(msg)
    return resize(np.clip(np.rint(total), 0, 255).astype(np.uint8), size)


def _overlaps(first: int, last: int, row: int, rows: int, scale: float) -> NDArray[np.float32]:
    """Share of each source row (columns) in each output row (rows of the matrix)."""
    out_start = np.arange(first, last)[:, None] * scale
    in_start = np.arange(row, row + rows)[None, :]
    overlap = np.minimum(out_start + scale, in_start + 1) - np.maximum(out_start, in_start)
    return (np.clip(overlap, 0, None) / scale).astype(np.float32)
