"""Core's conventions on the wire, as clients of all generations rely on them."""

import re

import pytest


def test_envelope_of_create_update_delete(admin):
    added = admin.post("ontology.json", {"name": "wire ontology", "unknown": {"key": 1}})
    ident = added["ontology"]["id"]
    assert added["callback"] == {"method": "be.cytomine.AddOntologyCommand", "ontologyID": str(ident)}
    assert added["printMessage"] is True
    assert isinstance(added["command"], int)
    assert added["ontology"]["class"] == "be.cytomine.ontology.Ontology"
    edited = admin.put(f"ontology/{ident}.json", {**added["ontology"], "name": "renamed"})
    assert edited["ontology"]["name"] == "renamed"
    assert edited["callback"]["method"] == "be.cytomine.EditOntologyCommand"
    assert admin.delete(f"ontology/{ident}.json")["callback"]["method"] == "be.cytomine.DeleteOntologyCommand"
    assert admin.get(f"ontology/{ident}.json", expect=404) == {
        "errors": {"message": f"Ontology not found with id : {ident}"}
    }


def test_dates_are_texts_of_milliseconds_and_ids_are_one_sequence(admin, place):
    project = admin.get(f"project/{place.project}.json")
    assert re.fullmatch(r"\d{13}", project["created"])
    assert project["updated"] is None
    assert project["deleted"] is None
    idents = [place.ontology, *place.terms, place.project, place.image, place.abstract_image]
    assert len(set(idents)) == len(idents)


def test_collections_page(admin, place):
    for index in range(5):
        admin.post("term.json", {"name": f"t{index}", "ontology": place.ontology})
    path = f"ontology/{place.ontology}/term.json"
    page = admin.get(f"{path}?max=3&offset=3")
    assert {key: page[key] for key in ("offset", "perPage", "size", "totalPages")} == {
        "offset": 3, "perPage": 3, "size": 7, "totalPages": 3,
    }  # fmt: skip
    assert [term["name"] for term in page["collection"]] == ["t1", "t2", "t3"]
    everything = admin.get(f"{path}?max=0&offset=0")
    assert (len(everything["collection"]), everything["size"], everything["perPage"]) == (7, 7, 7)
    assert admin.get(f"{path}?sort=name&order=desc&max=1")["collection"][0]["name"] == "tumour"
    assert admin.get(f"{path}?max=2&offset=90")["collection"] == []


@pytest.mark.parametrize("key", ["name[in]", "name%255Bin%255D"])
def test_filters_also_with_twice_encoded_keys(admin, place, key):
    found = admin.get(f"ontology/{place.ontology}/term.json?{key}=tumour,nothing")
    assert [term["name"] for term in found["collection"]] == ["tumour"]


@pytest.mark.parametrize(
    ("query", "hit"),
    [("width[lte]=1500", True), ("width[gte]=1501", False), ("originalFilename[ilike]=RID", True),
     ("originalFilename[ilike]=nothing", False), ("countImageAnnotations[gte]=0", True),
     ("mimeType[in]=image/pyrtiff", True),
     ("magnification[gte]=5", False), ("numberOfAnnotations[lte]=0", True)],
)  # fmt: skip
def test_images_filter_by_what_their_file_says(place, query, hit):
    found = place.api.get(f"project/{place.project}/imageinstance.json?{query}&sort=originalFilename")
    assert [item["id"] for item in found["collection"]] == ([place.image] if hit else [])


def test_addresses_with_and_without_json(admin, place):
    for end in ("", ".json", ".json.json", "/"):
        assert admin.get(f"project/{place.project}{end}")["id"] == place.project


def test_absolute_addresses_come_from_the_host_header(admin, place):
    headers = {"Host": "core.example:8080", "X-Forwarded-Proto": "https"}
    image = admin.get(f"imageinstance/{place.image}.json", headers=headers)
    assert image["preview"] == f"https://core.example:8080/api/imageinstance/{place.image}/thumb.png?maxSize=1024"
    slices = admin.get(f"imageinstance/{place.image}/sliceinstance/reference.json", headers=headers)
    assert slices["imageServerUrl"] == "https://core.example:8080"


def test_nobody_caches_json(admin):
    answer = admin.request("GET", "project.json")
    assert answer.headers["Cache-Control"] == "no-cache, no-store, max-age=0, must-revalidate"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "ontology.json", {"name": " "}, 400),
        ("POST", "tag.json", {}, 400),
        ("POST", "term.json", {"name": "x", "ontology": 1}, 400),
        ("POST", "term.json", {"name": "x", "ontology": "many"}, 400),
        ("POST", "project.json", {"name": "admin\x00"}, 400),
        ("GET", "project/99999999999999999999999.json", None, 404),
        ("GET", "no/such/thing.json", None, 404),
        ("DELETE", "software/1.json", None, 404),
        ("PATCH", "project.json", None, 405),
    ],
)
def test_errors_have_core_s_codes_and_a_json_body(admin, method, path, body, status):
    answer = admin.request(method, path, body)
    assert answer.status_code == status, answer.text
    assert "errors" in answer.json()


def test_broken_json_is_400_and_a_twin_409(admin):
    answer = admin.request("POST", "ontology.json", headers={"Content-Length": "0"})
    assert answer.status_code == 400
    admin.post("ontology.json", {"name": "twin"})
    twin = admin.call("POST", "ontology.json", {"name": "twin"}, expect=409)
    assert twin["success"] is False
    assert "twin" in twin["errors"]


def test_arrays_add_each_or_say_which_not(admin, place):
    path = f"domain/be.cytomine.project.Project/{place.project}/property.json"
    admin.post(path, {"key": "k", "value": "v"})
    good = [{"name": f"many{i}", "ontology": place.ontology} for i in range(3)]
    message = admin.post("term.json", good)["message"]
    idents = [int(text) for text in re.findall(r"\d+", message)]
    assert [admin.get(f"term/{ident}.json")["name"] for ident in idents] == ["many0", "many1", "many2"]
    partly = admin.call("POST", "term.json", [*good[:1], {"name": "new", "ontology": place.ontology}], expect=206)
    assert partly["success"] is False
    assert [error["data"]["name"] for error in partly["errors"]] == ["many0"]
    assert admin.call("POST", "term.json", good, expect=409)["success"] is False
    assert admin.call("POST", "term.json", [])["message"]
    assert admin.call("POST", "annotation.json", [])["message"]


def test_put_replaces_the_whole_object(admin, place):
    software = admin.post("software.json", {"name": "put", "resultName": "r", "softwareVersion": "1"})["software"]
    body = {"id": software["id"], "name": "put", "softwareVersion": "1"}
    assert admin.put(f"software/{software['id']}.json", body)["software"]["resultName"] is None
