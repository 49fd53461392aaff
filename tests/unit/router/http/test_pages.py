"""Pages of jobs: what they show, that it is escaped, and that no key is in any answer."""

import html
import json
import uuid

import pytest
import requests

from router.masking import conceal
from router.states import Event

KEY, PUBLIC = str(uuid.uuid4()), str(uuid.uuid4())
COMMAND = ["run", "--cytomine_public_key", PUBLIC, "--cytomine_private_key", KEY, "--name", "<script>alert(1)</script>"]


def get(outside, path, code=200, **options):
    answer = requests.get(outside.url + path, timeout=5, **options)
    assert answer.status_code == code, answer.text
    return answer


@pytest.fixture
def ended(outside):
    row = outside.add(7, command=conceal(COMMAND), pulling_command="docker pull a/<b>:1")
    with outside.store.write() as unit:
        values = {"exit_code": 5, "ending": "crashed", "status": 4, "comment": f"a & b {KEY}", "started_at": 10.0}
        row = unit.move(row, Event.ENDED, f"exit <5> {KEY}", ended_at=22.0, **values)
        unit.move(unit.move(row, Event.LOG_SAFE), Event.REPORTED, done_at=23.0)
    (outside.logs / "7.log").write_bytes(b"<b>one</b>\ntwo \xff\n")
    outside.add(8)
    return outside


PATHS = ["/", "/jobs", "/jobs?state=done", "/jobs.json", "/jobs/7", "/jobs/7.json", "/jobs/7/log", "/jobs/7/log/events"]


@pytest.mark.parametrize("path", [*PATHS, "/healthz", "/readyz", "/metrics"])
def test_no_key_in_any_answer_and_no_markup_from_outside(ended, path):
    answer = get(ended, path)
    assert KEY not in answer.text
    if answer.headers["content-type"].startswith("text/html"):
        assert "<script>alert" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    if path in PATHS:
        assert answer.headers["cache-control"] == "no-store"


def test_the_list(ended):
    page = get(ended, "/").text
    assert page.index("/jobs/8") < page.index("/jobs/7")
    assert "queued 1" in page
    assert "done 1" in page
    assert [job["job"] for job in get(ended, "/jobs.json").json()] == [8, 7]
    assert [job["job"] for job in get(ended, "/jobs.json?state=done").json()] == [7]
    assert [job["job"] for job in get(ended, "/jobs.json?limit=1").json()] == [8]
    assert [job["job"] for job in get(ended, "/jobs.json?limit=nonsense").json()] == [8, 7]
    assert "There are none" in get(ended, "/jobs?state=%3Cb%3E").text


def test_one_job(ended):
    page = html.unescape(get(ended, "/jobs/7").text)
    for words in ("exit <5>", "a & b ********", "12 s", "--cytomine_private_key ********", "its last lines say why"):
        assert words in page
    found = get(ended, "/jobs/7.json").json()
    assert found["exit_code"] == 5
    assert found["last_lines"] == ["<b>one</b>", "two �"]
    assert [moment["what"] for moment in found["timeline"]] == ["ended", "log safe", "reported"]
    json.dumps(found)


def test_the_log_byte_for_byte_and_as_text(ended):
    answer = get(ended, "/jobs/7/log")
    assert answer.content == b"<b>one</b>\ntwo \xff\n"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert get(ended, "/jobs/7/log", 206, headers={"Range": "bytes=3-5"}).content == b"one"


@pytest.mark.parametrize("path", ["/jobs/9", "/jobs/9.json", "/jobs/9/log", "/jobs/9/log/events", "/jobs/8/log"])
def test_what_is_not_there(ended, path):
    assert "there is no job" in get(ended, path, 404).text


@pytest.mark.parametrize("path", ["/jobs/x", "/nothing", "/static/../server.py", "/static/..%2fserver.py"])
def test_what_was_never_there(ended, path):
    get(ended, path, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(ended, method):
    assert requests.request(method, f"{ended.url}/jobs/7", timeout=5).status_code == 405


def test_style_and_script_are_served(ended):
    assert "EventSource" in get(ended, "/static/jobs.js").text
    assert "color-scheme" in get(ended, "/static/jobs.css").text
