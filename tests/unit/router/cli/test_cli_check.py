"""`cytomine-router check` says what is wrong, part by part, and what to do."""

import email.utils
import time

import pytest

from tests.support.stand_in import Answer, StandIn

PARTS = ["settings", "core", "clock", "broker", "engine", "logs", "store", "disk"]


@pytest.fixture
def check(run, place, monkeypatch):
    monkeypatch.setenv("ROUTER_ENGINE__KIND", "fake")

    def checked(code=1, **settings):
        for key, value in settings.items():
            monkeypatch.setenv(f"ROUTER_{key.upper()}", str(value))
        lines = run("check", code=code)[0].rpartition("\n\n")[2].splitlines()
        found = {}
        for line in lines:
            if line[:1] != " ":
                part = line.split()[0]
                found[part] = ""
            found[part] += line[10:] + "\n"
        assert list(found) == PARTS
        return found

    return checked


def test_nothing_is_set(check):
    found = check()
    assert "core.url: missing" in found["settings"]
    assert "broker.url: missing" in found["settings"]
    assert found["broker"] == "not asked: broker.url is not set\nSee settings.\n"
    assert found["engine"] == found["logs"] == found["store"] == "ok\n"


def test_nobody_answers(check, place):
    found = check(
        core__url="http://127.0.0.1:1",
        core__public_key="a",
        core__private_key="top secret",
        broker__url="amqp://user:hidden@127.0.0.1:1/v",
        engine__kind="docker",
        engine__host="tcp://127.0.0.1:1",
    )
    assert found["settings"] == "ok\n"
    assert "no answer from http://127.0.0.1:1" in found["core"]
    assert "Is core.url" in found["core"]
    assert found["clock"] == "not compared: Core does not answer\nSee core.\n"
    assert "amqp://user:********@127.0.0.1:1/v" in found["broker"]
    assert "Is RabbitMQ running" in found["broker"]
    assert "no answer" in found["engine"]
    assert "engine.host" in found["engine"]


def test_no_secret_is_shown(run, place, monkeypatch):
    monkeypatch.setenv("ROUTER_CORE__PRIVATE_KEY", "top secret")
    monkeypatch.setenv("ROUTER_BROKER__URL", "amqp://user:hidden@127.0.0.1:1/v")
    monkeypatch.setenv("ROUTER_ENGINE__KIND", "fake")
    shown = "".join(run("check", code=1))
    assert "top secret" not in shown
    assert "hidden" not in shown


def test_a_clock_that_is_wrong(check):
    an_hour_ago = email.utils.formatdate(time.time() - 3600, usegmt=True)

    def answer(_):
        return Answer({}, headers={"Date": an_hour_ago})

    with StandIn(answer) as core:
        found = check(core__url=core.url, core__public_key="a", core__private_key="b")
    assert found["clock"].startswith("differs from Core's by 36")
    assert "NTP" in found["clock"]


def test_folders_that_cannot_be_written(check, place):
    (place.folder / "file").write_text("")
    found = check(logs__folder=place.folder / "file" / "logs", store__url=f"sqlite:///{place.folder}/file/router.db")
    assert "cannot be written to" in found["logs"]
    assert "logs.folder" in found["logs"]
    assert "cannot be written to" in found["store"]


def test_a_disk_that_is_nearly_full(check):
    found = check(logs__folder="/proc")
    assert "/proc has 0.0 GB left" in found["disk"]
    assert "Make room" in found["disk"]


def test_a_setting_that_does_not_exist_is_exit_code_2(run, place, monkeypatch):
    monkeypatch.setenv("ROUTER_NONSENSE", "1")
    assert "ROUTER_NONSENSE: there is no such setting" in run("check", code=2)[1]
