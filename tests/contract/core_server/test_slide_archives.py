"""Slides of several files come as a zip: opened whole, given back as they came, refused with nothing left behind."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.contract.core_server.conftest import tiff
from tests.contract.core_server.test_uploads import leftovers, storage

VMS = """[Virtual Microscope Specimen]
NoLayers=1
NoJpegColumns=1
NoJpegRows=1
ImageFile=pixels.jpg
MapFile=map.jpg
SourceLens=20
"""


def jpeg(width: int, height: int) -> bytes:
    """Red above, green below, in strips that can be found again."""
    pixels = np.full((height, width, 3), (30, 200, 30), np.uint8)
    pixels[: height // 2] = (200, 30, 30)
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "JPEG", quality=95, restart_marker_blocks=width // 32, subsampling=0)
    return made.getvalue()


def zipped(**files: bytes | str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def vms() -> bytes:
    """A Hamamatsu slide of three files, 1024 x 512."""
    return zipped(**{"scan/a.vms": VMS, "scan/pixels.jpg": jpeg(1024, 512), "scan/map.jpg": jpeg(128, 64)})


def flipped(content: bytes, place: int) -> bytes:
    """The content with one byte in the middle of a file changed."""
    return content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]


def test_a_slide_of_several_files_is_one_image(core, admin, place):
    before = len(leftovers(core))
    query = f"/upload?storage={storage(admin)}&projects={place.project}&sync=true"
    content = vms()
    found = admin.upload(query, "scan.zip", content)[0]
    image, instance = found["images"][0]["image"], found["images"][0]["imageInstances"][0]
    assert (image["width"], image["height"], image["contentType"]) == (1024, 512, "openslide/vms")
    assert (image["originalFilename"], found["uploadedFile"]["size"]) == ("scan.zip", len(content))
    window = admin.get(f"imageinstance/{instance['id']}/window-0-250-4-20.png")
    pixels = np.asarray(Image.open(io.BytesIO(window)).convert("RGB"), int)
    assert pixels[0, 0] == pytest.approx((200, 30, 30), abs=4)
    assert pixels[-1, 0] == pytest.approx((30, 200, 30), abs=4)
    assert admin.get(f"imageinstance/{instance['id']}/download") == content
    admin.delete(f"uploadedfile/{found['uploadedFile']['id']}.json")
    assert len(leftovers(core)) == before


def test_a_zip_with_one_plain_slide(admin, place):
    query = f"/upload?storage={storage(admin)}&projects={place.project}&sync=true"
    found = admin.upload(query, "one.zip", zipped(**{"readme.txt": "hello", "s.tif": tiff(300, 200)}))[0]
    assert found["images"][0]["image"]["width"] == 300


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zipped(**{"readme.txt": "hello"}), "0 of its files are slides"),
        (zipped(**{"a.tif": tiff(300, 200), "b.tif": tiff(300, 200)}), "one zip is one slide"),
        (zipped(**{"a.vms": VMS}), "a.vms"),
        (zipped(**{"../a.tif": tiff(300, 200)}), "leads out of its folder"),
        (zipped(**{"/a.tif": tiff(300, 200)}), "leads out of its folder"),
        (zipped(**{"a.tif": bytes(50_000_000)}), "times its own size"),
        (flipped(vms(), 400), "cannot be unpacked"),
        (zipped(), "0 files"),
    ],
)
def test_what_is_no_slide_is_refused_and_leaves_nothing(core, admin, place, content, words):
    before = leftovers(core)
    path = f"/upload?storage={storage(admin)}&projects={place.project}"
    answer = admin.request("POST", path, files={"files[]": ("scan.zip", content)})
    assert answer.status_code == 400, answer.text
    assert words in str(answer.json()["errors"])
    assert leftovers(core) == before
