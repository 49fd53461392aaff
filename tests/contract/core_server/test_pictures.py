"""Pictures of slides have the right pixels, sizes and formats."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.contract.core_server.conftest import SIDE


def picture(api, path, kind="PNG"):
    image = Image.open(io.BytesIO(api.get(path)))
    assert image.format == kind
    return np.asarray(image)


def grid(x, y, width, height):
    pixels = np.full((height, width, 3), 7, np.uint8)
    pixels[..., 0] = np.arange(x, x + width) % 256
    pixels[..., 1] = (np.arange(y, y + height) % 256)[:, None]
    return pixels


def test_window_is_the_pixels_from_the_top_left(place):
    for name in (f"imageinstance/{place.image}", f"abstractimage/{place.abstract_image}"):
        assert np.array_equal(picture(place.api, f"{name}/window-100-30-64-20.png"), grid(100, 30, 64, 20))
    reference = place.api.get(f"imageinstance/{place.image}/sliceinstance/reference.json")
    path = f"sliceinstance/{reference['id']}/window-0-0-9-5.png?bits=8"
    assert np.array_equal(picture(place.api, path), grid(0, 0, 9, 5))


def test_window_outside_is_white_and_zoom_and_max_size_shrink(place):
    window = f"imageinstance/{place.image}/window-"
    partly = picture(place.api, f"{window}-4-0-8-4.png")
    assert (partly[:, :4] == 255).all()
    assert np.array_equal(partly[:, 4:], grid(0, 0, 4, 4))
    assert picture(place.api, f"{window}0-0-400-200.png?zoom=2").shape == (50, 100, 3)
    assert picture(place.api, f"{window}0-0-400-200.jpg?maxSize=80", "JPEG").shape == (40, 80, 3)
    assert picture(place.api, f"{window}0-0-40-20.tif", "TIFF").shape == (20, 40, 3)


def test_thumb_keeps_its_shape(place):
    width, height = SIDE
    assert picture(place.api, f"imageinstance/{place.image}/thumb.png?maxSize=300").shape == (200, 300, 3)
    assert picture(place.api, f"imageinstance/{place.image}/thumb.jpg", "JPEG").shape == (height, width, 3)


@pytest.mark.parametrize(
    "name",
    ["window-0-0-0-5.png", "window-0-0-5-5.xyz", "thumb.png?maxSize=0", "thumb.png?gamma=0", "thumb.png?zoom=-1",
     "window-0-0-5-5.png?annotations=x"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_400(place, name):
    suffix = "&mask=true" if "?" in name else "?mask=true"
    assert place.api.request("GET", f"imageinstance/{place.image}/{name}{suffix}").status_code == 400


def test_crop_mask_and_alphamask(place):
    # bottom-left origin: y 100 to 250 is from 750 to 900 from the top
    made = place.annotation("POLYGON ((100 100, 300 100, 300 250, 100 100))")
    crop = picture(place.api, f"userannotation/{made['id']}/crop.png")
    assert np.array_equal(crop, grid(100, 750, 200, 150))
    mask = picture(place.api, f"userannotation/{made['id']}/mask.png")
    assert mask.shape == (150, 200)
    assert set(np.unique(mask)) == {0, 255}
    assert (mask[149, 5], mask[5, 199 - 10], mask[5, 5]) == (0, 0, 0) or mask[145, 190] == 255
    assert (mask == 255).sum() == pytest.approx(15000, rel=0.02)
    alpha = picture(place.api, f"annotation/{made['id']}/alphamask.png")
    assert np.array_equal(alpha[..., 3], mask)
    assert np.array_equal(alpha[..., :3], crop)
    assert Image.open(io.BytesIO(place.api.get(f"annotation/{made['id']}/alphamask.jpg"))).format == "PNG"


def test_mask_pixels_follow_the_centre_rule(place):
    made = place.annotation("POLYGON ((10 990, 14 990, 14 994, 10 994, 10 990))")
    assert (picture(place.api, f"annotation/{made['id']}/mask.png") == 255).all()
    made = place.annotation("POLYGON ((20.6 990, 23.4 990, 23.4 994, 20.6 994, 20.6 990))")
    row = picture(place.api, f"annotation/{made['id']}/mask.png")[0]
    assert row.tolist() == [0, 255, 255, 0]


def test_crop_rules(place):
    made = place.annotation("POINT (700.5 400.5)")
    crop = picture(place.api, f"annotation/{made['id']}/crop.png")
    assert np.array_equal(crop, grid(650, 550, 100, 100))
    corner = place.annotation("POINT (0 0)")
    assert picture(place.api, f"annotation/{corner['id']}/crop.png").shape == (50, 50, 3)
    wide = place.annotation("POLYGON ((200 200, 300 200, 300 220, 200 220, 200 200))")["id"]
    assert picture(place.api, f"annotation/{wide}/crop.png?square=true").shape == (100, 100, 3)
    assert picture(place.api, f"annotation/{wide}/crop.png?increaseArea=2").shape == (40, 200, 3)
    assert picture(place.api, f"annotation/{wide}/crop.png?zoom=1").shape == (10, 50, 3)
    assert picture(place.api, f"annotation/{wide}/crop.png?maxSize=50").shape == (10, 50, 3)


def test_masked_window_takes_the_annotations_asked_for(place):
    one = place.annotation("POLYGON ((0 990, 10 990, 10 1000, 0 1000, 0 990))", term=[place.terms[0]])["id"]
    place.annotation("POLYGON ((20 990, 30 990, 30 1000, 20 1000, 20 990))", term=[place.terms[1]])
    window = f"imageinstance/{place.image}/window-0-0-40-10.png?"
    everything = picture(place.api, f"{window}mask=true")
    assert [int(x) for x in np.flatnonzero(everything[5])] == [*range(10), *range(20, 30)]
    for query in (f"annotations={one}", f"terms={place.terms[0]}"):
        assert [int(x) for x in np.flatnonzero(picture(place.api, f"{window}mask=true&{query}")[5])] == [*range(10)]
    alpha = picture(place.api, f"{window}alphaMask=true")
    assert np.array_equal(alpha[..., 3], everything)


def test_inverse_contrast_and_gamma(place):
    window = f"imageinstance/{place.image}/window-0-0-16-4.png"
    plain = picture(place.api, window)
    assert np.array_equal(picture(place.api, f"{window}?inverse=true"), 255 - plain)
    assert (picture(place.api, f"{window}?contrast=2")[..., 2] == 0).all()
    assert (picture(place.api, f"{window}?gamma=2")[..., 2] == round(255 * (7 / 255) ** 0.5)).all()


def test_tiles_by_every_way(place):
    image = place.api.get(f"imageinstance/{place.image}.json")
    slices = place.api.get(f"imageinstance/{place.image}/sliceinstance/reference.json")
    assert image["zoom"] == 3
    width, height = SIDE
    tile = picture(place.api, f"sliceinstance/{slices['id']}/normalized-tile/zoom/3/tx/5/ty/3.png")
    assert np.array_equal(tile, grid(1280, 768, width - 1280, height - 768))
    whole = picture(place.api, f"sliceinstance/{slices['id']}/normalized-tile/zoom/0/tx/0/ty/0.jpg", "JPEG")
    assert whole.shape == (125, 187, 3)
    unsigned = type(place.api)(place.api.url)
    query = f"fif={slices['path']}&mimeType={slices['mime']}&z=3"
    found = picture(unsigned, f"/slice/tile?{query}&tileIndex=7", "JPEG")
    assert np.abs(found.astype(int) - grid(256, 256, 256, 256)).mean() < 3
    servers = unsigned_servers(place)
    assert (
        picture(unsigned, f"{servers[0].removeprefix(place.api.url)}&tileGroup=0&z=3&x=1&y=1", "JPEG").shape[0] == 256
    )
    pims = f"/image/{slices['path']}/normalized-tile/zoom/3/ti/7.jpg"
    assert np.array_equal(picture(unsigned, pims, "JPEG"), found)
    assert unsigned.request("GET", f"/slice/tile?{query}&tileIndex=999999").status_code == 404
    assert unsigned.request("GET", "/slice/tile?fif=../core.db&z=0&tileIndex=0").status_code == 404
    assert unsigned.request("GET", "/slice/tile?fif=/etc/passwd&z=0&tileIndex=0").status_code == 404


def unsigned_servers(place):
    return place.api.get(f"abstractimage/{place.abstract_image}/imageservers.json")["imageServersURLs"]
