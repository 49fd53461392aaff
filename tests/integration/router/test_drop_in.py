"""Beside an unchanged Core: queues as Core declares them, servers that come later, projects nobody may write to."""

import json

import pika
import pytest

from router.catalogue import install
from router.core import JobStatus
from router.descriptor import parse
from router.store import Store
from tests.support.waiting import wait_for
from tests.support.workshop import Workshop

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def workshop(amqp, embedded_core, router_daemon):
    return Workshop(embedded_core(amqp), amqp, router_daemon)


def test_core_can_declare_its_queues_again_beside_the_router(workshop: Workshop) -> None:
    router = workshop.router()
    connection = pika.BlockingConnection(pika.URLParameters(workshop.amqp))
    channel = connection.channel()
    for name in ("Communication", "ProcessingServerLocal-server"):
        channel.exchange_declare(f"exchange{name}", exchange_type="direct", durable=True)
        channel.queue_declare(f"queue{name}", durable=True, exclusive=False, auto_delete=False, arguments=None)
        channel.queue_bind(f"queue{name}", f"exchange{name}", routing_key="")
    connection.close()
    assert router.ready()


def test_a_server_that_says_slurm_comes_later_and_runs_on_the_engine(workshop: Workshop) -> None:
    router = workshop.router()
    body = {
        "name": "gpu-1", "host": "slurm2", "username": "cytomine", "port": 22, "type": "gpu",
        "processingMethodName": "SlurmGigaProcessingMethod", "persistentDirectory": "/x", "index": 9,
    }  # fmt: skip
    post = workshop.admin._connection.post
    server = int(post("processing_server.json", json.dumps(body))["processingserver"]["id"])
    wait_for("its queue", lambda: '"queue": "queueProcessingServerGpu-1"' in router.log, 30, hint=lambda: router.log)
    software = workshop.software("status(2); status(3)")
    workshop._install_as.update_software(workshop.admin.software(software), defaultProcessingServer=server)
    job = workshop.launch(software)
    found = workshop.over(job)
    workshop.done(router, job)
    assert (found.status, found.processing_server) == (JobStatus.SUCCESS, server)
    row = workshop.row(router, job)
    assert row is not None
    assert row.queue == "queueProcessingServerGpu-1"


@pytest.mark.parametrize("program", ["status(2); say('x'); sys.exit(5)", "say('x'); time.sleep(300)"])
def test_in_a_read_only_project_the_router_reports_as_the_user_of_the_job(workshop: Workshop, program: str) -> None:
    router = workshop.router()
    job = workshop.create(program)
    connection = workshop.admin._connection
    project = connection.get(f"project/{workshop.project}.json")
    connection.put(f"project/{workshop.project}.json", json.dumps({**project, "isReadOnly": True}))
    workshop.admin.execute_job(job)
    if "sleep" in program:
        wait_for("the queue", lambda: workshop.status(job) == JobStatus.IN_QUEUE, 60)
        wait_for("its output", lambda: "x" in router.job_log(job), 60)
        workshop.kill(job)
    found = workshop.over(job)
    workshop.done(router, job)
    assert found.status == (JobStatus.KILLED if "sleep" in program else JobStatus.FAILED)
    assert found.comment
    assert workshop.attached(job).startswith("x\n")


EVERY_MESSAGE = [
    {"requestType": "addSoftwareUserRepository", "id": 88, "provider": "GitHub", "username": "c", "dockerUsername": "c",
     "prefix": None},
    {"requestType": "removeSoftwareUserRepository", "id": 88, "provider": "GitHub", "username": "c",
     "dockerUsername": "c", "prefix": "S_"},
    {"requestType": "refreshSoftwareUserRepositoryList"},
    {"requestType": "refreshRepository", "id": 88, "username": "c"},
    {"requestType": "refreshRepositories", "new field": [1]},
    {"requestType": "addSoftware", "SoftwareId": 900},
    {"requestType": "updateProcessingServer", "processingServerId": 901},
    {"requestType": "addProcessingServer", "name": "queueLater", "host": "h", "exchange": "e",
     "processingServerId": 902},
    {"name": "queueOfLegacy", "host": "h", "exchange": "e"},
    {"requestType": "kill", "jobId": 903},
]  # fmt: skip
DEAD = [{"requestType": "getLogs", "jobId": 1}, {"requestType": "checkLoadsAndExecute"}, {"requestType": "new one"}, 7]


def test_every_message_is_taken_and_none_stops_the_router(workshop: Workshop) -> None:
    router = workshop.router()
    connection = pika.BlockingConnection(pika.URLParameters(workshop.amqp))
    channel = connection.channel()
    for message in [*EVERY_MESSAGE, *DEAD]:
        channel.basic_publish("exchangeCommunication", "", json.dumps(message).encode())
    job = workshop.launch("status(2); status(3)")
    assert workshop.over(job).status == JobStatus.SUCCESS
    workshop.done(router, job)
    waiting = channel.queue_declare("queueCommunication", passive=True).method.message_count
    connection.close()
    assert waiting == 0
    store = Store(f"sqlite:///{router.folder / 'router.db'}")
    with store.read() as unit:
        reasons = [letter.reason for letter in unit.dead_letters()]
        killed = unit.find(903)
    store.close()
    assert len(reasons) == len(DEAD), reasons
    assert killed is not None
    assert killed.stop == "kill"
    assert {"queueLater", "queueOfLegacy"} <= {word for word in router.log.split('"') if word.startswith("queue")}


class ULiege(Workshop):
    """A Core that inserts unset parameters too (dialect C)."""

    def optional(self, program: str) -> int:
        """Software with an optional parameter that is never set; its id."""
        plain = self.software(program)
        command = self.admin.software(plain).execute_command.split(" ", 3)[3]
        names = ["cytomine_host", "cytomine_public_key", "cytomine_private_key", "cytomine_id_project"]
        descriptor = {
            "name": "optional", "description": "x", "schema-version": "cytomine-0.1",
            "container-image": {"type": "singularity", "image": "cytomine-software-router/base"},
            "command-line": f"{command} [UNSET] [SET]",
            "inputs": [
                *({"id": name, "type": "String", "value-key": "[@ID]", "command-line-flag": "--@id",
                   "set-by-server": True} for name in names),
                {"id": "unset", "type": "String", "value-key": "[@ID]", "command-line-flag": "--@id", "optional": True},
                {"id": "set", "type": "String", "value-key": "[@ID]", "command-line-flag": "--@id",
                 "default-value": "two words"},
            ],
        }  # fmt: skip
        return install(self._install_as, parse(json.dumps(descriptor)), "bookworm").software.id


def test_a_uliege_core(amqp, embedded_core, router_daemon) -> None:
    place = ULiege(embedded_core(amqp, dialect="C"), amqp, router_daemon)
    router = place.router()
    job = place.launch(place.optional("say(repr(sys.argv[9:])); status(2); status(3)"))
    assert place.over(job).status == JobStatus.SUCCESS, router.job_log(job)
    place.done(router, job)
    assert place.attached(job).startswith("['--set', 'two words']\n")
