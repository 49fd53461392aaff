"""Commands that Core tears, published for real: what REST says puts them together again (router-protocol.md 2.2.6)."""

import json

import pika
import pytest

from router.catalogue import install
from router.descriptor import image_source, parse, recover
from router.messages import Execute
from router.messages import parse as parse_message

QUEUE = "queueProcessingServerLocal-server"


def bare(ident, **fields):
    return {"id": ident, "type": "String", "value-key": "@ID", "command-line-flag": "--@id", **fields}


DESCRIPTOR = {
    "name": "Classify", "description": "x", "schema-version": "cytomine-0.1",
    "container-image": {"type": "singularity", "image": "user/s_classify"},
    "command-line": "x.py CYTOMINE_HOST CYTOMINE_PRIVATE_KEY CYTOMINE_ID_PROJECT CYTOMINE_ID_PROJECTS NOTE UNSET ",
    "inputs": [
        bare("cytomine_host", **{"set-by-server": True}), bare("cytomine_private_key", **{"set-by-server": True}),
        bare("cytomine_id_project", **{"set-by-server": True}), bare("cytomine_id_projects"), bare("note"),
        bare("unset", optional=True),
    ],
}  # fmt: skip


def received(amqp):
    """The one message on the server's queue."""
    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    try:
        _, properties, body = connection.channel().basic_get(QUEUE, auto_ack=True)
    finally:
        connection.close()
    assert properties.delivery_mode == 2
    message = parse_message(body)
    assert isinstance(message, Execute)
    return message


@pytest.fixture
def launch(amqp, embedded_core):
    """Installs the software in a real Core, launches it with values by name; the message, and what Core knows."""
    core = embedded_core(amqp)
    admin, router = core.client("admin"), core.client("router")
    software = install(router, parse(json.dumps(DESCRIPTOR)), "v1").software
    parameters = router.software_parameters(software.id)
    post = admin._connection.post
    ontology = post("ontology.json", json.dumps({"name": "o"}))["ontology"]["id"]
    project = post("project.json", json.dumps({"name": "p", "ontology": ontology}))["project"]["id"]

    def run(**values):
        by_id = {one.id: values[one.name] for one in parameters if one.name in values}
        job = admin.create_job(project, software.id, by_id)
        admin.execute_job(job.id)
        stored = {one.software_parameter: one.value for one in router.job_parameters(job.id)}
        by_name = {one.name: stored[one.id] for one in parameters if one.id in stored}
        keys = router.user_job_keys(router.job(job.id).user_job)
        return received(amqp), software, parameters, by_name, [core.job_url, keys.private, str(project)]

    return run


def test_a_torn_command_is_put_together_again(launch):
    message, software, parameters, values, (host, key, project) = launch(
        cytomine_id_projects="42,43", note="two  words $0"
    )
    assert f"{project}S" in message.command
    recovered = recover(message.command, software.execute_command, parameters, values)
    assert recovered.arguments == [
        "x.py", "--cytomine_host", host, "--cytomine_private_key", key, "--cytomine_id_project", project,
        "--cytomine_id_projects", "42,43", "--note", "two  words $0",
    ]  # fmt: skip
    assert (recovered.torn, recovered.explained) == (True, True)
    assert "the value-key CYTOMINE_ID_PROJECT is part of CYTOMINE_ID_PROJECTS" in recovered.reasons
    assert key not in f"{recovered.reasons} {recovered!r}"
    assert image_source(message.pulling_command).reference == "user/s_classify:v1"


def test_a_command_that_core_would_not_make_of_what_it_stores_now_is_believed(launch):
    message, software, parameters, values, _ = launch(note="word", cytomine_id_projects="9")
    changed = recover(message.command, software.execute_command, parameters, values | {"note": "changed since"})
    assert (changed.torn, changed.explained) == (False, False)
    assert changed.arguments[-2:] == ["--note", "word"]
