"""Images are read in bands, at any zoom level, within a budget."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from algorithms.landmarks import pyramid
from algorithms.landmarks.pyramid import MEAN, STEPS, grey_of, read_scores, z_scores
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.slides import open_slide


@pytest.fixture
def slide(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    blurred = cv2.GaussianBlur(rng.integers(0, 256, (600, 900, 3)).astype(np.uint8), (0, 0), 5)
    pixels = cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX)
    path = tmp_path / "slide.png"
    cv2.imwrite(str(path), pixels)
    return path


@pytest.mark.parametrize("zoom", [0, 2])
def test_bands_give_what_the_whole_level_gives(slide: Path, zoom: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_slide(slide) as opened:
        width, height = opened.zoom_size(zoom)
        whole = z_scores(grey_of(opened.read(0, 0, width, height, zoom)))
        monkeypatch.setattr(pyramid, "BAND", width * 37)
        found = read_scores(opened, zoom, 1 << 30)
    assert found.shape == (height, width)
    assert np.abs(found.astype(int) - whole).max() <= 2  # the seam of two bands may be rounded otherwise
    assert (found != whole).mean() < 0.1
    assert abs(found.mean() - MEAN) < 1
    assert abs(found.std() - STEPS) < 1


def test_a_level_above_the_budget_is_refused_before_it_is_read(slide: Path) -> None:
    with open_slide(slide) as opened, pytest.raises(ParameterError, match="900 x 600 pixels at zoom level 0"):
        read_scores(opened, 0, 900 * 600)
