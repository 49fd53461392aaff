"""Which annotations of a Core a run takes: two people, two projects of one ontology, two images, reviewed ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import shapely

from algorithms.toolkit.annotations import Selection
from algorithms.toolkit.annotations.core import CoreAnnotations
from algorithms.toolkit.errors import DataError
from algorithms.toolkit.geometry import to_cytomine
from algorithms.toolkit.job.session import JobSession
from tests.support.core import EmbeddedCore
from tests.support.core_api import Api
from tests.support.proxy import CoreProxy
from tests.support.sorting import NAMES, SIDE, Sorter, sheet
from tests.support.stand_in import Answer, Asked


@dataclass
class Hospital:
    """What the tests need to know of what was drawn."""

    sorter: Sorter
    api: Api
    source: CoreAnnotations
    other_project: int
    other_image: int
    colleague: int

    def chosen(self, **filters: object) -> list[tuple[str, ...]]:
        """Labels of the annotations that the filters leave, in their order."""
        names = {str(ident): name for name, ident in self.sorter.study.terms.items()}
        found = self.source.select(Selection(**{"labelled": True, **filters}))  # type: ignore[arg-type]
        return [tuple(names[label] for label in item.labels) for item in found]


def draw(api: Api, project: int, image: int, shapes: list, terms: dict[str, int]) -> list[int]:
    """Draw annotations as a person; their ids."""
    height = SIDE * len(NAMES)
    return [
        api.post("annotation.json", {
            "location": shapely.to_wkt(to_cytomine(shape, height)), "image": image, "project": project,
            "term": [terms[name]],
        })["annotation"]["id"]
        for shape, name in shapes
    ]  # fmt: skip


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    found = EmbeddedCore(tmp_path_factory.mktemp("core") / "data", "127.0.0.1")
    yield found
    found.stop()


@pytest.fixture(scope="module")
def hospital(core: EmbeddedCore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    sorter = Sorter(core, tmp_path_factory.mktemp("slide"), 1)
    person, terms = sorter.person, sorter.study.terms
    api = Api(core.url, person.public, person.private)
    user = api.post("user.json", {
        "username": "colleague", "firstname": "C", "lastname": "O", "email": "c@o.example", "password": "secret-1",
    })["user"]["id"]  # fmt: skip
    keys = api.get(f"user/{user}/keys.json")
    colleague = Api(core.url, keys["publicKey"], keys["privateKey"])
    other = api.post("project.json", {"name": "second", "ontology": sorter.study.ontology})["project"]["id"]
    for project in (sorter.study.project, other):
        api.post(f"project/{project}/user/{user}.json", {})
    second = sorter.page.bring_slide(sorter.slide, sorter.study.project)
    elsewhere = sorter.page.bring_slide(sorter.slide, other)
    of = {name: [pair for pair in sheet()[1] if pair[1] == name] for name in NAMES}
    first = draw(api, sorter.study.project, sorter.image, [of["one"][0], of["seven"][0]], terms)
    draw(colleague, sorter.study.project, sorter.image, [of["zero"][0]], terms)
    draw(api, sorter.study.project, second, [of["seven"][1]], terms)
    draw(api, other, elsewhere, [of["one"][1]], terms)
    # somebody looks at the first one, and takes it for a zero
    api.post(f"annotation/{first[0]}/review.json", {"id": first[0], "terms": [terms["zero"]]})
    job = sorter.page.create_job(sorter.study.project, sorter.software["classification_validate"], {})
    session = JobSession(core.url, person, job, job.user_job or 0)
    yield Hospital(sorter, api, CoreAnnotations(session, sorter.study.project), other, second, user)
    sorter.close()


def test_without_filters_all_of_the_project(hospital: Hospital) -> None:
    assert hospital.chosen() == [("one",), ("seven",), ("zero",), ("seven",)]


def test_by_project(hospital: Hospital) -> None:
    assert hospital.chosen(projects=(hospital.other_project,)) == [("one",)]
    both = (hospital.sorter.study.project, hospital.other_project)
    assert hospital.chosen(projects=both) == [("one",), ("seven",), ("zero",), ("seven",), ("one",)]
    with pytest.raises(DataError, match="project 999999 does not exist"):
        hospital.chosen(projects=(999_999,))


def test_by_image_user_and_term(hospital: Hospital) -> None:
    assert hospital.chosen(images=(hospital.other_image,)) == [("seven",)]
    assert hospital.chosen(users=(hospital.colleague,)) == [("zero",)]
    terms = hospital.sorter.study.terms
    assert hospital.chosen(terms=(terms["seven"],)) == [("seven",), ("seven",)]
    assert hospital.chosen(excluded=(terms["seven"],)) == [("one",), ("zero",)]
    assert hospital.chosen(users=(hospital.colleague,), terms=(terms["zero"],)) == [("zero",)]
    with pytest.raises(DataError, match=r"with these filters \(images, users\)"):
        hospital.chosen(images=(hospital.other_image,), users=(hospital.colleague,))


def test_reviewed_ones_beside_the_others_instead_of_theirs_or_alone(hospital: Hospital) -> None:
    assert sorted(hospital.chosen(reviewed=0)) == [("one",), ("seven",), ("seven",), ("zero",)]
    assert sorted(hospital.chosen(reviewed=1)) == [("seven",), ("seven",), ("zero",), ("zero",)]
    assert hospital.chosen(reviewed=2) == [("zero",)]


@pytest.mark.parametrize("way", ["copy", "update"])
def test_nothing_stays_of_an_upload_that_fails_in_the_middle(
    core: EmbeddedCore, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sorter = Sorter(core, tmp_path, 10 + len(way))
    shapes = sheet()[1]
    options = ("--pyxit_n_subwindows", "10", "--forest_n_estimators", "3", "--seed", "7")
    sorter.annotate(shapes[::2])
    _, training = sorter.run("train", *options)
    before = sorter.layer(None)
    given: list[str] = []

    def third_term_is_refused(asked: Asked) -> Answer | None:
        if asked.method == "POST" and "/term/" in asked.path:
            given.append(asked.path)
            if len(given) > 3:
                return Answer({"success": False, "errors": "no more terms"}, 400)
        return None

    with CoreProxy(core.host, core.port) as proxy:
        proxy.rule = third_term_is_refused
        real, sorter.core = sorter.core, proxy  # type: ignore[assignment]
        code, _ = sorter.run("predict", "--cytomine_id_job", str(training.id), "--cytomine_results", way)
        sorter.core = real
    assert len(given) > 3, "terms were being given"
    assert code != 0
    job = sorter._newest()
    assert "could not be uploaded, and were taken back" in (job.comment or "")
    assert sorter.layer(job.user_job) == []
    answer = json.dumps(sorter.get("annotation.json", {"project": sorter.study.project, "showAlgo": "true"}))
    assert '"rate"' not in answer
    assert sorter.layer(None) == before
    sorter.close()
