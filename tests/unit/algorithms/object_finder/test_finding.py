"""Tissue and objects on real and generated pixels."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from algorithms.object_finder.objects import ObjectParameters, find_objects
from algorithms.object_finder.params import object_parameters, tissue_parameters
from algorithms.object_finder.tissue import TissueParameters, find_tissue
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job.arguments import values_of
from algorithms.toolkit.job.descriptor import descriptor
from algorithms.toolkit.slides import open_slide

Pixels = NDArray[np.uint8]


def objects_in(image: Pixels, **changes: object) -> list[Polygon]:
    parameters = ObjectParameters(**changes)  # type: ignore[arg-type]

    def read(x: int, y: int, width: int, height: int) -> Pixels:
        return image[y : y + height, x : x + width]

    size = (image.shape[1], image.shape[0])
    return [polygon for _, found in find_objects(read, size, parameters, workers=2) for polygon in found]


def signature(polygons: list[Polygon]) -> list[str]:
    return sorted(shapely.normalize(polygon).wkt for polygon in polygons)


@pytest.fixture(scope="module")
def skin(slide_file: Path) -> Pixels:
    with open_slide(slide_file) as slide:
        return slide.read(500, 800, 900, 700)


def discs(count: int = 60, size: int = 700, noise: float = 2.0) -> tuple[Pixels, int]:
    rng = np.random.default_rng(1)
    image = np.full((size, size), 230.0)
    centres = [(x, y) for x in range(40, size - 40, 60) for y in range(40, size - 40, 60)][:count]
    for x, y in centres:
        cv2.circle(image, (x, y), 12, 90.0, -1)
    image += rng.normal(0, noise, image.shape)
    return np.repeat(image.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2), len(centres)


@pytest.mark.parametrize("name", ["adaptive", "binary", "otsu"])
def test_objects_do_not_depend_on_the_tiles(name: str, skin: Pixels) -> None:
    whole = objects_in(skin, filter=name, tile_size=2000, min_area=150, simplify_above=10**9)
    assert whole
    assert all(polygon.is_valid for polygon in whole)
    for side, overlap in ((128, 0), (333, 40)):
        cut = objects_in(skin, filter=name, tile_size=side, tile_overlap=overlap, min_area=150, simplify_above=10**9)
        assert signature(cut) == signature(whole)


@pytest.mark.parametrize("name", ["adaptive", "binary", "otsu"])
def test_every_disc_is_found_once(name: str) -> None:
    image, count = discs()
    found = objects_in(image, filter=name, tile_size=100, min_area=200)
    assert len(found) == count
    assert all(abs(polygon.area - 457) < 80 for polygon in found)


@pytest.mark.parametrize("name", ["adaptive", "otsu"])
def test_blank_glass_gives_no_objects(name: str) -> None:
    rng = np.random.default_rng(2)
    glass = cv2.blur(rng.normal(230, 8, (600, 600, 1)), (5, 5)).clip(0, 255).astype(np.uint8)
    image = np.repeat(glass[..., None], 3, axis=2)
    assert objects_in(image, filter=name, min_area=20) == []
    assert objects_in(image, filter=name, min_area=20, background_contrast=0) != []


def test_bright_objects_on_a_dark_ground() -> None:
    image, count = discs()
    assert len(objects_in(255 - image, bright=True, tile_size=100, min_area=200)) == count


def test_areas_are_judged_at_full_resolution_after_joining() -> None:
    image, _ = discs(count=1)
    assert len(objects_in(image, zoom=2, tile_size=64, min_area=457 * 16 - 900, max_area=457 * 16 + 900)) == 1
    assert objects_in(image, zoom=2, tile_size=64, min_area=1000, max_area=457 * 16 - 900) == []


def test_a_gap_at_a_seam_is_bridged_only_when_asked() -> None:
    image = np.full((100, 200, 3), 230, np.uint8)
    image[30:60, 70:99] = 60
    image[30:60, 102:140] = 60
    assert len(objects_in(image, filter="binary", tile_size=100, min_area=10)) == 2
    (joined,) = objects_in(image, filter="binary", tile_size=100, min_area=10, union_distance=8)
    assert joined.area == pytest.approx(30 * 70, rel=0.02)


def test_one_sample_of_tissue_on_a_real_slide(slide_file: Path) -> None:
    with open_slide(slide_file) as slide:
        thumbnail = slide.thumbnail_with_alpha(2048)
        (sample,) = find_tissue(thumbnail, TissueParameters(), (slide.width, slide.height))
        assert sample.is_valid
        assert 0.30 < sample.area / (slide.width * slide.height) < 0.42
        assert sample.contains(shapely.Point(1100, 1500))
        assert not sample.contains(shapely.Point(300, 2000))
        small = find_tissue(thumbnail, TissueParameters(min_area_percent=0.01), (slide.width, slide.height))
        assert len(small) == 3  # and two crumbs


def test_pixels_never_scanned_are_no_tissue() -> None:
    rgba = np.full((400, 600, 4), 240, np.uint8)
    rgba[..., 3] = 255
    rgba[100:250, 200:330, :3] = 120
    rgba[:, 450:] = 0  # black and transparent, as scanners leave it
    (sample,) = find_tissue(rgba, TissueParameters(block=201), (6000, 4000))
    left, top, right, bottom = sample.bounds
    assert (left, top, right, bottom) == pytest.approx((2000, 1000, 3300, 2500), abs=20)


def test_parameters_of_both_generations(caplog: pytest.LogCaptureFixture) -> None:
    tissue = values_of({"threshold_blocksize": ["950"]}, descriptor("tissue_finder"))
    assert tissue_parameters(tissue) == TissueParameters()
    assert "must be odd; using 951" in caplog.text
    assert object_parameters(values_of({}, descriptor("object_finder"))) == ObjectParameters(union_min_length=10)
    wrong = values_of({"cytomine_min_area": ["5"], "cytomine_max_area": ["4"]}, descriptor("object_finder"))
    with pytest.raises(ParameterError, match="must be below"):
        object_parameters(wrong)
