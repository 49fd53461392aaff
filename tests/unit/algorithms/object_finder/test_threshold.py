"""The fast masked Gaussian against the exact one, and the other thresholds."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from algorithms.object_finder.threshold import (
    adaptive_threshold,
    gaussian_sigma,
    masked_gaussian_mean,
    mean_threshold,
    otsu_level,
)
from algorithms.toolkit.slides import open_slide


def exact(grey: NDArray[np.uint8], valid: NDArray[np.bool_] | None, block: int) -> NDArray[np.float64]:
    radius = block // 2
    weights = np.asarray(cv2.getGaussianKernel(block, gaussian_sigma(block), cv2.CV_64F)).ravel()

    def rows(count: int) -> NDArray[np.float64]:
        matrix = np.zeros((count, count + 2 * radius))
        for i in range(count):
            matrix[i, i : i + block] = weights
        return matrix

    def smooth(image: NDArray[np.float64]) -> NDArray[np.float64]:
        return rows(image.shape[0]) @ np.pad(image, radius, mode="edge") @ rows(image.shape[1]).T

    share = np.ones(grey.shape) if valid is None else valid.astype(np.float64)
    return smooth(grey * share) / np.maximum(smooth(share), 1e-12)


@pytest.mark.parametrize("block", [3, 71, 301, 951])
@pytest.mark.parametrize("masked", [False, True])
def test_fast_mean_is_within_a_fraction_of_a_grey_level(block: int, masked: bool) -> None:
    rng = np.random.default_rng(block)
    grey = rng.integers(0, 256, (307, 411)).astype(np.uint8)
    grey[:, :4] = 0  # what a replicated border makes the most of
    grey[100:200, 150:] = 255
    valid = None
    if masked:
        valid = np.ones(grey.shape, np.bool_)
        valid[:80, :130] = False
    error = np.abs(masked_gaussian_mean(grey, valid, block) - exact(grey, valid, block))
    assert error[valid if masked else ...].max() < 0.25


def test_on_a_full_mask_it_agrees_with_opencv(slide_file: Path) -> None:
    with open_slide(slide_file) as slide:
        grey = np.asarray(cv2.cvtColor(slide.thumbnail(400), cv2.COLOR_RGB2GRAY), np.uint8)
    ours = adaptive_threshold(grey, None, 101, 5)
    theirs = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 101, 5) > 0
    assert (ours == theirs).mean() > 0.99


def test_masked_pixels_do_not_pull_the_mean_and_become_white() -> None:
    grey = np.full((100, 100), 200, np.uint8)
    valid = np.ones(grey.shape, np.bool_)
    grey[:, :50], valid[:, :50] = 0, False
    assert masked_gaussian_mean(grey, valid, 51)[50, 50] == pytest.approx(200, abs=0.01)
    assert adaptive_threshold(grey, valid, 51, 5).all()
    nothing = np.zeros(grey.shape, np.bool_)
    assert (masked_gaussian_mean(grey, nothing, 51) == 0).all()


def test_mean_threshold_and_otsu() -> None:
    grey = np.full((100, 100), 200, np.uint8)
    grey[40:60, 40:60] = 100
    assert np.array_equal(mean_threshold(grey, 71, 3), grey == 100)
    histogram = np.bincount(grey.ravel(), minlength=256)
    assert 100 <= otsu_level(histogram) < 200
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    assert otsu_level(histogram) == level
    assert otsu_level(np.bincount([7], minlength=256)) == 0
