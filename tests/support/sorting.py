"""A study with annotated digits on one slide, and classification run by its command line: no router, no container."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from algorithms.classification.__main__ import VARIANTS, main
from algorithms.object_finder.__main__ import main as find_objects
from algorithms.toolkit.geometry import to_cytomine
from algorithms.toolkit.geometry.geojson import Feature, write_geojson
from router.catalogue import install
from router.core import Job, Keys
from router.demo.page import Page
from router.descriptor import parse
from tests.support.core import EmbeddedCore

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("one", "seven", "zero")
#: Pixels of a digit on the sheet, and digits in a row.
SIDE, ACROSS = 32, 30


def sheet() -> tuple[NDArray[np.uint8], list[tuple[Polygon, str]]]:
    """Return a picture of scikit-learn's digits in three classes, and the outline of each with its class."""
    from sklearn.datasets import load_digits

    found = load_digits()
    of_class = {"one": 1, "seven": 7, "zero": 0}
    picture = np.full((SIDE * len(NAMES), SIDE * ACROSS, 3), 255, np.uint8)
    shapes = []
    for row, name in enumerate(NAMES):
        for column, digit in enumerate(found.images[found.target == of_class[name]][:ACROSS]):
            x, y = column * SIDE, row * SIDE
            ink = cv2.resize((255 - digit * 15).astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            picture[y : y + SIDE, x : x + SIDE] = ink[:, :, None]
            shapes.append((Polygon([(x + 1, y + 1), (x + 31, y + 1), (x + 31, y + 31), (x + 3, y + 29)]), name))
    return picture, shapes


def write_sheet(folder: Path) -> Path:
    """Write the sheet and its annotations as files; the picture's path."""
    picture, shapes = sheet()
    path = folder / "sheet.png"
    cv2.imwrite(str(path), picture)
    write_annotations(path, shapes)
    return path


def write_annotations(slide: Path, shapes: list[tuple[Polygon, str]]) -> None:
    """Write annotations beside a slide."""
    write_geojson(slide.with_suffix(".geojson"), (Feature(shape, name) for shape, name in shapes))


class Sorter:
    """A study with the sheet, its annotations and the softwares of classification."""

    def __init__(self, core: EmbeddedCore, folder: Path, number: int) -> None:
        self.keys = core.keys["admin"]
        self.core = core
        self.page = Page(core.url, self.person)
        colours = dict.fromkeys(sorted(NAMES), "#ff0000")  # ids in the order of the names
        self.study = self.page.create_study(f"sorting {number}", colours)
        self.slide = write_sheet(folder)
        self.image = self.page.bring_slide(self.slide, self.study.project)
        self.software = {name: self._install(name) for name in (*VARIANTS.values(), "object_finder")}

    @property
    def person(self) -> Keys:
        """Keys of the person who runs."""
        return Keys(self.keys["publicKey"], self.keys["privateKey"])

    def close(self) -> None:
        """Close the sockets."""
        self.page.close()

    def annotate(self, shapes: list[tuple[Polygon, str]], *, terms: bool = True) -> None:
        """Draw annotations as the person."""
        height = SIDE * len(NAMES)
        body = [
            {
                "location": shapely.to_wkt(to_cytomine(shape, height)),
                "image": self.image,
                "project": self.study.project,
                **({"term": [self.study.terms[name]]} if terms else {}),
            }
            for shape, name in shapes
        ]
        self.page._connection.post("annotation.json", json.dumps(body))

    def run(self, variant: str, *extra: str) -> tuple[int, Job]:
        """Run with the person's keys; exit code and job."""
        return main([variant, *self._access(VARIANTS[variant]), *extra]), self._newest()

    def find(self, *extra: str) -> tuple[int, Job]:
        """Run the object finder; exit code and job."""
        return find_objects(["objects", *self._access("object_finder"), *extra]), self._newest()

    def _access(self, software: str) -> list[str]:
        return [
            *("--cytomine_host", self.core.url, "--cytomine_public_key", self.keys["publicKey"]),
            *("--cytomine_private_key", self.keys["privateKey"], "--cytomine_id_project", str(self.study.project)),
            *("--cytomine_id_software", str(self.software[software])),
        ]

    def _newest(self) -> Job:
        found = self.page._connection.get("job.json", {"project": self.study.project})["collection"]
        return self.page.job(max(int(item["id"]) for item in found))

    def results(self, job: Job, folder: Path) -> dict[str, Path]:
        """Fetch the files of a job."""
        return {path.name: path for path in self.page.fetch_results(job, folder)}

    def layer(self, user: int | None) -> list[dict[str, Any]]:
        """Annotations of a layer with terms, rates and shapes."""
        query = {"project": self.study.project, "showWKT": "true", "showTerm": "true", "showMeta": "true"}
        if user is not None:
            query["user"] = str(user)
        return list(self.page._connection.get("annotation.json", query)["collection"])

    def get(self, uri: str, query: dict[str, Any] | None = None) -> Any:
        """Ask the Core as the person."""
        return self.page._connection.get(uri, query)

    def _install(self, name: str) -> int:
        text = (ROOT / "descriptors" / name / "descriptor.json").read_text()
        return int(install(self.core.client("router"), parse(text), "1").software.id)
