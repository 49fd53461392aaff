"""A legacy Core (dialect A): arrays instead of objects, a queue a software, no processing servers, no KILLED."""

import base64
import json

import pika
import pytest

from router.core import JobStatus
from router.endings import StopReason
from router.store import Store
from tests.support.waiting import wait_for
from tests.support.workshop import PRELUDE, Workshop

pytestmark = pytest.mark.timeout(180)
IMAGE = "cytomine-software-router/base:bookworm"

#: The program for both layouts: `-c CODE` and then what the message holds behind the script's path.
FLAGS = (
    "say('words ' + ' '.join(sys.argv[1:-1:2])); open('scratch', 'w'); say('in ' + os.getcwd()); "
    "status(2); status(3, 'done')"
)
PLACES = (
    """
import sys
sys.argv = [sys.argv[0], "--cytomine_host", sys.argv[3], "--cytomine_public_key", sys.argv[4],
            "--cytomine_private_key", sys.argv[5], *sys.argv[1:3], *sys.argv[6:]]
"""
    + PRELUDE
    + """
say("rest " + repr(sys.argv[7:])); status(2); status(3, "done")
"""
)


class LegacyPlace(Workshop):
    """Software as a legacy Core has it."""

    def legacy_software(self, name: str, command: str, service: str, parameters: tuple[str, ...] = ()) -> int:
        """Register a software with further parameters; its id."""
        post = self.admin._connection.post
        body = {"name": name, "serviceName": service, "executeCommand": command, "pullingCommand": "none"}
        software = int(post("software.json", json.dumps(body))["software"]["id"])
        for place, parameter in enumerate(parameters, 4):
            row = {"name": parameter, "type": "String", "software": software, "index": 100 * place}
            post("softwareparameter.json", json.dumps(row))
        return software


@pytest.fixture
def place(amqp, embedded_core, router_daemon):
    return LegacyPlace(embedded_core(amqp, dialect="A"), amqp, router_daemon)


def code(program: str) -> str:
    return f"exec(__import__('base64').b64decode('{base64.b64encode(program.encode()).decode()}'))"


def router(place, tmp_path, **settings):
    """A router whose `legacy.images` lead to the base image; what follows the script goes to Python."""
    config = tmp_path / "router.yml"
    images = {"*algo/*": IMAGE}
    config.write_text(json.dumps({"legacy": {"images": images}}))
    return place.router(config=config, **settings)


def test_both_layouts_run_and_find_their_job(place, tmp_path):
    flags = "--cytomine_host $host --cytomine_public_key $publicKey --cytomine_private_key $privateKey --end x"
    # the queue of the first software is there when the router starts, that of the second is announced
    first = place.legacy_software(
        "First", f"python algo/a.py python3 -c {code(PRELUDE + FLAGS)} {flags}", "createRabbitJobWithArgsService"
    )
    daemon = router(place, tmp_path)
    second = place.legacy_software(
        "Second", f"python algo/b.py python3 -c {code(PLACES)}", "createRabbitJobService", ("terms", "empty", "last")
    )
    wait_for("the announced queue", lambda: "queueSoftwareSecond" in daemon.log, 30)
    jobs = [place.launch(first), place.launch(second)]
    for job in jobs:
        assert place.over(job).status == JobStatus.SUCCESS, daemon.job_log(job) + daemon.log[-3000:]
    place.done(daemon, *jobs)
    assert "words --cytomine_host --cytomine_public_key --cytomine_private_key --end" in daemon.job_log(jobs[0])
    assert "in /software_router\n" in daemon.job_log(jobs[0])
    user_job = place.job(jobs[1]).user_job
    assert f"rest ['{jobs[1]}', '{user_job}', '', '', '']" in daemon.job_log(jobs[1])
    names = [[file.filename for file in place.admin.attached_files(job)] for job in jobs]
    assert names == [["log.out"], ["log.out"]]
    key = place.admin.user_job_keys(place.job(jobs[0]).user_job).private
    assert key not in daemon.log + daemon.job_log(jobs[0])
    assert key.encode() not in (daemon.folder / "router.db").read_bytes()


def test_a_job_that_was_killed_is_failed_where_core_knows_no_killed(place, tmp_path):
    daemon = router(place, tmp_path)
    software = place.legacy_software(
        "Slow",
        f"python algo/a.py python3 -c {code('import time; time.sleep(300)')} $publicKey ",
        "createRabbitJobService",
    )
    wait_for("the announced queue", lambda: "queueSoftwareSlow" in daemon.log, 30)
    job = place.launch(software)
    wait_for("the container", lambda: (row := place.row(daemon, job)) is not None and row.started_at is not None, 60)
    # nobody can ask a legacy Core for it: the operator does
    store = Store(f"sqlite:///{daemon.folder / 'router.db'}")
    with store.write() as unit:
        unit.wish_stop(job, StopReason.KILL)
    store.close()
    found = place.over(job)
    assert (found.status, found.comment) == (JobStatus.FAILED, "Killed on request.")
    place.done(daemon, job)


def test_a_command_without_an_image_says_what_is_missing(place, tmp_path):
    daemon = router(place, tmp_path)
    software = place.legacy_software("Other", "python elsewhere/a.py", "createRabbitJobService")
    wait_for("the announced queue", lambda: "queueSoftwareOther" in daemon.log, 30)
    found = place.over(place.launch(software))
    assert found.status == JobStatus.FAILED
    assert "legacy.images" in (found.comment or "")


def test_an_array_that_belongs_to_nobody_stops_nothing(place, tmp_path):
    daemon = router(place, tmp_path)
    software = place.legacy_software("Fine", "python elsewhere/a.py", "createRabbitJobService")
    wait_for("the announced queue", lambda: "queueSoftwareFine" in daemon.log, 30)
    connection = pika.BlockingConnection(pika.URLParameters(place.amqp))
    strange = ["python", "algo/a.py", "--publicKey", "0" * 8, "--privateKey", "1" * 8, None]
    for body in (json.dumps(strange), json.dumps(["python", None]), "[]"):
        connection.channel().basic_publish("exchangeSoftwareFine", "", body.encode())
    connection.close()
    assert place.over(place.launch(software)).status == JobStatus.FAILED
