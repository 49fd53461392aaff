"""The signature of every request: the vectors of router-protocol.md 3.7, and what really goes over the wire."""

import base64
import hashlib
import hmac
import threading

import pytest
import requests
from cytomine.cytomine import Cytomine, CytomineAuth

from router.core import CoreClient, Keys
from tests.support.stand_in import Answer, Asked, StandIn

DATE = "Mon, 01 Jan 2024 00:00:00 +0000"
FORM = "attachedfile.json?domainClassName=be.cytomine.processing.Job&domainIdent=123&filename=log.out"
PARAMETERS = "software/77/software_parameter.json?withSetByServer=true&max=0&offset=0"
VECTORS = [
    ("GET", "user/current.json", None, "CfN03nZMmdyzYnI+XivZhShQziA="),
    ("PUT", "job/123.json", "application/json", "flDS/mM07nDHHMmoqsGy1r+FSU0="),
    ("GET", PARAMETERS, None, "pcPGPuDbMZvWHWg+T/6CYIhB6pY="),
    ("POST", FORM, "multipart/form-data; boundary=XYZ", "7GVxFvVcwSZzPjm9BZizeXBV9/Q="),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "content_type", "signature"), VECTORS)
def test_the_vectors_of_the_protocol(method, path, content_type, signature):
    headers = {"date": DATE} | ({"content-type": content_type} if content_type else {})
    auth = CytomineAuth("PUB", "STU", "http://core/api/", "/api/")
    sent = requests.Request(method, f"http://core/api/{path}", headers=headers, auth=auth).prepare()
    assert sent.headers["authorization"] == f"CYTOMINE PUB:{signature}"


def signed(asked: Asked, private: str) -> bool:
    """Core's own check, on what arrived."""
    text = "\n".join([asked.method, "", asked.headers.get("content-type", ""), asked.headers["date"], asked.target])
    digest = hmac.new(private.encode(), text.encode(), hashlib.sha1).digest()
    return asked.headers["authorization"].endswith(":" + base64.b64encode(digest).decode())


def job(asked: Asked) -> Answer:
    if asked.path.endswith("/attachedfile.json") and asked.method == "GET":
        return Answer({"collection": [{"id": 1, "filename": "log.out"}], "size": 1})
    return Answer({"id": 5, "job": {"id": 5}, "filename": "log.out", "collection": []})


def test_every_kind_of_request_is_signed_over_path_and_query():
    with StandIn(job) as core, CoreClient(core.url, Keys("PUB", "PRIV")) as client:
        client.job(5)
        client.software_parameters(7)
        client.execute_job(5)
        client.attach_log(5, "é".encode() * 1000)
    assert {asked.method for asked in core.asked} == {"GET", "POST", "DELETE"}
    assert all(signed(asked, "PRIV") for asked in core.asked)
    assert not any(signed(asked, "OTHER") for asked in core.asked)


@pytest.mark.parametrize("spelling", ["{}/", "  {}", "HTTP://LOCALHOST:{port}"])
def test_any_spelling_of_the_address_is_signed_right(spelling):
    with StandIn(job) as core:
        port = core.url.rpartition(":")[2]
        with CoreClient(spelling.format(core.url, port=port), Keys("PUB", "PRIV")) as client:
            client.job(5)
    assert signed(core.asked[0], "PRIV")


def test_identities_and_threads_do_not_mix():
    with StandIn(job) as core, CoreClient(core.url, Keys("A", "PRIV-A")) as one:
        other = one.with_keys(Keys("B", "PRIV-B"))
        threads = [threading.Thread(target=client.job, args=(5,)) for client in (one, other) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.close()
    assert sum(signed(asked, "PRIV-A") for asked in core.asked) == 8
    assert sum(signed(asked, "PRIV-B") for asked in core.asked) == 8


def test_no_private_key_is_shown():
    keys = Keys("PUB", "SECRET")
    client = CoreClient("http://core", keys)
    assert "SECRET" not in f"{keys} {keys!r} {client} {vars(client)}"


def test_the_singleton_of_an_algorithm_in_the_same_process_is_left_alone():
    before = vars(Cytomine)["_Cytomine__instance"]
    with StandIn(job) as core, CoreClient(core.url, Keys("PUB", "PRIV")) as client:
        client.job(5)
    assert vars(Cytomine)["_Cytomine__instance"] is before
