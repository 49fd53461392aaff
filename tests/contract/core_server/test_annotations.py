"""Annotations: shapes, search, terms, reviews, and what changes shapes."""

import pytest

from tests.support.core_api import Api

SQUARE = "POLYGON ((100 100, 300 100, 300 250, 100 250, 100 100))"


def as_job(place):
    software = place.api.post("software.json", {"name": f"s{place.project}", "softwareVersion": "1"})["software"]["id"]
    job = place.api.post("job.json", {"project": place.project, "software": software})["job"]
    account = place.api.get(f"user/{job['userJob']}.json")
    return job, Api(place.api.url, account["publicKey"], account["privateKey"])


def found(place, query, api=None):
    return [item["id"] for item in (api or place.api).get(f"annotation.json?{query}")["collection"]]


def test_single_annotation(place):
    made = place.annotation(SQUARE, term=[place.terms[0]])
    assert made["class"] == "be.cytomine.ontology.UserAnnotation"
    assert made["location"] == SQUARE
    assert (made["area"], made["areaUnit"], made["perimeter"], made["perimeterUnit"]) == (
        30000, "pixels²", 700, "pixels",
    )  # fmt: skip
    assert made["centroid"] == {"x": 200, "y": 175}
    assert made["term"] == [place.terms[0]]
    assert made["cropURL"] == f"{place.api.url}/api/userannotation/{made['id']}/crop.jpg"
    for name in ("annotation", "userannotation"):
        assert place.api.get(f"{name}/{made['id']}.json")["location"] == SQUARE
    moved = place.api.put(f"annotation/{made['id']}.json", {**made, "location": "POINT (7 8.25)"})["annotation"]
    assert moved["location"] == "POINT (7 8.25)"
    assert found(place, f"image={place.image}&bbox=0,0,10,10") == [made["id"]]
    place.api.delete(f"annotation/{made['id']}.json")
    assert place.api.request("GET", f"annotation/{made['id']}.json").status_code == 404
    assert place.api.get(f"imageinstance/{place.image}.json")["numberOfAnnotations"] == 0


def test_physical_size_gives_micrometres(place):
    image = place.api.get(f"imageinstance/{place.image}.json")
    body = {**image, "physicalSizeX": 0.5, "physicalSizeY": 0.5}
    place.api.put(f"imageinstance/{place.image}.json", body)
    made = place.annotation(SQUARE)
    assert (made["area"], made["areaUnit"]) == (7500, "micron²")
    assert (made["perimeter"], made["perimeterUnit"]) == (pytest.approx(0.35), "mm")


@pytest.mark.parametrize(
    "location",
    [None, "", 5, "POLYGON ((", "POLYGON EMPTY", "POINT (NaN 1)", "POINT (1 inf)", "POINT (5000 5)",
     "POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))", "POLYGON ((0 0, 0 10, 0 0))", "LINESTRING (1 1)",
     "POLYGON ((1500 0, 1600 0, 1600 50, 1500 50, 1500 0))"],
)  # fmt: skip
def test_what_is_no_shape_is_400(place, location):
    body = {"location": location, "image": place.image}
    assert place.api.request("POST", "annotation.json", body).status_code == 400


def test_what_sticks_out_is_cut_at_the_image(place):
    made = place.annotation("POLYGON ((-10 -10, 20 -10, 20 20, -10 20, -10 -10))")
    assert made["area"] == 400
    line = place.annotation("LINESTRING (1490 5, 1510 5)")
    assert line["location"] == "LINESTRING (1490 5, 1500 5)"


def test_bulk_is_all_good_or_says_what_is_not(place):
    good = {"location": SQUARE, "image": place.image, "project": place.project}
    answer = place.api.post("annotation.json", [good, good])
    assert answer["message"].startswith("annotations ")
    mixed = [good, {**good, "location": "POINT EMPTY"}, {**good, "image": 1}]
    partly = place.api.post("annotation.json", mixed, expect=206)
    assert len(partly["errors"]) == 2
    assert place.api.post("annotation.json", mixed[1:2], expect=400)["success"] is False
    assert len(found(place, f"image={place.image}")) == 3
    assert place.api.get(f"project/{place.project}.json")["numberOfAnnotations"] == 3


def test_bbox_is_exact_and_not_just_the_boxes(place):
    triangle = place.annotation("POLYGON ((0 0, 100 0, 0 100, 0 0))")["id"]
    square = place.annotation("POLYGON ((60 60, 90 60, 90 90, 60 90, 60 60))")["id"]
    where = f"image={place.image}&bbox="
    assert found(place, f"{where}70,70,95,95") == [square]
    assert found(place, f"{where}POLYGON((0 0,200 0,200 200,0 200,0 0))") == [square, triangle]
    assert found(place, f"{where}200,200,300,300") == []
    assert found(place, f"image={place.image}&bboxAnnotation={square}") == [square]
    near = f"image={place.image}&baseAnnotation=POINT (95 75)&maxDistanceBaseAnnotation="
    assert found(place, near + "5") == [square]
    assert found(place, near + "4.9") == []
    included = place.api.get(f"imageinstance/{place.image}/annotation/included.json?geometry=POINT (1 1)")
    assert [item["id"] for item in included["collection"]] == [triangle]


