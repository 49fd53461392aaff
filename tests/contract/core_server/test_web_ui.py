"""Every call of Cytomine-Web-UI v1.4.0 (core-api 7.1), with the fields that it reads."""

import pytest
import requests

from tests.support.core import EmbeddedCore
from tests.support.process import Program

LISTS = [
    "project.json?withLastActivity=true&withMembersCount=true&withCurrentUserRoles=true&max=25&offset=0",
    "ontology.json?light=true", "software.json", "storage.json", "uploadedfile.json?onlyRootsWithDetails=true",
    "user.json", "tag.json", "imageinstance/method/lastopened.json", "project/method/lastopened.json",
    "configuration.json", "project/{project}/user.json", "project/{project}/admin.json",
    "project/{project}/users/representative.json", "project/{project}/creator.json",
    "project/{project}/online/user.json",
    "project/{project}/software.json", "project/{project}/softwareproject.json", "project/{project}/userjob.json",
    "project/{project}/imageinstance.json", "project/{project}/imagefilterproject.json", "project/{project}/track.json",
    "project/{project}/userlayer.json?image={image}", "project/{project}/defaultlayer.json",
    "project/{project}/term.json", "job.json?max=10&offset=0&project={project}&sort=created&order=desc",
    "imageinstance/{image}/sliceinstance.json?max=50", "imageinstance/{image}/track.json",
    "abstractimage/{abstract}/companionfile.json", "domain/be.cytomine.project.Project/{project}/property.json",
    "domain/be.cytomine.project.Project/{project}/tag_domain_association.json.json",
    "annotation/property/key.json?idImage={image}&user=false", "sliceinstance/{slice}/annotationindex.json",
    "imageinstance.json?light=true", "project/{project}/stats/term.json",
]  # fmt: skip


@pytest.fixture
def names(place):
    reference = place.api.get(f"imageinstance/{place.image}/sliceinstance/reference.json")["id"]
    return {"project": place.project, "image": place.image, "abstract": place.abstract_image, "slice": reference,
            "user": place.api.get("user/current.json")["id"]}  # fmt: skip


def test_every_list_has_what_the_js_client_reads(place, names):
    for path in LISTS:
        answer = place.api.get(path.format(**names))
        assert {"collection", "size", "totalPages"} <= set(answer), path


def test_start_and_dashboard(place, names):
    ping = place.api.post("/server/ping.json", {"project": None})
    assert {"alive", "authenticated", "version", "serverURL", "serverID", "user"} <= set(ping)
    for kind in ("userannotation", "reviewedannotation", "algoannotation"):
        assert place.api.get(f"user/{names['user']}/{kind}/count.json")["total"] >= 0
    assert place.api.request("GET", "configuration/key/WELCOME.json").status_code == 404
    projects = place.api.get(LISTS[0])["collection"]
    mine = next(item for item in projects if item["id"] == place.project)
    assert mine["currentUserRoles"] == {"admin": True, "representative": True}
    assert mine["membersCount"] == 1
    assert "lastActivity" in mine
    assert "numberOfImages" in place.api.get("bounds/project.json?withMembersCount=true")


def test_opening_a_project_and_an_image(place, names):
    parts = place.api.get(f"/custom-ui/config.json?project={place.project}")
    assert parts["project-jobs-tab"] is True
    assert parts["project-tools-polygon"] is True
    assert place.api.post(f"project/{place.project}/userconnection.json", {"browser": "x"})["project"] == place.project
    bounds = place.api.get(f"project/{place.project}/bounds/imageinstance.json")
    for name in ("width", "height", "countImageAnnotations", "countImageJobAnnotations", "format", "mimeType",
                 "countImageReviewedAnnotations", "magnification", "resolution"):  # fmt: skip
        assert {"min", "max", "list"} <= set(bounds[name]), name
    assert place.api.post("consultation.json", {"image": place.image, "mode": "view"})["image"] == place.image
    corners = {f"{side}{axis}": 5 for side in ("topLeft", "topRight", "bottomLeft", "bottomRight") for axis in "XY"}
    assert place.api.post(f"sliceinstance/{names['slice']}/position.json", {**corners, "zoom": 2})["zoom"] == 2
    assert place.api.get(f"imageinstance/{place.image}/positions.json")["size"] == 1
    assert place.api.get(f"project/{place.project}/userconnection/{names['user']}.json")["size"] == 1
    made = place.annotation("POINT (5 5)")["id"]
    query = {"image": place.image, "slice": names["slice"], "user": names["user"], "kmeans": True, "showWKT": True,
             "bbox": "POLYGON((0 0,9 0,9 9,0 9,0 0))"}  # fmt: skip
    assert [item["id"] for item in place.api.post("annotation/search.json", query)["collection"]] == [made]
    assert place.api.get(f"sliceinstance/{names['slice']}/annotationindex.json")["collection"] == [
        {"user": names["user"], "slice": names["slice"], "countAnnotation": 1, "countReviewedAnnotation": 0}
    ]


def test_launching_and_deleting(place):
    software = place.api.post("software.json", {"name": f"ui {place.project}"})["software"]["id"]
    place.api.post("softwareproject.json", {"software": software, "project": place.project})
    parameter = {"name": "on", "type": "Boolean", "software": software}
    parameter = place.api.post("software_parameter.json", parameter)["softwareparameter"]["id"]
    path = f"domain/be.cytomine.processing.SoftwareParameter/{parameter}/description.json"
    assert place.api.request("GET", path).status_code == 404
    body = {"software": software, "project": place.project, "params": [{"softwareParameter": parameter, "value": True}]}
    job = place.api.post("job.json", body)["job"]
    assert [item["value"] for item in job["jobParameters"]] == ["true"]
    assert place.api.get(f"domain/be.cytomine.processing.Job/{job['id']}/tag_domain_association.json.json")["size"] == 0
    assert place.api.get(f"job/{job['id']}/jobdata.json")["size"] == 0
    task = place.api.post("task.json", {"project": place.project})["task"]["id"]
    place.api.delete(f"job/{job['id']}/alldata.json?task={task}")
    assert place.api.request("GET", f"job/{job['id']}.json").status_code == 404


def test_folder_of_a_built_web_ui_is_served_from_the_same_origin(tmp_path):
    (tmp_path / "dist/js").mkdir(parents=True)
    (tmp_path / "dist/index.html").write_text("<title>Cytomine</title>")
    (tmp_path / "dist/js/app.js").write_text("1")
    (tmp_path / "dist/configuration.json").write_text('{"CYTOMINE_CORE_HOST": "https://elsewhere", "X": 1}')
    core = EmbeddedCore(tmp_path / "data", "127.0.0.1")
    core.stop()
    arguments = ["--data", str(core.data), "--port", str(core.port), "--web-ui", str(tmp_path / "dist")]
    program = Program(["router.core_server", *arguments], tmp_path / "log")
    try:
        program.wait_until("answers", lambda: _answers(core.url), timeout=40)
        for path, text in {"/": "<title>Cytomine</title>", "/js/app.js": "1"}.items():
            assert requests.get(core.url + path, timeout=10).text == text
        configuration = requests.get(f"{core.url}/configuration.json", timeout=10).json()
        assert configuration == {"CYTOMINE_CORE_HOST": core.url, "X": 1}
        assert requests.get(f"{core.url}/js/none.js", timeout=10).status_code == 404
        assert requests.get(f"{core.url}/api/project.json", timeout=10).status_code == 401
    finally:
        program.stop()


def _answers(url):
    try:
        return requests.get(f"{url}/server/ping", timeout=5).status_code == 200
    except requests.RequestException:
        return False
