"""A Core for the tests of a module, and what most of them begin with."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import numpy as np
import pytest
import tifffile

from tests.support.core import EmbeddedCore
from tests.support.core_api import Api

SIDE = (1500, 1000)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    started = EmbeddedCore(tmp_path_factory.mktemp("core") / "data", "127.0.0.1")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def admin(core: EmbeddedCore) -> Api:
    keys = core.keys["admin"]
    return Api(core.url, keys["publicKey"], keys["privateKey"])


def tiff(width: int, height: int) -> bytes:
    """A tiled TIFF whose pixel at (x, y) is (x % 256, y % 256, 7)."""
    pixels = np.full((height, width, 3), 7, np.uint8)
    pixels[..., 0] = np.arange(width) % 256
    pixels[..., 1] = (np.arange(height) % 256)[:, None]
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, tile=(256, 256), photometric="rgb")
    return buffer.getvalue()


@dataclass(frozen=True)
class Place:
    """A project with two terms and one image of 1500 x 1000 pixels."""

    api: Api
    ontology: int
    terms: tuple[int, int]
    project: int
    image: int
    abstract_image: int

    def annotation(self, location: str, **more: object) -> dict:
        body = {"location": location, "image": self.image, "project": self.project, **more}
        return self.api.post("annotation.json", body)["annotation"]


@pytest.fixture
def person(admin: Api):
    """`person()` makes somebody with an account and no rights."""

    def make() -> tuple[int, Api]:
        name = f"p{uuid4().hex[:8]}"
        body = {"username": name, "firstname": "P", "lastname": "X", "email": f"{name}@example.org", "password": "pw"}
        user = admin.post("user.json", body)["user"]["id"]
        keys = admin.get(f"user/{user}/keys.json")
        return user, Api(admin.url, keys["publicKey"], keys["privateKey"])

    return make


@pytest.fixture
def place(admin: Api) -> Place:
    mark = uuid4().hex[:8]
    ontology = admin.post("ontology.json", {"name": f"ontology {mark}"})["ontology"]["id"]
    terms = tuple(
        admin.post("term.json", {"name": name, "ontology": ontology, "color": "#102030"})["term"]["id"]
        for name in ("tumour", "stroma")
    )
    project = admin.post("project.json", {"name": f"project {mark}", "ontology": ontology})["project"]["id"]
    storage = admin.get("storage.json")["collection"][0]["id"]
    found = admin.upload(
        f"/upload?storage={storage}&idStorage={storage}&projects={project}&idProject={project}&sync=True",
        "grid.tif",
        tiff(*SIDE),
    )
    image = found[0]["images"][0]
    return Place(admin, ontology, terms, project, image["imageInstances"][0]["id"], image["image"]["id"])
