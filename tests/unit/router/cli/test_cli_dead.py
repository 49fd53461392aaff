"""`cytomine-router dead ...` on a real store."""

import json

import pytest

from router.masking import conceal_bytes

EXECUTE = {"requestType": "execute", "jobId": 5, "command": ["run", "--n", "1"], "serverParameters": {}}


@pytest.fixture
def letters(place):
    bodies = [b"{not json \xff", json.dumps({**EXECUTE, "pullingCommand": "docker pull a/b:1"}).encode()]
    with place.store.write() as unit:
        for body in bodies:
            unit.add_dead_letter("queueX", "cannot be read", body)
    return bodies


def test_list_and_show(run, letters):
    listed = run("dead", "list")[0].splitlines()
    assert [line.split()[0] for line in listed] == ["2", "1"]
    assert listed[0].endswith("queueX  cannot be read")
    shown = run("dead", "show", 1)[0]
    assert "{not json \\xff" in shown
    assert "reason     cannot be read" in shown
    assert [one["number"] for one in json.loads(run("dead", "list", "--json", "--limit", 1)[0])] == [2]
    assert "there is no dead letter 9" in run("dead", "show", 9, code=1)[1]


def test_none_at_all(run, place):
    assert run("dead", "list")[1] == "There are no dead letters.\n"


def test_replay_of_what_can_be_read_by_now(run, place, letters):
    assert "dead letter 2 was taken" in run("dead", "replay", 2)[0]
    with place.store.read() as unit:
        assert unit.find(5).state == "queued"
    assert "(replayed)" in run("dead", "list")[0].splitlines()[0]
    assert "replayed " in run("dead", "show", 2)[0]
    run("dead", "replay", 2)
    with place.store.read() as unit:
        assert unit.counts() == {"queued": 1}


def test_replay_of_what_still_cannot_be_read(run, place, letters):
    assert "still: " in run("dead", "replay", 1, code=1)[1]
    assert "there is no dead letter 9" in run("dead", "replay", 9, code=1)[1]
    with place.store.read() as unit:
        assert unit.dead_letter(1).replayed_at is None
        assert len(unit.dead_letters()) == 2


def test_replay_of_a_message_whose_keys_nobody_has(run, place):
    keyless = {**EXECUTE, "command": ["run", "--privateKey", "********"], "pullingCommand": ""}
    legacy = ["run.py", "--publicKey", "0b1c2d3e-1111-2222-3333-444455556666", "--privateKey", "x"]
    with place.store.write() as unit:
        for body in (json.dumps(keyless).encode(), conceal_bytes(json.dumps(legacy).encode())):
            unit.add_dead_letter("queueX", "cannot be read", body)
    for number in (1, 2):
        assert "launch the job again in Cytomine" in run("dead", "replay", number, code=1)[1]
    with place.store.read() as unit:
        assert unit.counts() == {}
