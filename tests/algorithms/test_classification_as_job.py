"""Classification as jobs of a real (embedded) Core and on files: same results, clear failures, nothing half done."""

import csv
import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from algorithms.classification.__main__ import main
from router.core import JobStatus
from tests.support.core import EmbeddedCore
from tests.support.sorting import ACROSS, NAMES, Sorter, sheet, write_annotations

LEARNING = (
    *("--pyxit_n_subwindows", "20", "--pyxit_min_size", "0.5", "--pyxit_colorspace", "3"),
    *("--forest_n_estimators", "5", "--seed", "7"),
)
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    found = EmbeddedCore(tmp_path_factory.mktemp("core") / "data", "127.0.0.1")
    yield found
    found.stop()


@pytest.fixture
def sorter(core: EmbeddedCore, tmp_path: Path) -> Iterator[Sorter]:
    found = Sorter(core, tmp_path, next(_NUMBERS))
    yield found
    found.close()


def table(path: Path) -> list[list[str]]:
    """Rows of predictions.csv without names and labels: what is predicted, place by place."""
    with path.open(newline="") as file:
        return [row[3:4] + row[5:] for row in csv.reader(file)][1:]


@pytest.mark.parametrize("alpha", ["false", "true"])
def test_validation_as_a_job_and_on_files_gives_the_same(sorter: Sorter, tmp_path: Path, alpha: str) -> None:
    sorter.annotate(sheet()[1])
    options = (*LEARNING, "--eval_k", "3", "--cytomine_download_alpha", alpha)
    code, job = sorter.run("validate", *options)
    assert (code, job.status, job.progress) == (0, JobStatus.SUCCESS, 100)
    local = tmp_path / "local"
    assert main(["validate", "--slide", str(sorter.slide), "--output", str(local), *options]) == 0

    files = sorter.results(job, tmp_path / "results")
    assert set(files) == {"report.html", "predictions.csv", "summary.json"}
    assert table(files["predictions.csv"]) == table(local / "predictions.csv")
    own, remote = (json.loads(path.read_text()) for path in (local / "summary.json", files["summary.json"]))
    assert own["confusion"] == remote["confusion"]
    assert own["accuracy"] > 0.8

    matrix = json.loads(sorter.get("stats/retrieval/confusionmatrix.json", {"job": job.id})["matrix"])
    assert [row[1:4] for row in matrix[1:]] == own["confusion"]
    assert sorter.get("stats/retrieval/avg.json", {"job": job.id})["avg"] == pytest.approx(own["accuracy"])


@pytest.mark.parametrize("svm", ["0", "2"])
def test_a_model_goes_from_job_to_job_and_equals_the_one_of_files(sorter: Sorter, tmp_path: Path, svm: str) -> None:
    shapes = sheet()[1]
    known, others = shapes[::2], shapes[1::2]
    sorter.annotate(known)
    code, training = sorter.run("train", *LEARNING, "--svm", svm)
    assert (code, training.status) == (0, JobStatus.SUCCESS)
    properties = sorter.get(f"domain/be.cytomine.processing.Job/{training.id}/property.json")["collection"]
    classes = {item["key"]: item["value"] for item in properties}["classes"]
    assert classes.split(",") == [str(sorter.study.terms[name]) for name in sorted(NAMES)]

    sorter.annotate(others, terms=False)
    code, job = sorter.run("predict", "--cytomine_id_job", str(training.id))
    assert (code, job.status) == (0, JobStatus.SUCCESS)
    copies = sorter.layer(job.user_job)
    assert len(copies) == len(shapes)
    assert all(0 < item["rate"] <= 1 and len(item["term"]) == 1 for item in copies)
    assert len({item["rate"] for item in copies}) > 5

    local = tmp_path / "local"
    slide = ("--slide", str(sorter.slide))
    write_annotations(sorter.slide, known)
    assert main(["train", *slide, "--output", str(local), *LEARNING, "--svm", svm]) == 0
    write_annotations(sorter.slide, [*known, *others])
    assert main(["predict", *slide, "--output", str(local), "--model", str(local / "model.zip")]) == 0
    files = sorter.results(job, tmp_path / "results")
    assert table(files["predictions.csv"]) == table(local / "predictions.csv")


def test_prediction_may_update_the_annotations_themselves(sorter: Sorter) -> None:
    sorter.annotate(sheet()[1])
    _, training = sorter.run("train", *LEARNING)
    code, job = sorter.run("predict", "--cytomine_id_job", str(training.id), "--cytomine_results", "update")
    assert code == 0
    suggested = sorter.get("annotation.json", {"project": sorter.study.project, "jobForTermAlgo": job.id})
    assert len(suggested["collection"]) == len(NAMES) * ACROSS


