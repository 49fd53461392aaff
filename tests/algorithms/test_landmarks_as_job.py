"""Landmarks as jobs of a real (embedded) Core and on a folder with a CSV: same results, nothing half uploaded."""

import csv
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import shapely

from algorithms.landmarks.__main__ import main
from algorithms.toolkit.annotations.landmark_table import read_table, write_table
from algorithms.toolkit.geometry import to_cytomine
from router.catalogue import install
from router.core import Job, JobStatus, Keys
from router.demo.page import Page
from router.descriptor import parse
from tests.support.core import EmbeddedCore
from tests.support.landmarks import drawn_images

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["eye", "fin", "tail"]
WIDTH, HEIGHT, IMAGES = 120, 100, 6
SMALL = (
    *("--model_ntrees", "6", "--model_npred", "500", "--model_depth", "3", "--model_wsize", "4"),
    *("--model_rmax", "30", "--model_step", "2", "--refine_reach", "8", "--refine_ntrees", "5", "--seed", "3"),
)
_NUMBERS = count(1)


class Study:
    """A project with drawn images and points on them, and the same as a folder."""

    def __init__(self, core: EmbeddedCore, folder: Path) -> None:
        number = next(_NUMBERS)
        self.core, self.keys = core, core.keys["admin"]
        self.page = Page(core.url, Keys(self.keys["publicKey"], self.keys["privateKey"]))
        self.study = self.page.create_study(f"landmarks {number}", dict.fromkeys([*NAMES, "unused"], "#ff0000"))
        self.folder = folder / "data"
        self.folder.mkdir()
        pictures, self.points = drawn_images(IMAGES, WIDTH, HEIGHT, len(NAMES))
        self.points[2, 1] = np.nan
        self.images = []
        for place, picture in enumerate(pictures):
            path = self.folder / f"image {place}.png"
            cv2.imwrite(str(path), picture)
            self.images.append(self.page.bring_slide(path, self.study.project))
        rows = {
            f"image {place}.png": {
                name: (float(x), float(y)) for name, (x, y) in zip(NAMES, own, strict=True) if not np.isnan(x)
            }
            for place, own in enumerate(self.points)
        }
        write_table(self.folder / "landmarks.csv", NAMES, rows)
        self.software = {name: self._install(f"landmarks_{name}") for name in ("validate", "train", "predict")}

    def annotate(self) -> None:
        """Draw the points, one in three as a square around it."""
        for place, term in np.ndindex(IMAGES, len(NAMES)):
            if not np.isnan(self.points[place, term, 0]):
                point = shapely.Point(self.points[place, term])
                self.draw(place, NAMES[term], point.buffer(3, cap_style="square") if place % 3 == 0 else point)

    def draw(self, place: int, term: str, shape: shapely.Geometry) -> None:
        """Draw one annotation as the person."""
        body = {
            "location": shapely.to_wkt(to_cytomine(shape, HEIGHT)),
            "image": self.images[place],
            "project": self.study.project,
            "term": [self.study.terms[term]],
        }
        self.page._connection.post("annotation.json", json.dumps(body))

    def run(self, variant: str, *extra: str) -> tuple[int, Job]:
        """Run with the person's keys; exit code and job."""
        access = [
            *("--cytomine_host", self.core.url, "--cytomine_public_key", self.keys["publicKey"]),
            *("--cytomine_private_key", self.keys["privateKey"], "--cytomine_id_project", str(self.study.project)),
            *("--cytomine_id_software", str(self.software[variant])),
        ]
        code = main([variant, *access, *extra])
        found = self.page._connection.get("job.json", {"project": self.study.project})["collection"]
        return code, self.page.job(max(int(item["id"]) for item in found))

    def layer(self, job: Job) -> list[dict[str, Any]]:
        """Annotations of a job with terms, rates and shapes."""
        query = {"project": self.study.project, "showWKT": "true", "showTerm": "true", "showMeta": "true"}
        found = self.page._connection.get("annotation.json", {**query, "user": str(job.user_job)})
        return list(found["collection"])

    def properties(self, job: Job) -> dict[str, str]:
        """Properties of a job."""
        found = self.page._connection.get(f"domain/be.cytomine.processing.Job/{job.id}/property.json")["collection"]
        return {item["key"]: item["value"] for item in found}

    def results(self, job: Job, folder: Path) -> dict[str, Path]:
        """Fetch the files of a job."""
        return {path.name: path for path in self.page.fetch_results(job, folder)}

    def _install(self, name: str) -> int:
        text = (ROOT / "descriptors" / name / "descriptor.json").read_text()
        return int(install(self.core.client("router"), parse(text), "1").software.id)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    found = EmbeddedCore(tmp_path_factory.mktemp("core") / "data", "127.0.0.1")
    yield found
    found.stop()


