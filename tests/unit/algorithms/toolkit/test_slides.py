"""Real pixels of CMU-1-Small-Region in every kind of file that must be read, against the same pixels in memory."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides import base as slides_base
from algorithms.toolkit.slides import open_slide
from algorithms.toolkit.slides.pyramid import write_pyramid

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pixels(slide_file: Path) -> Pixels:
    with open_slide(slide_file) as slide:
        return slide.read(600, 900, 801, 650)


def planar(path: Path, image: Pixels) -> None:
    tifffile.imwrite(
        path, np.moveaxis(image, 2, 0), photometric="rgb", planarconfig="separate", compression="lzw", tile=(64, 64)
    )


WRITERS: dict[str, Callable[[Path, Pixels], object]] = {
    "raw.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb"),
    "raw-big-endian.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb", byteorder=">"),
    "bigtiff.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb", bigtiff=True, rowsperstrip=7),
    "strips.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb", compression="deflate", rowsperstrip=33),
    "lzw.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb", compression="lzw", predictor=True),
    "tiles.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb", compression="zstd", tile=(128, 128)),
    "planar.tif": planar,
    "x.ome.tif": lambda p, a: tifffile.imwrite(p, a, photometric="rgb", tile=(64, 64), compression="deflate"),
    "sixteen.tif": lambda p, a: tifffile.imwrite(p, a.astype(np.uint16) * 257, photometric="rgb"),
    "x.png": lambda p, a: Image.fromarray(a).save(p),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_pixels(name: str, pixels: Pixels, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name, pixels)
    with open_slide(tmp_path / name) as slide:
        assert (slide.width, slide.height) == (801, 650)
        assert np.array_equal(slide.read(0, 0, 801, 650), pixels)
        assert np.array_equal(slide.read(123, 45, 300, 256), pixels[45:301, 123:423])
        expected = cv2.resize(pixels, slide.thumbnail_size(200), interpolation=cv2.INTER_AREA)
        assert np.abs(slide.thumbnail(200).astype(int) - expected).max() <= 1


def test_outside_is_white_and_zoom_levels_are_floored(pixels: Pixels, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.zoom_size(3) == (100, 81)
        window = slide.read(90, 70, 20, 20, zoom=3)
        assert (window[:, 10:] == 255).all()
        assert (window[11:] == 255).all()
        assert not (window[:11, :10] == 255).all()
        assert (slide.read(-50, -50, 20, 20) == 255).all()
        assert (slide.region(-100, 0, 200, 100, (20, 10))[:, :10] == 255).all()


def test_a_large_thumbnail_made_in_bands_equals_one_made_at_once(
    slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_slide(slide_file) as slide:
        at_once = slide.thumbnail(777)
        monkeypatch.setattr(slides_base, "READ_AT_ONCE", 300_000)
        assert np.abs(slide.thumbnail(777).astype(int) - at_once).max() <= 1


def test_facts_of_a_scanner_file(slide_file: Path) -> None:
    with open_slide(slide_file) as slide:
        assert slide.format == "aperio"
        assert slide.mpp == pytest.approx((0.499, 0.499))
        assert slide.magnification == 20
        assert set(slide.associated()) == {"label", "macro", "thumbnail"}


def test_alpha_of_a_picture_lies_over_white(tmp_path: Path) -> None:
    rgba = np.zeros((10, 10, 4), np.uint8)
    rgba[:5, :, 3] = 255
    Image.fromarray(rgba).save(tmp_path / "a.png")
    with open_slide(tmp_path / "a.png") as slide:
        whole = slide.read(0, 0, 10, 10)
        assert (whole[:5] == 0).all()
        assert (whole[5:] == 255).all()
        assert slide.thumbnail_with_alpha(10).shape == (10, 10, 4)


def test_twelve_bits_in_sixteen_use_the_whole_grey_scale(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.linspace(0, 4095, 100 * 64).reshape(64, 100).astype(np.uint16))
    with open_slide(tmp_path / "a.tif") as slide:
        assert slide.bits == 16
        whole = slide.read(0, 0, 100, 64)
        assert (whole.min(), whole.max()) == (0, 255)


def test_many_threads_read_the_same_slide(slide_file: Path, tmp_path: Path) -> None:
    with open_slide(slide_file) as slide:
        path = write_pyramid(slide, tmp_path / "p.tif", "deflate")
        whole = slide.read(0, 0, slide.width, slide.height)
    windows = [(x, y) for x in range(0, 1800, 300) for y in range(0, 2400, 300)]
    for source in (slide_file, path):
        with open_slide(source) as slide, ThreadPoolExecutor(8) as pool:
            read = list(pool.map(lambda w, s=slide: s.read(*w, 300, 300), windows))
        assert all(np.array_equal(a, whole[y : y + 300, x : x + 300]) for a, (x, y) in zip(read, windows, strict=True))


@pytest.mark.parametrize("compression", ["jpeg", "deflate"])
def test_pyramid_is_read_by_us_and_by_openslide(compression: str, slide_file: Path, tmp_path: Path) -> None:
    with open_slide(slide_file) as slide:
        path = write_pyramid(slide, tmp_path / "p.tif", compression)  # type: ignore[arg-type]
        whole = slide.read(0, 0, slide.width, slide.height)
        half = slide.read(0, 0, 1110, 1483, zoom=1)
    with open_slide(path) as ours, openslide.OpenSlide(path) as other:
        assert [level[:2] for level in ours.levels] == list(other.level_dimensions)
        assert ours.levels[-1][:2] == (138, 185)
        assert ours.mpp == pytest.approx((0.499, 0.499))
        assert ours.magnification == 20
        limit = 0.0 if compression == "deflate" else 4.0
        assert np.abs(ours.read(0, 0, ours.width, ours.height).astype(int) - whole).mean() <= limit
        assert np.abs(ours.read(0, 0, 1110, 1483, zoom=1).astype(int) - half).mean() <= limit
        theirs = np.asarray(other.read_region((0, 0), 1, (500, 500)).convert("RGB"))
        assert np.abs(theirs.astype(int) - ours.read(0, 0, 500, 500, zoom=1)).max() <= 1
    assert [file.name for file in tmp_path.iterdir()] == ["p.tif"]


def test_damaged_and_foreign_files_say_so(slide_file: Path, pixels: Pixels, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "good.tif", pixels, photometric="rgb", compression="deflate", tile=(64, 64))
    good = (tmp_path / "good.tif").read_bytes()
    damaged = {
        "cut.tif": good[: len(good) // 2],
        "head.tif": good[:20],
        "cut.svs": slide_file.read_bytes()[:100_000],
        "text.svs": b"no slide at all",
        "empty.tif": b"",
        "cut.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        "cut.jpg": b"\xff\xd8\xff\xe0" + b"\0" * 40,
    }
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SlideError, match=name):
            open_slide(tmp_path / name)
    with pytest.raises(SlideError, match=r"nowhere\.svs"):
        open_slide(tmp_path / "nowhere.svs")


def test_a_damaged_tile_is_an_error_of_the_window_only(pixels: Pixels, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, photometric="rgb", compression="deflate", tile=(64, 64))
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 40] = b"\xff" * 40
    path.write_bytes(data)
    with open_slide(path) as slide:
        assert np.array_equal(slide.read(200, 200, 50, 50), pixels[200:250, 200:250])
        with pytest.raises(SlideError, match="damaged near"):
            slide.read(0, 0, 50, 50)


def test_a_window_without_pixels_is_refused(slide_file: Path) -> None:
    with open_slide(slide_file) as slide, pytest.raises(SlideError, match="no pixels"):
        slide.read(0, 0, 0, 10)
