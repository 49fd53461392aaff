"""A person sees her projects; modes of projects refuse; nobody reads another project's files."""

import pytest

from tests.contract.core_server.conftest import tiff
from tests.support.core_api import Api


@pytest.fixture
def world(place, admin, person):
    """A project with a contributor; somebody else outside."""
    user, contributor = person()
    _, stranger = person()
    admin.post(f"project/{place.project}/user/{user}.json")
    return place, user, contributor, stranger


def test_contributor_sees_and_stranger_does_not(world):
    place, _, contributor, stranger = world
    made = place.annotation("POINT (1 1)")
    query = f"domainClassName=be.cytomine.project.Project&domainIdent={place.project}"
    attached = place.api.upload(f"attachedfile.json?{query}", "a.txt", b"secret")["id"]
    uploaded = place.api.get(f"abstractimage/{place.abstract_image}.json")["uploadedFile"]
    paths = [
        f"project/{place.project}.json", f"imageinstance/{place.image}.json", f"annotation/{made['id']}.json",
        f"imageinstance/{place.image}/thumb.png", f"annotation/{made['id']}/crop.jpg",
        f"project/{place.project}/imageinstance.json", f"annotation.json?project={place.project}",
        f"annotation.json?image={place.image}", f"abstractimage/{place.abstract_image}.json",
        f"imageinstance/{place.image}/sliceinstance.json", f"ontology/{place.ontology}.json",
        f"attachedfile/{attached}/download", f"project/{place.project}/userjob.json",
    ]  # fmt: skip
    for path in paths:
        assert contributor.request("GET", path).status_code == 200, path
        assert stranger.request("GET", path).status_code == 403, path
    assert stranger.request("GET", f"uploadedfile/{uploaded}/download").status_code == 403
    assert stranger.get("project.json")["collection"] == []
    assert [item["id"] for item in contributor.get("project.json")["collection"]] == [place.project]
    assert stranger.get("annotation.json")["collection"] == []
    assert stranger.get("imageinstance.json")["collection"] == []


def test_stranger_changes_nothing(world):
    place, _, _, stranger = world
    made = place.annotation("POINT (1 1)")
    body = {"location": "POINT (1 1)", "image": place.image}
    for method, path, sent in [
        ("POST", "annotation.json", body), ("DELETE", f"annotation/{made['id']}.json", None),
        ("PUT", f"annotation/{made['id']}.json", made), ("PUT", f"project/{place.project}.json", {"name": "x"}),
        ("DELETE", f"project/{place.project}.json", None), ("POST", "software.json", None),
        ("POST", f"project/{place.project}/user/1.json", None), ("POST", "user.json", {"username": "x"}),
        ("POST", "job.json", {"project": place.project, "software": 1}),
        ("POST", f"domain/be.cytomine.project.Project/{place.project}/property.json", {"key": "k", "value": "v"}),
    ]:  # fmt: skip
        assert stranger.request(method, path, sent).status_code in {400, 403}, path
    assert place.api.get(f"annotation/{made['id']}.json")["location"] == "POINT (1 1)"


def set_mode(place, mode):
    project = place.api.get(f"project/{place.project}.json")
    place.api.put(f"project/{place.project}.json", {**project, "isReadOnly": mode == "READ_ONLY",
                                                    "isRestricted": mode == "RESTRICTED"})  # fmt: skip


def test_modes_of_a_project(world):
    place, _, contributor, _ = world
    body = {"location": "POINT (1 1)", "image": place.image}
    managers = place.annotation("POINT (2 2)")["id"]
    own = contributor.post("annotation.json", body)["annotation"]["id"]
    set_mode(place, "RESTRICTED")
    assert contributor.request("PUT", f"annotation/{own}.json", body).status_code == 200
    assert contributor.request("PUT", f"annotation/{managers}.json", body).status_code == 403
    assert contributor.request("POST", "annotation.json", body).status_code == 200
    set_mode(place, "READ_ONLY")
    assert contributor.request("POST", "annotation.json", body).status_code == 403
    assert contributor.request("DELETE", f"annotation/{own}.json").status_code == 403
    assert contributor.request("GET", f"annotation/{own}.json").status_code == 200
    assert place.api.request("POST", "annotation.json", body).status_code == 200


def test_read_only_refuses_reports_even_of_an_administrator_who_does_not_manage(world, core):
    place, _, contributor, _ = world
    software = place.api.post("software.json", {"name": f"s{place.project}"})["software"]["id"]
    body = {"project": place.project, "software": software}
    by_manager, by_contributor = place.api.post("job.json", body)["job"], contributor.post("job.json", body)["job"]
    keys = core.keys["router"]
    router = Api(core.url, keys["publicKey"], keys["privateKey"])

    def report(api, job):
        return api.request("PUT", f"job/{job['id']}.json", {**job, "status": 4}).status_code

    def of_job(job):
        account = place.api.get(f"user/{job['userJob']}.json")
        return Api(core.url, account["publicKey"], account["privateKey"])

    assert report(router, by_manager) == 200
    set_mode(place, "READ_ONLY")
    assert report(router, by_manager) == 403
    assert report(of_job(by_manager), by_manager) == 200
    assert report(of_job(by_contributor), by_contributor) == 403


def test_keys_of_jobs_show_to_their_launcher_only(world):
    place, _, contributor, stranger = world
    software = place.api.post("software.json", {"name": f"s{place.project}"})["software"]["id"]
    job = place.api.post("job.json", {"project": place.project, "software": software})["job"]
    assert "privateKey" in place.api.get(f"user/{job['userJob']}.json")
    assert "privateKey" not in contributor.get(f"user/{job['userJob']}.json")
    assert contributor.request("GET", f"user/{job['userJob']}/keys.json").status_code == 403
    assert stranger.request("GET", f"userJob/{job['userJob']}.json").status_code == 403


def test_downloads_of_slides_need_the_project_s_leave(world):
    place, _, contributor, _ = world
    path = f"imageinstance/{place.image}/download"
    assert contributor.request("GET", path).status_code == 403
    project = place.api.get(f"project/{place.project}.json")
    place.api.put(f"project/{place.project}.json", {**project, "areImagesDownloadable": True})
    assert contributor.request("GET", path).content == tiff(1500, 1000)


def test_manager_rights_are_given_and_taken(world):
    place, user, contributor, _ = world
    rename = {**place.api.get(f"project/{place.project}.json"), "name": f"renamed {place.project}"}
    assert contributor.request("PUT", f"project/{place.project}.json", rename).status_code == 403
    place.api.post(f"project/{place.project}/user/{user}/admin.json")
    assert contributor.request("PUT", f"project/{place.project}.json", rename).status_code == 200
    assert {item["id"] for item in place.api.get(f"project/{place.project}/admin.json")["collection"]} >= {user}
    place.api.delete(f"project/{place.project}/user/{user}/admin.json")
    assert contributor.request("PUT", f"project/{place.project}.json", rename).status_code == 403
    place.api.delete(f"project/{place.project}/user/{user}.json")
    assert contributor.request("GET", f"project/{place.project}.json").status_code == 403