@pytest.fixture
def study(core: EmbeddedCore, tmp_path: Path) -> Iterator[Study]:
    found = Study(core, tmp_path)
    yield found
    found.page.close()


def cells(path: Path) -> list[list[str]]:
    """Rows of a table without the names of the images, which are ids on a server."""
    with path.open(newline="") as file:
        return [row[1:] for row in csv.reader(file, delimiter=";")]


def local(variant: str, study: Study, output: Path, *options: str) -> int:
    return main([variant, "--data", str(study.folder), "--output", str(output), *options])


def test_validation_as_a_job_and_on_a_folder_gives_the_same(study: Study, tmp_path: Path) -> None:
    study.annotate()
    code, job = study.run("validate", *SMALL, "--eval_k", "3")
    assert (code, job.status, job.progress) == (0, JobStatus.SUCCESS, 100)
    assert local("validate", study, tmp_path / "local", *SMALL, "--eval_k", "3") == 0
    files = study.results(job, tmp_path / "results")
    assert set(files) == {"report.html", "landmarks.csv", "summary.json"}
    assert cells(files["landmarks.csv"]) == cells(tmp_path / "local" / "landmarks.csv")
    own, remote = (json.loads(p.read_text()) for p in (tmp_path / "local" / "summary.json", files["summary.json"]))
    assert own["landmarks"] == remote["landmarks"]
    assert own["images"]["image 2.png"][1] is None
    assert 0 < own["mean_error"] < 12
    assert study.properties(job)["mean_error"] == f"{own['mean_error']:.4f}"
    report = files["report.html"].read_text()
    assert report.count("data:image/png") == IMAGES
    assert "95 %" in report


@pytest.mark.parametrize("method", ["mset", "cascade"])
def test_a_model_goes_from_job_to_job_and_equals_the_one_of_a_folder(study: Study, tmp_path: Path, method: str) -> None:
    study.annotate()
    code, training = study.run("train", *SMALL, "--method", method)
    assert (code, training.status) == (0, JobStatus.SUCCESS)
    assert study.properties(training)["id_terms"].split() == [str(study.study.terms[name]) for name in NAMES]
    code, job = study.run("predict", "--cytomine_id_job", str(training.id))
    assert (code, job.status) == (0, JobStatus.SUCCESS)

    assert local("train", study, tmp_path / "model", *SMALL, "--method", method) == 0
    model = ("--model", str(tmp_path / "model" / "model.zip"))
    assert local("predict", study, tmp_path / "local", *model) == 0
    files = study.results(job, tmp_path / "results")
    assert cells(files["landmarks.csv"]) == cells(tmp_path / "local" / "landmarks.csv")
    assert len([name for name in files if name.endswith(".geojson")]) == IMAGES

    uploaded = study.layer(job)
    assert len(uploaded) == IMAGES * len(NAMES)
    assert all(item["location"].startswith("POINT") and 0 < item["rate"] <= 1 for item in uploaded)
    table = read_table(tmp_path / "local" / "landmarks.csv")
    term, image = study.study.terms["fin"], study.images[4]
    found = next(item for item in uploaded if item["term"] == [term] and item["image"] == image)
    x, y = table["image 4.png"]["fin"]
    point = shapely.from_wkt(found["location"])
    assert (point.x, HEIGHT - point.y) == pytest.approx((x, y), abs=0.01)
    assert np.hypot(*(study.points[4, 1] - (x, y))) < 8


