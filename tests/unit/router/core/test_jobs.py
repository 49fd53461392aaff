"""Reporting on a job: GET, merge, PUT of the whole object; nothing final is overwritten; one log."""

import json

import pytest

from router.core import CoreClient, Job, JobChange, JobStatus, Keys
from tests.support.stand_in import Answer, Asked, StandIn

WHOLE = {
    "class": "be.cytomine.processing.Job", "id": 5, "created": "1650000000000", "status": 2,
    "progress": 40, "rate": 0.7,
    "statusComment": "half way", "project": 42, "software": 77, "softwareName": "x (1)", "userJob": 9,
    "processingServer": 301, "dataDeleted": False, "favorite": True,
}  # fmt: skip


class FakeCore:
    """Keeps one job and its files."""

    def __init__(self, **changes):
        self.job = WHOLE | changes
        self.files = [
            {"id": 10, "filename": "log.out"},
            {"id": 11, "filename": "model.npz"},
            {"id": 99, "filename": "log.out"},
        ]

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "PUT":
            self.job = json.loads(asked.body)
            return Answer({"job": self.job, "message": "updated"})
        if asked.method == "DELETE":
            ident = int(asked.path.rpartition("/")[2].partition(".")[0])
            self.files = [found for found in self.files if found["id"] != ident]
            return Answer()
        if asked.method == "POST":
            self.files.append({"id": 20, "filename": "log.out"})
            return Answer(self.files[-1])
        if "attachedfile" in asked.path:
            return Answer({"collection": self.files, "size": len(self.files)})
        return Answer(self.job)


def updated(change: JobChange, core: FakeCore, **options):
    with StandIn(core) as server, CoreClient(server.url, Keys("a", "b")) as client:
        result = client.update_job(5, change, **options)
    return result, [asked.method for asked in server.asked]


def test_an_update_sends_the_whole_job_back():
    core = FakeCore()
    result, methods = updated(JobChange(status=JobStatus.FAILED, comment="out of memory"), core)
    assert core.job == WHOLE | {"status": 4, "statusComment": "out of memory"}
    assert (methods, result.written, result.job.status) == (["GET", "PUT"], True, 4)


@pytest.mark.parametrize("status", [JobStatus.SUCCESS, JobStatus.FAILED, JobStatus.KILLED])
def test_a_final_status_is_never_overwritten(status):
    core = FakeCore(status=int(status))
    result, methods = updated(JobChange(status=JobStatus.IN_QUEUE), core)
    assert (methods, result.written, result.job.status) == (["GET"], False, status)


def test_the_caller_may_decide_otherwise():
    _, methods = updated(JobChange(status=JobStatus.IN_QUEUE), FakeCore(), when=lambda job: job.status == 0)
    assert methods == ["GET"]


def test_comment_and_progress_fit_the_columns():
    core = FakeCore()
    updated(JobChange(comment="é\0" * 300, progress=33.3), core)
    assert core.job["statusComment"] == "é" * 255
    assert core.job["progress"] == 33
    assert (core.job["status"], core.job["rate"]) == (2, 0.7)
    updated(JobChange(progress=250), core)
    assert core.job["progress"] == 100


@pytest.mark.parametrize("code", [0, 1, 2, 5, 6, 7])
def test_what_is_not_final(code):
    assert not Job.read(WHOLE | {"status": code}).final
    assert not JobStatus(code).final


def test_odd_numbers_of_a_job_are_read():
    job = Job.read({"id": 5, "status": "2", "progress": 33.4, "userJob": None, "project": ""})
    assert (job.status, job.progress, job.user_job, job.project, job.comment) == (2, 33, None, None, None)


def test_the_log_is_uploaded_before_older_ones_are_deleted():
    core = FakeCore()
    with StandIn(core) as server, CoreClient(server.url, Keys("a", "b")) as client:
        assert client.attach_log(5, b"line\n").id == 20
    # a log that is newer than ours stays: somebody else uploaded it meanwhile
    assert [found["id"] for found in core.files] == [11, 99, 20]
    upload = server.asked[0]
    assert upload.target.endswith("?domainClassName=be.cytomine.processing.Job&domainIdent=5&filename=log.out")
    assert b'name="files[]"; filename="log.out"' in upload.body
    assert b"line\n" in upload.body


@pytest.mark.parametrize("envelope", [False, True])
def test_the_keys_of_a_job_user(envelope):
    user = {"id": 9, "publicKey": "P", "privateKey": "S"}
    answer = Answer({"userJob": user} if envelope else user)
    with StandIn(lambda _: answer) as core, CoreClient(core.url, Keys("a", "b")) as client:
        assert client.user_job_keys(9) == Keys("P", "S")


def test_a_processing_server_without_a_queue_and_one_with():
    rows = [
        {"id": 1, "name": "old", "amqpQueue": None},
        {"id": 2, "name": "x", "index": 3, "amqpQueue": {"name": "q", "exchange": "e"}},
    ]
    with StandIn(lambda _: Answer({"collection": rows})) as core, CoreClient(core.url, Keys("a", "b")) as client:
        old, new = client.processing_servers()
    assert (old.queue, new.queue, new.exchange, new.index) == (None, "q", "e", 3)


def test_a_job_is_created_and_launched_as_the_web_page_does():
    with StandIn(lambda _: Answer({"id": 6, "job": {"id": 6}})) as core, CoreClient(core.url, Keys("a", "b")) as client:
        client.execute_job(client.create_job(42, 77, {501: "5"}).id)
    assert json.loads(core.asked[0].body) == {
        "project": 42, "software": 77, "params": [{"softwareParameter": 501, "value": "5"}],
    }  # fmt: skip
    assert core.asked[1].target == "/api/job/6/execute.json"