def test_two_classes_and_their_terms(sorter: Sorter) -> None:
    sorter.annotate(sheet()[1])
    terms = sorter.study.terms
    binary = ("--cytomine_binary", "true", "--cytomine_positive_terms", str(terms["zero"]))
    code, job = sorter.run("validate", *LEARNING, *binary, "--eval_k", "3")
    assert code == 0
    assert sorter.get("stats/retrieval/avg.json", {"job": job.id})["avg"] > 0.9
    _, training = sorter.run("train", *LEARNING, *binary)
    code, job = sorter.run("predict", "--cytomine_id_job", str(training.id))
    assert "cytomine_id_negative_term is missing" in (job.comment or "")
    sides = ("--cytomine_id_term_positive", str(terms["zero"]), "--cytomine_id_term_negative", str(terms["one"]))
    code, job = sorter.run("predict", "--cytomine_id_job", str(training.id), *sides)
    assert code == 0
    found = [item["term"][0] for item in sorter.layer(job.user_job)]
    assert found.count(terms["zero"]) == ACROSS
    assert found.count(terms["one"]) == 2 * ACROSS


@pytest.mark.parametrize(
    ("options", "comment"),
    [
        (["--cytomine_id_terms", "999999"], "term 999999 is not in the ontology"),
        (["--cytomine_id_terms", "{one}"], "at least two classes are needed"),
        (["--cytomine_id_terms", "{one},{empty}"], "has no annotation among those that the filters leave"),
        (["--cytomine_excluded_terms", "{one}"], "at least two classes are needed"),
        (["--cytomine_binary", "1"], "cytomine_positive_terms is missing"),
        (["--cytomine_reviewed", "2"], "loosen the filters"),
        (["--eval_k", "40"], "fewer than 40"),
        (["--eval_folds", "image"], "folds by image need as many"),
        (["--pyxit_min_size", "0.9", "--pyxit_max_size", "0.5"], "pyxit_min_size (0.9) must not be above"),
        (["--svm_square_root", "1"], "svm_square_root needs leaf features"),
        (["--pyxit_colourspace", "1"], "did you mean --pyxit_colorspace?"),
        (["--forest_n_estimators", "0"], "forest_n_estimators: 0 is too small"),
    ],
)
def test_bad_parameters_end_the_job_with_a_comment_and_nothing_uploaded(
    sorter: Sorter, options: list[str], comment: str
) -> None:
    sorter.annotate([shape for shape in sheet()[1] if shape[1] != "zero"])
    terms = sorter.study.terms
    ids = {"one": terms["one"], "seven": terms["seven"], "empty": terms["zero"]}
    code, job = sorter.run("validate", *[option.format(**ids) for option in options])
    assert code != 0
    assert job.status == JobStatus.FAILED
    assert comment in (job.comment or "")
    suggested = sorter.get("annotation.json", {"project": sorter.study.project, "jobForTermAlgo": job.id})
    assert suggested["collection"] == []


def test_a_job_without_a_model_is_named(sorter: Sorter) -> None:
    sorter.annotate(sheet()[1])
    _, job = sorter.run("validate", *LEARNING)
    _, failed = sorter.run("predict", "--cytomine_id_job", str(job.id))
    assert f"job {job.id} has no model" in (failed.comment or "")


def test_objects_are_found_and_sorted_in_one_job_as_in_two(sorter: Sorter, tmp_path: Path) -> None:
    """The finder's layer goes into prediction; the job that does both gives the same objects the same terms."""
    sorter.annotate(sheet()[1])
    _, training = sorter.run("train", *LEARNING)
    finding = ("--cytomine_filter", "binary", "--cytomine_min_area", "40", "--background_contrast", "0")
    code, finder = sorter.find(*finding)
    assert (code, finder.status) == (0, JobStatus.SUCCESS)
    code, two = sorter.run(
        "predict", "--cytomine_id_job", str(training.id), "--cytomine_id_users", str(finder.user_job)
    )
    assert (code, two.status) == (0, JobStatus.SUCCESS)
    code, one = sorter.run("sort", "--cytomine_id_job", str(training.id), *finding)
    assert (code, one.status) == (0, JobStatus.SUCCESS)

    first, second = (
        sorted((item["location"], item["term"][0], round(item["rate"], 5)) for item in sorter.layer(job.user_job))
        for job in (one, two)
    )
    assert len(first) > 30
    assert first == second
    assert "sheet.png.geojson" in sorter.results(one, tmp_path / "results")