def test_which_layers_a_search_sees(place):
    job, api = as_job(place)
    mine = place.annotation(SQUARE)["id"]
    body = {"location": SQUARE, "image": place.image}
    theirs = api.post("annotation.json", body)["annotation"]["id"]
    assert found(place, f"project={place.project}") == [mine]
    assert found(place, f"project={place.project}&includeAlgo=True") == [theirs, mine]
    assert found(place, f"project={place.project}&user={job['userJob']}") == [theirs]
    assert found(place, f"project={place.project}&job={job['id']}") == [theirs]
    prediction = {"annotationIdent": mine, "term": place.terms[1], "expectedTerm": place.terms[0], "rate": 0.25}
    given = api.post(f"annotation/{mine}/term/{place.terms[1]}.json", prediction)
    assert given["algoannotationterm"]["rate"] == 0.25
    assert given["algoannotationterm"]["expectedTerm"] == place.terms[0]
    assert found(place, f"project={place.project}&users={job['userJob']}") == [theirs, mine]
    assert found(place, f"project={place.project}&jobForTermAlgo={job['id']}") == [mine]
    assert found(place, f"project={place.project}&suggestedTerm={place.terms[1]}") == [mine]


def test_terms_and_their_filters(place):
    both = place.annotation("POINT (1 1)", term=list(place.terms))["id"]
    one = place.annotation("POINT (2 2)", term=place.terms[0])["id"]
    none = place.annotation("POINT (3 3)")["id"]
    query = f"image={place.image}&"
    assert found(place, f"{query}term={place.terms[0]}") == [one, both]
    assert found(place, f"{query}terms={place.terms[1]}&noTerm=true") == [none, both]
    assert found(place, f"{query}noTerm=True") == [none]
    assert found(place, f"{query}multipleTerm=true") == [both]
    listed = place.api.get(f"annotation/{both}/term.json")
    assert [item["term"] for item in listed["collection"]] == list(place.terms)
    place.api.delete(f"annotation/{both}/term/{place.terms[0]}.json")
    assert place.api.get(f"annotation/{both}.json")["term"] == [place.terms[1]]
    assert place.api.request("POST", f"annotation/{both}/term/{place.terms[1]}.json", {}).status_code == 409
    replaced = place.api.post(f"annotation/{both}/term/{place.terms[0]}/clearBefore.json", {})
    assert replaced["annotationterm"]["userannotation"] == both
    assert place.api.get(f"annotation/{both}.json")["term"] == [place.terms[0]]
    other = place.api.post("ontology.json", {"name": f"other {place.project}"})["ontology"]["id"]
    foreign = place.api.post("term.json", {"name": "x", "ontology": other})["term"]["id"]
    assert place.api.request("POST", f"annotation/{both}/term/{foreign}.json", {}).status_code == 400


def test_groups_of_fields(place):
    made = place.annotation(SQUARE, term=[place.terms[0]])["id"]
    path = f"annotation.json?image={place.image}&"

    def keys(query):
        return set(place.api.get(path + query)["collection"][0])

    assert keys("showBasic=True") == {"id", "class"}
    assert {"created", "term", "userByTerm", "cropURL"} <= keys("")
    assert keys("showWKT=true") == {"id", "class", "location", "geometryCompression"}
    assert {"area", "areaUnit", "perimeter", "perimeterUnit", "centroid"} <= keys("showGIS=true")
    assert "term" not in keys("showDefault=true&hideTerm=true")
    body = {"image": place.image, "showWKT": True, "max": 1, "terms": [place.terms[0]], "users": None}
    answer = place.api.post("annotation/search.json", body)
    assert [(item["id"], item["location"]) for item in answer["collection"]] == [(made, SQUARE)]
    assert isinstance(place.api.get(path)["collection"][0]["created"], int)


def test_review_and_back(place):
    made = place.annotation(SQUARE, term=[place.terms[0]])["id"]
    body = {"id": made, "terms": [place.terms[1]]}
    reviewed = place.api.post(f"annotation/{made}/review.json", body)["reviewedannotation"]
    assert reviewed["class"] == "be.cytomine.ontology.ReviewedAnnotation"
    assert (reviewed["parentIdent"], reviewed["term"], reviewed["location"]) == (made, [place.terms[1]], SQUARE)
    assert place.api.get(f"annotation/{made}.json")["reviewed"] is True
    assert found(place, f"image={place.image}&reviewed=true") == [reviewed["id"]]
    assert found(place, f"image={place.image}&notReviewedOnly=true") == []
    assert place.api.request("POST", f"annotation/{made}/review.json", body).status_code == 409
    assert place.api.request("DELETE", f"annotation/{made}.json").status_code == 400
    assert place.api.get(f"imageinstance/{place.image}.json")["numberOfReviewedAnnotations"] == 1
    place.api.delete(f"annotation/{made}/review.json")
    assert place.api.get(f"annotation/{made}.json")["reviewed"] is False
    assert place.api.get(f"imageinstance/{place.image}.json")["numberOfReviewedAnnotations"] == 0


