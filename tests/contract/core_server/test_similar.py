"""Similar annotations, asked from a server that speaks the retrieval API: what is asked, what of the answer counts."""

import base64
import io
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import requests
from PIL import Image

from tests.contract.core_server.conftest import Place, tiff
from tests.support.core import EmbeddedCore
from tests.support.core_api import Api
from tests.support.stand_in import Answer, StandIn

HERE = "POLYGON ((100 100, 200 100, 200 180, 100 180, 100 100))"


@pytest.fixture(scope="module")
def cbir() -> Iterator[SimpleNamespace]:
    """A server that finds what `hits` says: similarity by id."""
    found = SimpleNamespace(hits={}, status=200)

    def answer(_: object) -> Answer:
        data = [
            {"id": str(ident), "properties": {"id": str(ident), "storage": "1"}, "similarities": similarity}
            for ident, similarity in found.hits.items()
        ]
        return Answer({"id": 1, "data": data}, found.status)

    with StandIn(answer) as server:
        found.server = server
        yield found


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory, cbir: SimpleNamespace) -> Iterator[EmbeddedCore]:
    address = cbir.server.url.replace("http://", "http://core:s3cret@")
    started = EmbeddedCore(tmp_path_factory.mktemp("core") / "data", "127.0.0.1", retrieval=address)
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _fresh(cbir: SimpleNamespace) -> None:
    cbir.hits, cbir.status = {}, 200
    cbir.server.asked.clear()


def second_project(place: Place, *, ontology: int | None = None) -> tuple[int, int]:
    """Another project, with an image of its own."""
    body = {"name": f"other {place.project} {ontology}", "ontology": ontology or place.ontology}
    project = place.api.post("project.json", body)["project"]["id"]
    storage = place.api.get("storage.json")["collection"][0]["id"]
    found = place.api.upload(f"/upload?storage={storage}&projects={project}&sync=true", "o.tif", tiff(300, 200))
    return project, found[0]["images"][0]["imageInstances"][0]["id"]


def test_the_crop_is_searched_and_what_people_drew_comes_back(place: Place, cbir: SimpleNamespace) -> None:
    asked = place.annotation(HERE, term=[place.terms[0]])["id"]
    near = place.annotation(HERE, term=[place.terms[1]])["id"]
    far = place.annotation(HERE, term=[place.terms[0]])["id"]
    bare = place.annotation(HERE)["id"]
    cbir.hits = {near: 0.6, asked: 0.9, far: 0.1, bare: 0.05, 999_999_999: 0.5}
    found = place.api.get(f"annotation/{asked}/retrieval.json")
    assert [(item["id"], item["similarity"]) for item in found["annotation"]] == [(near, 0.6), (far, 0.1), (bare, 0.05)]
    assert [(term["id"], term["rate"]) for term in found["term"]] == [(place.terms[1], 0.6), (place.terms[0], 0.1)]
    (sent,) = cbir.server.asked
    assert sent.path == "/api/search"
    assert "max=30" in sent.target
    assert str(place.project) in sent.target
    assert sent.headers["authorization"] == "Basic " + base64.b64encode(b"core:s3cret").decode()
    start = sent.body.index(b"\xff\xd8\xff")
    assert Image.open(io.BytesIO(sent.body[start:])).size == (100, 80)


def test_projects_are_those_of_the_ontology_or_those_that_are_named(place: Place, cbir: SimpleNamespace) -> None:
    other, _ = second_project(place)
    asked = place.annotation(HERE)["id"]
    place.api.get(f"annotation/{asked}/retrieval.json")
    assert str(other) in cbir.server.asked[-1].target
    project = place.api.get(f"project/{place.project}.json")
    only = {**project, "retrievalAllOntology": False, "retrievalProjects": [place.project]}
    place.api.request("PUT", f"project/{place.project}.json", only)
    place.api.get(f"annotation/{asked}/retrieval.json")
    assert str(other) not in cbir.server.asked[-1].target
    place.api.request("PUT", f"project/{place.project}.json", {**project, "retrievalDisable": True})
    before = len(cbir.server.asked)
    assert place.api.get(f"annotation/{asked}/retrieval.json") == {}
    assert len(cbir.server.asked) == before


def test_points_have_no_picture_to_search(place: Place, cbir: SimpleNamespace) -> None:
    point = place.annotation("POINT (100 100)")["id"]
    assert place.api.get(f"annotation/{point}/retrieval.json") == {"term": []}
    assert cbir.server.asked == []


def test_nobody_sees_annotations_of_projects_that_are_not_hers(place: Place, cbir: SimpleNamespace, person) -> None:
    other, image = second_project(place)
    hidden = place.api.post("annotation.json", {"location": HERE, "image": image, "project": other})["annotation"]["id"]
    shown = place.annotation(HERE)["id"]
    asked = place.annotation(HERE)["id"]
    user, api = person()
    place.api.post(f"project/{place.project}/user/{user}.json", {})
    cbir.hits = {hidden: 0.9, shown: 0.2}
    assert [item["id"] for item in api.get(f"annotation/{asked}/retrieval.json")["annotation"]] == [shown]
    both = place.api.get(f"annotation/{asked}/retrieval.json")["annotation"]
    assert [item["id"] for item in both] == [hidden, shown]


def test_a_server_that_fails_is_503_and_drawing_goes_on(place: Place, cbir: SimpleNamespace) -> None:
    asked = place.annotation(HERE)["id"]
    cbir.status = 500
    answer = place.api.request("GET", f"annotation/{asked}/retrieval.json")
    assert answer.status_code == 503
    assert "Retrieval server unavailable" in answer.text
    assert "s3cret" not in answer.text
    assert place.annotation(HERE)["id"]


def test_the_panel_shows_them_with_the_term_they_suggest(
    place: Place, core: EmbeddedCore, cbir: SimpleNamespace
) -> None:
    asked = place.annotation(HERE)["id"]
    near = place.annotation(HERE, term=[place.terms[1]])["id"]
    cbir.hits = {near: 0.6}
    with requests.Session() as session:
        form = {"username": "admin", "password": core.keys["admin"]["password"], "next": ""}
        assert session.post(f"{core.url}/pages/login", data=form, timeout=30).status_code == 200
        panel = session.get(f"{core.url}/pages/annotation/{asked}", timeout=30).text
        assert f"/pages/annotation/{asked}/similar" in panel
        shown = session.get(f"{core.url}/pages/annotation/{asked}/similar", timeout=30).text
        assert f"?annotation={near}" in shown
        assert re.search(r"\(100.%\)", shown)
        cbir.status = 500
        shown = session.get(f"{core.url}/pages/annotation/{asked}/similar", timeout=30)
        assert (shown.status_code, "does not answer" in shown.text) == (200, True)


def test_without_a_server_nothing_is_offered(tmp_path) -> None:
    core = EmbeddedCore(tmp_path / "data", "127.0.0.1")
    keys = core.keys["admin"]
    api = Api(core.url, keys["publicKey"], keys["privateKey"])
    answer = api.request("GET", "annotation/1/retrieval.json")
    assert answer.status_code == 404
    core.stop()
