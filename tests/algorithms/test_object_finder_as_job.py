"""The same code as a job of a real (embedded) Core and on files: same results, clear failures, nothing half done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely

from algorithms.object_finder.__main__ import main
from algorithms.toolkit.geometry import from_cytomine
from algorithms.toolkit.geometry.geojson import read_geojson
from router.core import JobStatus
from tests.support.core import EmbeddedCore
from tests.support.finder import Finder

HEIGHT = 2967


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    found = EmbeddedCore(tmp_path_factory.mktemp("core") / "data", "127.0.0.1")
    yield found
    found.stop()


@pytest.fixture
def finder(core: EmbeddedCore, slide_file: Path) -> Iterator[Finder]:
    found = Finder(core, slide_file)
    yield found
    found.close()


def test_job_and_local_run_find_the_same_tissue(finder: Finder, slide_file: Path, tmp_path: Path) -> None:
    software = finder.register("tissue_finder")
    assert finder.run("tissue", software, "--cytomine_id_predicted_term", str(finder.term)) == 0
    assert main(["tissue", "--slide", str(slide_file), "--output", str(tmp_path / "local")]) == 0

    (job,) = finder.jobs()
    assert (job.status, job.progress) == (JobStatus.SUCCESS, 100)
    (annotation,) = finder.locations(job)
    assert annotation["term"] == [finder.term]
    in_core = from_cytomine(shapely.from_wkt(annotation["location"]), HEIGHT)
    (local,) = read_geojson(tmp_path / "local" / f"{slide_file.name}.geojson")
    assert in_core.symmetric_difference(local.geometry).area < 1e-4 * local.geometry.area
    names = {file.name for file in finder.page.fetch_results(job, tmp_path / "results")}
    assert names == {f"{slide_file.name}.geojson", f"{slide_file.name}.png", "summary.json"}


def test_job_and_local_run_find_the_same_objects(finder: Finder, slide_file: Path, tmp_path: Path) -> None:
    software = finder.register("object_finder")
    options = ["--cytomine_zoom_level", "1", "--cytomine_min_area", "400", "--cytomine_filter", "binary"]
    assert finder.run("objects", software, "--cytomine_predict_term", "0", *options) == 0
    assert main(["objects", "--slide", str(slide_file), "--output", str(tmp_path), *options]) == 0

    (job,) = finder.jobs()
    in_core = [from_cytomine(shapely.from_wkt(item["location"]), HEIGHT) for item in finder.locations(job)]
    local = [feature.geometry for feature in read_geojson(tmp_path / f"{slide_file.name}.geojson")]
    assert len(local) > 100
    assert sorted((*shape.bounds, round(shape.area)) for shape in in_core) == sorted(
        (*shape.bounds, round(shape.area)) for shape in local
    )


def test_each_image_may_have_a_job_of_its_own(finder: Finder, pyramid_file: Path) -> None:
    second = finder.page.bring_slide(pyramid_file, finder.study.project)
    software = finder.register("tissue_finder")
    assert finder.run("tissue", software, "--cytomine_id_predicted_term", str(finder.term), "--job_per_image", "1") == 0

    *layers, main_job = finder.jobs()
    assert [job.status for job in (*layers, main_job)] == [JobStatus.SUCCESS] * 3
    assert finder.locations(main_job) == []
    assert {finder.locations(job)[0]["image"] for job in layers} == {finder.image, second}


def test_a_launched_job_works_with_the_keys_of_its_own_user(finder: Finder) -> None:
    software = finder.register("tissue_finder")
    options = ["run.py", "--cytomine_predict_term", str(finder.term), "--threshold_blocksize", "550"]
    job, code = finder.run_launched("tissue", software, *options)
    assert (code, job.status) == (0, JobStatus.SUCCESS)
    assert len(finder.locations(job)) == 1
    assert [found.id for found in finder.jobs()] == [job.id]


@pytest.mark.parametrize(
    ("options", "comment"),
    [
        (["--cytomine_id_predicted_term", "999999"], "is not in the ontology"),
        (["--cytomine_id_images", "999999"], "is not in project"),
        (["--max_image_size", "3"], "max_image_size: 3 is too small"),
        (["--treshold_constant", "3"], "did you mean --threshold_constant?"),
        (["--cytomine_id_predicted_term", ""], "cytomine_id_predicted_term is missing"),
    ],
)
def test_a_mistake_fails_the_job_with_a_comment_that_helps(finder: Finder, options: list[str], comment: str) -> None:
    software = finder.register("tissue_finder")
    term = ["--cytomine_id_predicted_term", str(finder.term)]
    assert finder.run("tissue", software, *term, *options) != 0
    (job,) = finder.jobs()
    assert job.status == JobStatus.FAILED
    assert comment in (job.comment or "")
    assert finder.locations(job) == []


def test_a_zoom_beyond_the_pyramid_leaves_nothing(finder: Finder) -> None:
    software = finder.register("object_finder")
    assert finder.run("objects", software, "--cytomine_zoom_level", "9") != 0
    (job,) = finder.jobs()
    assert "has zoom levels 0 to 4" in (job.comment or "")
    assert finder.locations(job) == []


def test_what_was_uploaded_before_an_error_is_taken_back(finder: Finder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of results fills up after the first batches: the layer must be empty again."""
    from algorithms.object_finder import predict

    real = predict.find_objects

    def breaks(*args: object) -> object:
        found = real(*args)  # type: ignore[arg-type]
        yield from (next(found) for _ in range(12))
        raise OSError("no space left on device")

    monkeypatch.setattr(predict, "find_objects", breaks)
    monkeypatch.setattr("algorithms.toolkit.job.upload.BATCH", 20)
    software = finder.register("object_finder")
    with pytest.raises(OSError, match="no space"):
        finder.run("objects", software, "--cytomine_min_area", "200")
    (job,) = finder.jobs()
    assert job.status == JobStatus.FAILED
    assert "no space left" in (job.comment or "")
    assert finder.locations(job) == []
