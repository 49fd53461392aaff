from pathlib import Path

import openslide
import pytest

from router.demo.slides import SlideUnavailable, pyramid, small_region


def test_a_pyramid_has_levels_that_openslide_sees_and_keeps_the_pixel_size(slide_file: Path, tmp_path: Path) -> None:
    made = pyramid(slide_file, tmp_path / "made.tif", levels=3)
    with openslide.OpenSlide(slide_file) as original, openslide.OpenSlide(made) as slide:
        assert slide.level_dimensions == ((2220, 2967), (1110, 1484), (555, 742))
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.499, abs=1e-3)
        here = slide.read_region((1000, 1000), 0, (1, 1)).getpixel((0, 0))
        there = original.read_region((1000, 1000), 0, (1, 1)).getpixel((0, 0))
    assert here == pytest.approx(there, abs=25)


def test_without_network_the_message_says_where_to_put_the_slide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(SlideUnavailable, match=r"check the network, or put the file at .*CMU-1-Small-Region\.svs"):
        small_region(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_slide_is_fetched_again_and_never_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "CMU-1-Small-Region.svs").write_bytes(b"cut off")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(SlideUnavailable):
        small_region(tmp_path)
