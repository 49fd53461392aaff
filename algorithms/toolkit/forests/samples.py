"""Where a trainer finds the values of its samples: a matrix, or windows of images that are never copied out.

The value of feature f of sample s is ``data[base[s] + row[f] * stride[s] + column[f]]``; a matrix has no rows in that
sense. So memory holds the images (or the matrix) once, however many windows overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import DataError


class Source(NamedTuple):
    """The arrays of `Samples`, as kernels take them."""

    data: NDArray[np.uint8]
    base: NDArray[np.int64]
    stride: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Samples:
    """Addresses of samples and features in one buffer of 8-bit values.

    Attributes
    ----------
    data : ndarray of uint8, one-dimensional
    base : ndarray of int64, (n,)
        Address of every sample's first value.
    stride : ndarray of int64, (n,)
        Values in a row of the sample's image.
    row, column : ndarray of int64, (d,)
        Image row of every feature, and its place in the row.
    """

    data: NDArray[np.uint8]
    base: NDArray[np.int64]
    stride: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.base)

    @property
    def n_features(self) -> int:
        """Length of a feature vector."""
        return len(self.row)

    @property
    def source(self) -> Source:
        """The arrays, for a kernel."""
        return Source(self.data, self.base, self.stride, self.row, self.column)

    @classmethod
    def matrix(cls, values: NDArray[np.uint8]) -> Samples:
        """Take the rows of a matrix (n, d)."""
        if values.ndim != 2 or values.dtype != np.uint8:
            msg = f"samples must be a matrix of 8-bit values, got {values.dtype} of shape {values.shape}"
            raise DataError(msg)
        count, width = values.shape
        base = np.arange(count, dtype=np.int64) * width
        data = np.ascontiguousarray(values).reshape(-1)
        none = np.zeros(width, np.int64)
        return cls(data, base, np.zeros(count, np.int64), none, np.arange(width, dtype=np.int64))

    @classmethod
    def windows(
        cls,
        images: Sequence[NDArray[np.uint8]],
        image: NDArray[np.integer[Any]],
        x: NDArray[np.integer[Any]],
        y: NDArray[np.integer[Any]],
        size: tuple[int, int],
    ) -> Samples:
        """Take windows of `size` (width, height) at pixels (x, y) of ``images[image]``.

        Parameters
        ----------
        images : sequence of ndarray of uint8, (H, W) or (H, W, C)
            May differ in size, not in channels; they are copied once into one buffer.
        image, x, y : ndarray of int, (n,)
            Image and top-left pixel of every window.

        Raises
        ------
        DataError
            If a window does not lie inside its image.
        """
        width, height = size
        heights, widths = (np.array([picture.shape[axis] for picture in images], np.int64) for axis in (0, 1))
        channels = {1 if picture.ndim == 2 else picture.shape[2] for picture in images}
        if len(channels) != 1:
            msg = f"images must have the same number of channels, got {sorted(channels)}"
            raise DataError(msg)
        outside = (x < 0) | (y < 0) | (x + width > widths[image]) | (y + height > heights[image])
        if outside.any():
            first = int(np.flatnonzero(outside)[0])
            msg = (
                f"the window of {width} x {height} at ({x[first]}, {y[first]}) leaves image {image[first]}, which has "
                f"{widths[image[first]]} x {heights[image[first]]} pixels"
            )
            raise DataError(msg)
        depth = channels.pop()
        start = np.concatenate([[0], np.cumsum(heights * widths * depth)])
        stride = widths[image] * depth
        base = start[image] + np.asarray(y, np.int64) * stride + np.asarray(x, np.int64) * depth
        row = np.repeat(np.arange(height, dtype=np.int64), width * depth)
        column = np.tile(np.arange(width * depth, dtype=np.int64), height)
        return cls(np.concatenate([picture.reshape(-1) for picture in images]), base, stride, row, column)
