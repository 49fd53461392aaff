"""Slides come in whole or not at all; files go out as they came in."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.contract.core_server.conftest import tiff


def storage(admin):
    return admin.get("storage.json")["collection"][0]["id"]


def leftovers(core):
    return [path for folder in ("slides", "incoming") for path in (core.data / folder).iterdir()]


def test_upload_registers_everything_and_gives_the_file_back(core, admin, place):
    content = tiff(300, 200)
    query = f"?storage={storage(admin)}&projects={place.project}&sync=True&keys=stain,site&values=HE,lung"
    found = admin.upload(f"/upload{query}", "C:\\slides\\scan 1.tif", content)[0]
    uploaded = found["uploadedFile"]
    assert (found["status"], found["name"], uploaded["status"]) == (200, "scan 1.tif", 100)
    assert uploaded["size"] == len(content)
    image = found["images"][0]["image"]
    assert (image["width"], image["height"], image["originalFilename"]) == (300, 200, "scan 1.tif")
    assert image["filename"] == image["originalFilename"]
    instance = found["images"][0]["imageInstances"][0]
    assert instance["project"] == place.project
    for path in ("uploadedfile", "abstractimage"):
        ident = uploaded["id"] if path == "uploadedfile" else image["id"]
        assert admin.get(f"{path}/{ident}/download") == content
    assert admin.get(f"imageinstance/{instance['id']}/download") == content
    properties = admin.get(f"domain/be.cytomine.image.AbstractImage/{image['id']}/property.json")["collection"]
    assert {item["key"]: item["value"] for item in properties} == {"stain": "HE", "site": "lung"}
    before = len(leftovers(core))
    admin.delete(f"uploadedfile/{uploaded['id']}.json")
    assert len(leftovers(core)) == before - 1
    assert admin.request("GET", f"imageinstance/{instance['id']}.json").status_code == 404


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_plain_pictures_are_slides_too(admin, place, kind):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((30, 50, 3), np.uint8)).save(buffer, kind)
    name = f"picture.{kind.lower()}"
    found = admin.upload(
        f"/upload?storage={storage(admin)}&projects={place.project}&sync=true", name, buffer.getvalue()
    )
    assert (found[0]["images"][0]["image"]["width"], found[0]["images"][0]["image"]["height"]) == (50, 30)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.tif", tiff(300, 200)[:5000]), ("a.svs", b"II*\0" + bytes(500)), ("a.txt", b"hello"), ("empty.png", b""),
     ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50))],
)  # fmt: skip
def test_damaged_or_unknown_is_400_and_leaves_nothing(core, admin, place, name, content):
    before, files = leftovers(core), admin.get("uploadedfile.json")["size"]
    answer = admin.request(
        "POST", f"/upload?storage={storage(admin)}&projects={place.project}", files={"files[]": (name, content)}
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"]
    assert leftovers(core) == before
    assert admin.get("uploadedfile.json")["size"] == files


def test_body_without_a_file_and_broken_multipart_are_400(admin):
    for headers, body in (
        ({"Content-Type": "multipart/form-data; boundary=x"}, "no parts"),
        ({"Content-Type": "multipart/form-data"}, {}),
    ):
        kind = headers["Content-Type"]
        assert admin.request("POST", "/upload", body, content_type=kind).status_code == 400


def test_other_people_s_storage_and_projects_are_closed(admin, place, person):
    _, api = person()
    one = {"files[]": ("a.tif", tiff(64, 64))}
    assert api.request("POST", f"/upload?storage={storage(admin)}", files=one).status_code == 400
    assert api.request("POST", f"/upload?projects={place.project}", files=one).status_code in {403, 404}


def test_real_slide_knows_its_scale(admin, place, slide_file):
    query = f"/upload?storage={storage(admin)}&projects={place.project}&sync=true"
    found = admin.upload(query, slide_file.name, slide_file.read_bytes())
    instance = found[0]["images"][0]["imageInstances"][0]
    assert (instance["width"], instance["height"], instance["magnification"]) == (2220, 2967, 20)
    assert instance["physicalSizeX"] == pytest.approx(0.499)
    assert instance["mime"] == "openslide/svs"