def test_simplify_fill_union_and_correction(place):
    import shapely

    circle = shapely.Point(500, 500).buffer(100, quad_segs=200)
    made = place.annotation(circle.wkt)["id"]
    simple = place.api.put(f"annotation/{made}/simplify.json?minPoint=20&maxPoint=60", {})
    assert 20 <= shapely.get_num_coordinates(shapely.from_wkt(simple["location"])) <= 60
    assert simple["geometryCompression"] > 0
    ring = place.annotation("POLYGON ((0 0, 50 0, 50 50, 0 50, 0 0), (10 10, 20 10, 20 20, 10 20, 10 10))")["id"]
    assert place.api.post(f"annotation/{ring}/fill.json", {})["annotation"]["area"] == 2500
    beside = place.annotation("POLYGON ((50 0, 100 0, 100 50, 50 50, 50 0))", term=[place.terms[0]])["id"]
    user = place.api.get("user/current.json")["id"]
    place.api.put(f"annotation/union.json?idImage={place.image}&idUser={user}&minIntersectionLength=10", {})
    assert place.api.get(f"annotation/{ring}.json")["area"] == 5000
    assert place.api.request("GET", f"annotation/{beside}.json").status_code == 404
    correction = {"location": "POLYGON ((0 0, 10 0, 10 60, 0 60, 0 0))", "image": place.image, "remove": True}
    assert place.api.post("annotationcorrection.json", correction)["annotation"]["area"] == 4500


def test_what_hangs_on_an_annotation_goes_with_it(place):
    made = place.annotation(SQUARE)
    domain = f"domain/{made['class']}/{made['id']}"
    kept = place.api.post(f"annotation/{made['id']}/property.json", {"key": "k", "value": "v"})["property"]
    assert place.api.get(f"{domain}/key/k/property.json")["value"] == "v"
    assert place.api.put(f"{domain}/property/{kept['id']}.json", {**kept, "value": "w"})["property"]["value"] == "w"
    place.api.post(f"{domain}/description.json", {"data": "<p>text</p>"})
    assert place.api.get(f"{domain}/description.json")["data"] == "<p>text</p>"
    tag = place.api.post("tag.json", {"name": f"tag {made['id']}"})["tag"]
    link = place.api.post(f"{domain}/tag_domain_association.json", {"tag": tag["id"]})["tagdomainassociation"]
    assert found(place, f"image={place.image}&tag={tag['id']}") == [made["id"]]
    file = place.api.upload(
        f"attachedfile.json?domainClassName={made['class']}&domainIdent={made['id']}", "f.txt", b"x"
    )
    place.api.delete(f"annotation/{made['id']}.json")
    for path in (f"tag_domain_association/{link['id']}", f"attachedfile/{file['id']}", f"property/{kept['id']}"):
        assert place.api.request("GET", f"{path}.json").status_code == 404


def test_statistics_of_a_validation(place):
    job, api = as_job(place)
    tumour, stroma = place.terms
    for index, (expected, predicted, rate) in enumerate(
        [(tumour, tumour, 0.9), (tumour, stroma, 0.8), (tumour, stroma, 0.6), (stroma, stroma, 0.7)]
    ):
        made = place.annotation(f"POINT ({index} 1)")["id"]
        body = {"annotationIdent": made, "term": predicted, "expectedTerm": expected, "rate": rate}
        api.post(f"annotation/{made}/term/{predicted}.json", body)
    query = f"?job={job['id']}"
    stats = {name: place.api.get(f"stats/retrieval/{name}.json{query}") for name in
             ("avg", "confusionmatrix", "worstTerm", "worstTermWithSuggest", "worstAnnotation")}  # fmt: skip
    assert stats["avg"] == {"avg": 0.5}
    assert stats["confusionmatrix"]["matrix"] == (
        f"[[0,{tumour},{stroma},0],[{tumour},1,2,{1 / 3}],[{stroma},0,1,1.0]]"
    )
    assert [(term["id"], term["rate"]) for term in stats["worstTerm"]["worstTerms"]] == [(tumour, 2)]
    assert stats["worstTermWithSuggest"]["worstTerms"][str(tumour)] == [{str(stroma): 66.67}, {str(tumour): 33.33}]
    assert [item["rate"] for item in stats["worstAnnotation"]["worstAnnotations"]] == [0.8, 0.6]
    place.api.put(f"job/{job['id']}.json", {**job, "status": 3})
    latest = f"?project={place.project}&software={job['software']}"
    assert place.api.get(f"stats/retrieval/avg.json{latest}") == {"avg": 0.5}
    assert place.api.get(f"job/{job['id']}.json")["rate"] == 0.5
    evolution = place.api.get(f"stats/retrieval-evolution/evolution.json{latest}")["evolution"]
    assert [(point["size"], point["avg"]) for point in evolution] == [(4, 0.5)]
