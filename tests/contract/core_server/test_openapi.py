"""The API describes itself; whatever fits, or does not fit, that description, the server never fails."""

import os
import re

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from router.core_server.app import RESOURCES, ROOMS
from router.core_server.crud import routes_of
from router.core_server.openapi import description

#: How many requests each operation gets; raise it for a long look.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
#: Ends the session; no broker here, and a 500 is what the real Core says then; takes files, which uploads test.
LEFT_OUT = re.compile(r"logout|/job/\{id\}/(execute|kill)|software/upload")
ACCOUNTS = re.compile(r"^/api/(user|sec_?user)")


def _description():
    return description([*(room.routes for room in ROOMS), routes_of(RESOURCES)], RESOURCES)


def _operations():
    document = _description()
    del document["security"], document["components"]["securitySchemes"]  # junk keys would all end at the door
    for result in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = result.ok()
        changes_accounts = ACCOUNTS.search(operation.path) and operation.method.upper() != "GET"
        files = any(media.startswith("multipart") for media in operation.get_request_payload_content_types())
        if not (LEFT_OUT.search(operation.path) or changes_accounts or files):
            yield operation


def _several(operation, ids, send):
    """Send several cases of an operation, with ids in the address that mostly exist."""
    places = [one["name"] for one in operation.definition.raw.get("parameters", []) if one["in"] == "path"]

    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy(), data=st.data())
    def cases(case, data):
        for name in places:
            if isinstance(case.path_parameters.get(name), int):
                case.path_parameters[name] = data.draw(ids)
        send(case)

    cases()


@pytest.fixture
def browser(core):
    """A session of the administrator."""
    session = requests.Session()
    keys = core.keys["admin"]
    form = {"j_username": keys["username"], "j_password": keys["password"], "ajax": "true"}
    assert session.post(f"{core.url}/j_spring_security_check", form, timeout=20).status_code == 200
    return session


def test_the_server_serves_its_description(core):
    found = requests.get(f"{core.url}/api/openapi.json", timeout=20).json()
    assert found["openapi"].startswith("3.0")
    assert set(_description()["paths"]) == set(found["paths"]) - {"/api/openapi"}
    project = found["components"]["schemas"]["project"]
    assert {"name", "ontology"} <= set(project["properties"])
    assert project["required"] == ["name"]
    named = {one["name"] for one in found["paths"]["/api/annotation"]["get"]["parameters"]}
    assert {"image", "bbox", "terms", "noTerm"} <= named


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_request_that_fits_or_nearly_fits_makes_it_fail(place, core, browser):
    made = place.annotation("POLYGON ((1 1, 9 1, 9 9, 1 1))", term=[place.terms[0]])["id"]
    known = st.sampled_from([place.project, place.image, place.abstract_image, *place.terms, made, 0, 2**62])
    failed, answered = [], set()

    def send(case):
        answer = case.call(base_url=core.url, session=browser, timeout=20)
        answered.add((case.operation.label, answer.status_code))
        if answer.status_code >= 500:
            failed.append(f"{case.as_curl_command()}: {answer.status_code} {answer.text[:200]}")

    for operation in _operations():
        # deleting works on nothing that the others need
        _several(operation, st.just(2**62) if operation.method.upper() == "DELETE" else known, send)
    assert failed == []
    # the door let them in, and not all of it was junk
    assert not {label for label, status in answered if status == 401}
    assert len({label for label, status in answered if status == 200}) > 150
