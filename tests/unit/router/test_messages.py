"""Reading messages: nothing but a Message or a Poison ever comes out (router-protocol.md section 2)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.messages import (
    CatalogueTask,
    Execute,
    Kill,
    LegacyExecute,
    Message,
    NewQueue,
    Poison,
    TaskKind,
    parse,
)

KEY = "0b1c2d3e-1111-2222-3333-444455556666"
PUBLIC = "ffffffff-1111-2222-3333-444455556666"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=20,
)
TYPES = [*TaskKind, "execute", "kill", "addProcessingServer", "getLogs", "checkLoadsAndExecute", "new"]
FIELDS = ["jobId", "command", "pullingCommand", "serverParameters", "name", "host", "exchange", "processingServerId",
          "id", "provider", "username", "dockerUsername", "prefix", "SoftwareId"]  # fmt: skip
REPOSITORY = {"id": 88, "provider": "GitHub", "username": "u", "dockerUsername": "d", "prefix": "S_"}


def sent(**message):
    return parse(json.dumps(message).encode())


@given(st.binary(max_size=300))
def test_any_bytes(body):
    assert isinstance(parse(body), Message | Poison)


@given(JSON)
def test_any_json(value):
    assert isinstance(parse(json.dumps(value).encode()), Message | Poison)


@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_fields_of_a_known_type(kind, fields):
    found = parse(json.dumps({"requestType": kind, **fields}).encode())
    assert isinstance(found, Message | Poison)
    if isinstance(found, Execute):
        assert found.job > 0
        assert all(isinstance(word, str) and "\0" not in word for word in found.command)
        json.dumps(found.command).encode()


def test_execute_keeps_empty_words_and_reads_everything():
    found = sent(
        requestType="execute", jobId=4711, command=["singularity", "run", "a.simg", "--x", "", 5, True],
        pullingCommand="singularity pull --name a.simg docker://a:1", serverParameters={"time": "10", "n": 2}, later=1,
    )  # fmt: skip
    assert found == Execute(
        4711, ("singularity", "run", "a.simg", "--x", "", "5", "true"), "singularity pull --name a.simg docker://a:1",
        {"time": "10", "n": "2"},
    )  # fmt: skip


def test_execute_of_uliege_without_server_parameters():
    assert sent(requestType="execute", jobId=1, command=["a"], serverParameters=None).server_parameters == {}


def test_kill():
    assert sent(requestType="kill", jobId="12") == Kill(12)


def test_new_processing_server_names_its_queue():
    message = {"name": "queueProcessingServerGpu-1", "host": "rabbitmq", "exchange": "e", "processingServerId": 302}
    assert sent(requestType="addProcessingServer", **message) == NewQueue("queueProcessingServerGpu-1", "e", 302)


def test_legacy_announcement():
    assert sent(name="queueSoftwareX", host="h", exchange="exchangeSoftwareX") == NewQueue(
        "queueSoftwareX", "exchangeSoftwareX", None
    )


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (TaskKind.UPDATE_SERVER, {"processingServerId": 301}),
        (TaskKind.ADD_SOFTWARE, {"SoftwareId": 900}),
        (TaskKind.REFRESH_ONE, {"id": 88, "username": "cytomine"}),
        (TaskKind.REFRESH_ALL, {}),
        (TaskKind.REFRESH_LIST, {}),
        (TaskKind.ADD_REPOSITORY, {**REPOSITORY, "prefix": None}),
        (TaskKind.REMOVE_REPOSITORY, REPOSITORY),
    ],
)  # fmt: skip
def test_tasks_of_the_catalogue(kind, fields):
    assert sent(requestType=kind, **fields) == CatalogueTask(kind, fields)


def test_legacy_command_with_flags():
    command = ["python", "algo/x.py", "--cytomine_public_key", PUBLIC, "--cytomine_private_key", KEY, None]
    assert parse(json.dumps(command).encode()) == LegacyExecute((*command[:-1], ""), PUBLIC)


def test_legacy_command_by_position():
    command = ["groovy", "-cp", "x.jar", "algo/c.groovy", "4711", "4712", "http://host", PUBLIC, KEY, "20202,20203"]
    assert parse(json.dumps(command).encode()) == LegacyExecute(tuple(command), PUBLIC, 4711)


def test_latin_1_of_an_old_jvm():
    body = '{"requestType":"execute","jobId":1,"command":["é"]}'.encode("latin-1")
    assert parse(body).command == ("é",)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"7", "neither an object nor an array"),
        (b"{}", "without requestType and without name"),
        (b'{"requestType":"execute","jobId":0,"command":["a"]}', "jobId is not a positive number"),
        (b'{"requestType":"execute","jobId":true,"command":["a"]}', "jobId is not a positive number"),
        (b'{"requestType":"execute","jobId":1,"command":"a b"}', "command is not an array"),
        (b'{"requestType":"execute","jobId":1,"command":["",""]}', "the command is empty"),
        (b'{"requestType":"execute","jobId":1,"command":[["a"]]}', "an element of the command is a list"),
        (b'{"requestType":"execute","jobId":1,"command":["a\\u0000"]}', "no program can be given"),
        (b'{"requestType":"execute","jobId":1,"command":["\\ud800"]}', "no program can be given"),
        (b'{"requestType":"checkLoadsAndExecute"}', "dialect D"),
        (b'{"requestType":"getLogs","jobId":1}', "getLogs has no caller"),
        (b'{"requestType":["a"]}', "unknown requestType"),
        (b'["python","x.py"]', "holds no keys"),
        (b'"' + b"x" * (1 << 20) + b'"', "more than 1048576"),
    ],
)
def test_poison_says_why(body, reason):
    found = parse(body)
    assert isinstance(found, Poison)
    assert reason in found.reason
