"""Tissue on slides: found where it is, nowhere on bare glass; tiles without any are left out."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from algorithms.toolkit.slides import open_slide
from algorithms.toolkit.tiles import TissueMask, find_tissue, tile_grid


def slide(folder: Path, *, tissue: bool = True, glass: int = 240) -> Path:
    """A slide of 4000 x 2000 pixels with noise on its glass, tissue from (1000, 500) to (2000, 1500)."""
    random = np.random.default_rng(0)
    pixels = random.integers(glass - 3, glass + 4, (2000, 4000, 3)).astype(np.uint8)
    if tissue:
        pixels[500:1500, 1000:2000] = random.integers(-40, 40, (1000, 1000, 1)) + np.array([190, 110, 160])
    path = folder / "slide.tif"
    tifffile.imwrite(path, pixels, tile=(256, 256), photometric="rgb")
    return path


@pytest.mark.parametrize("glass", [240, 200])
def test_tissue_is_found_where_it_is(tmp_path, glass):
    with open_slide(slide(tmp_path, glass=glass)) as found:
        mask = find_tissue(found, 500)
    assert mask.within(1050, 550, 900, 900) == 1.0
    assert mask.within(0, 0, 900, 2000) == 0.0
    assert mask.within(2100, 0, 1900, 2000) == 0.0
    assert mask.share == pytest.approx(1000 * 1000 / (4000 * 2000), rel=0.1)


def test_bare_glass_has_none(tmp_path):
    with open_slide(slide(tmp_path, tissue=False)) as found:
        assert find_tissue(found).share == 0.0


def test_what_was_never_scanned_is_none(tmp_path):
    pixels = np.full((400, 400, 4), (240, 240, 240, 255), np.uint8)
    pixels[:100] = 0  # black, and transparent
    pixels[200:300, 200:300, :3] = (190, 110, 160)
    Image.fromarray(pixels).save(tmp_path / "s.png")
    with open_slide(tmp_path / "s.png") as found:
        mask = find_tissue(found, 400)
    assert mask.within(0, 0, 400, 95) == 0.0
    assert mask.within(205, 205, 90, 90) == 1.0


def test_only_tiles_with_tissue_are_worked_on(tmp_path):
    with open_slide(slide(tmp_path)) as found:
        mask = find_tissue(found, 500)
        for zoom in (0, 2):
            grid = tile_grid(*found.zoom_size(zoom), side=256 >> zoom)
            chosen = list(mask.tiles(grid, zoom))
            touched = [t for t in grid if t.x << zoom < 2000 and (t.x + t.width) << zoom > 1000
                       and t.y << zoom < 1500 and (t.y + t.height) << zoom > 500]  # fmt: skip
            assert set(touched) <= set(chosen)
            assert len(chosen) <= len(touched) + 20  # the rim
            full = list(mask.tiles(grid, zoom, least=0.95))
            assert 0 < len(full) < len(chosen)


def test_outside_the_slide_there_is_none():
    mask = TissueMask.of(np.ones((10, 20), bool), (2000, 1000))
    assert mask.within(2000, 0, 50, 50) == 0.0
    assert mask.within(-100, -100, 90, 90) == 0.0
    assert mask.within(1990, 990, 100, 100) == 1.0