def test_nothing_is_uploaded_under_the_threshold(study: Study, tmp_path: Path) -> None:
    study.annotate()
    _, training = study.run("train", *SMALL, "--method", "cascade")
    code, job = study.run("predict", "--cytomine_id_job", str(training.id), "--confidence_threshold", "1")
    assert (code, job.status) == (0, JobStatus.SUCCESS)
    assert study.layer(job) == []
    rows = cells(study.results(job, tmp_path / "results")["landmarks.csv"])
    assert set(rows[1]) == {"-1"}


def test_a_zoom_level_is_learned_and_found_in_full_resolution(study: Study, tmp_path: Path) -> None:
    output, options = tmp_path / "zoomed", ("--cytomine_zoom_level", "1", "--model_r", "3", *SMALL)
    assert local("train", study, output, *options) == 0
    assert local("predict", study, output, "--model", str(output / "model.zip")) == 0
    table = read_table(output / "landmarks.csv")
    errors = [np.hypot(*(study.points[i, 0] - table[f"image {i}.png"]["eye"])) for i in range(IMAGES)]
    assert np.mean(errors) < 6


def test_of_two_landmarks_of_one_term_the_last_counts(study: Study, tmp_path: Path) -> None:
    study.annotate()
    x, y = study.points[1, 0]
    study.draw(1, "eye", shapely.Point(x + 2, y))
    code, job = study.run("train", *SMALL)
    assert code == 0
    report = study.results(job, tmp_path / "results")["report.html"].read_text()
    assert "1 did not count, as a later one has the same term" in report


@pytest.mark.parametrize(
    ("options", "comment"),
    [
        (["--cytomine_id_terms", "999999"], "term 999999 is not in the ontology"),
        (["--cytomine_id_terms", "{eye},{unused}"], "is annotated in no image"),
        (["--eval_k", "7"], "7 folds need as many images"),
        (["--eval_folds", "project"], "folds need as many project"),
        (["--model_rmax", "3"], "model_rmax (3) must not be below model_r (6)"),
        (["--model_feature_type", "haar", "--model_feature_haar_n", "31"], "must be a multiple of"),
        (["--success_distances", "near"], "are not distances in pixels"),
        (["--cytomine_reviewed", "2"], "loosen the filters"),
    ],
)
def test_bad_parameters_end_the_job_with_a_comment(study: Study, options: list[str], comment: str) -> None:
    study.annotate()
    ids = {name: study.study.terms[name] for name in ("eye", "unused")}
    code, job = study.run("validate", *SMALL, *[option.format(**ids) for option in options])
    assert code != 0
    assert job.status == JobStatus.FAILED
    assert comment in (job.comment or "")
    assert study.layer(job) == []


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("id;eye_x;eye_y\nimage 0.png;130;5\n", "lies outside its image"),
        ("id;eye_x;eye_y\nimage 0.png;1;5\nimage 0.png;2;5\n", "has a row already"),
        ("id;eye_x;eye_y\nother.png;1;5\n", "other.png is not in the folder"),
        ("id;eye_x\nimage 0.png;1\n", "the first line must be"),
        ("id;eye_x;eye_y\nimage 0.png;1;left\n", "eye has no number"),
        ("id;eye_x;eye_y\nimage 0.png;-1;-1\n", "no annotation with a class"),
    ],
)
def test_bad_tables_are_named(
    study: Study, tmp_path: Path, capfd: pytest.CaptureFixture[str], table: str, message: str
) -> None:
    (study.folder / "landmarks.csv").write_text(table)
    output = tmp_path / "local"
    assert main(["train", "--data", str(study.folder), "--output", str(output)]) != 0
    assert message in capfd.readouterr().out
    assert not (output / "model.zip").exists()


def test_images_of_other_sizes_and_channels_are_learned_together(study: Study, tmp_path: Path) -> None:
    path = study.folder / "image 5.png"
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(path), np.pad(picture, ((0, 10), (0, 20)), mode="edge"))
    assert local("train", study, tmp_path / "local", *SMALL) == 0
    assert (tmp_path / "local" / "model.zip").is_file()


def test_an_image_larger_than_the_budget_is_refused(
    study: Study, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    big = np.zeros((5000, 5000), np.uint8)
    cv2.imwrite(str(study.folder / "image 0.png"), big)
    options = ("--memory_budget", "64", *SMALL)
    assert local("train", study, tmp_path / "local", *options) == 2
    assert "choose a higher zoom level" in capfd.readouterr().out
