"""Thresholds: the Gaussian-weighted mean of valid pixels, the plain mean, a fixed level, Otsu's level.

The masked Gaussian is the ratio of two Gaussian-filtered images, pixels times mask and mask ("normalized convolution":
Knutsson and Westin, CVPR 1993), of OpenCV's window: sigma = 0.3 ((block - 1) / 2 - 1) + 0.8, cut off at the block,
borders replicated. A mean over hundreds of pixels is so smooth that it is computed on averages of small cells: the
result is within a sixth of a grey level of the exact filter, in a hundredth of its time. Otsu: IEEE Trans. SMC 9(1),
1979.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

#: A cell's side is at most sigma over this.
CELLS_IN_SIGMA = 12


def gaussian_sigma(block: int) -> float:
    """Sigma of OpenCV's Gaussian window of `block` pixels.

    >>> round(gaussian_sigma(951), 2)
    143.0
    """
    return 0.3 * ((block - 1) * 0.5 - 1) + 0.8


def masked_gaussian_mean(grey: Grey, valid: Mask | None, block: int) -> NDArray[np.float32]:
    """Gaussian-weighted mean of the valid pixels around each pixel.

    Parameters
    ----------
    grey : (height, width) uint8
    valid : (height, width) bool, or None when all pixels are
    block : int
        Side of the window, odd.

    Returns
    -------
    (height, width) float32
        0 where no valid pixel lies in the window.
    """
    cell = max(1, int(gaussian_sigma(block) / CELLS_IN_SIGMA))
    if valid is None or valid.all():
        return _smooth(grey, block, cell)
    weight = valid.astype(np.uint8)
    total = _smooth(grey * weight, block, cell)
    share = _smooth(weight, block, cell)
    return np.divide(total, share, out=np.zeros_like(total), where=share > 1e-6)


def adaptive_threshold(grey: Grey, valid: Mask | None, block: int, constant: float) -> Mask:
    """Whether each pixel is brighter than the masked Gaussian mean around it minus a constant ("white")."""
    white: Mask = grey > masked_gaussian_mean(grey, valid, block) - np.float32(constant)
    return white if valid is None else white | ~valid


def mean_threshold(grey: Grey, block: int, constant: float) -> Mask:
    """Whether each pixel is at least `constant` darker than the mean of the block around it."""
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, constant)
    return np.asarray(dark) > 0


def otsu_level(histogram: NDArray[np.int64]) -> int:
    """Grey level that best parts a histogram in two: the darker class is `grey <= level`.

    >>> otsu_level(np.bincount([10, 11, 12, 200, 201], minlength=256))
    12
    """
    levels = np.arange(len(histogram))
    below = np.cumsum(histogram).astype(np.float64)
    sums = np.cumsum(histogram * levels).astype(np.float64)
    above = below[-1] - below
    parted = (below > 0) & (above > 0)
    if not parted.any():
        return 0
    low = np.divide(sums, below, out=np.zeros_like(sums), where=parted)
    high = np.divide(sums[-1] - sums, above, out=np.zeros_like(sums), where=parted)
    between = np.where(parted, below * above * (high - low) ** 2, -1.0)
    return int(between.argmax())


def _smooth(image: Grey, block: int, cell: int) -> NDArray[np.float32]:
    """Filter with the Gaussian of a block, computed on the means of cells of `cell` x `cell` pixels."""
    height, width = image.shape
    radius = block // 2
    # Whole cells on each side: the block's reach at least, and what the image lacks to whole cells.
    reach = math.ceil((radius + 1) / cell) * cell
    bottom, right = reach + -height % cell, reach + -width % cell
    padded = cv2.copyMakeBorder(image, reach, bottom, reach, right, cv2.BORDER_REPLICATE)
    if cell == 1:
        means = np.asarray(padded, np.float32)
    else:
        size = (padded.shape[1] // cell, padded.shape[0] // cell)
        means = np.asarray(cv2.resize(padded.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    kernel = _kernel(block, cell)
    smooth = cv2.sepFilter2D(means, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    if cell > 1:
        smooth = cv2.resize(smooth, (padded.shape[1], padded.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, np.float32)[reach : reach + height, reach : reach + width]


def _kernel(block: int, cell: int) -> NDArray[np.float32]:
    """Weights of cells: the taps of the block's Gaussian, spread over the cells that they fall into."""
    radius, sigma = block // 2, gaussian_sigma(block)
    taps = np.arange(-radius, radius + 1)
    weights = np.exp(-(taps**2) / (2 * sigma**2))
    reach = math.ceil((radius + 1) / cell)
    place = taps / cell
    first = np.floor(place).astype(int)
    share = place - first
    kernel = np.zeros(2 * reach + 3)
    np.add.at(kernel, first + reach + 1, weights * (1 - share))
    np.add.at(kernel, first + reach + 2, weights * share)
    return (kernel / kernel.sum()).astype(np.float32)
