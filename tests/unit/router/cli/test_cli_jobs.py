"""`cytomine-router jobs ...` on a real store."""

import json
import os
import resource
import subprocess
import sys
import threading
import time

import pytest

from router.errors import StoreError
from router.masking import digest
from router.states import Event
from router.store.glance import glance

KEY = "0b1c2d3e-1111-2222-3333-444455556666"


def end(place, job, ending="crashed", **changes):
    values = {"exit_code": 5, "status": 4, "comment": "It failed.", "started_at": 10.0, "ended_at": 22.0, **changes}
    with place.store.write() as unit:
        row = unit.find(job)
        for event in (Event.ENDED, Event.LOG_SAFE):
            row = unit.move(row, event, **(values | {"ending": ending}))
        unit.move(row, Event.REPORTED, done_at=23.0)


def test_list_shows_the_newest_first_and_of_a_state(run, place, add):
    add(1, 2, 3, pulling_command="docker pull a/b:1")
    end(place, 2)
    shown, _ = run("jobs", "list")
    assert [line.split()[0] for line in shown.splitlines()] == ["JOB", "3", "2", "1"]
    assert [line.split()[0] for line in run("jobs", "list", "--limit", 1)[0].splitlines()[1:]] == ["3"]
    done = run("jobs", "list", "--state", "done")[0].splitlines()[1:]
    assert len(done) == 1
    assert done[0].split()[:3] == ["2", "done", "crashed"]
    assert "12 s" in done[0]
    both = run("jobs", "list", "--state", "done", "--state", "queued")[0]
    assert len(both.splitlines()) == 4
    assert json.loads(run("jobs", "list", "--json")[0])[1] | {"job": 2, "exit_code": 5, "hint": ""}
    assert "choose from" in run("jobs", "list", "--state", "nonsense", code=2)[1]
    assert "from 1 on" in run("jobs", "list", "--limit", 0, code=2)[1]


def test_an_empty_store_is_no_failure_and_a_missing_one_is_told(run, place, monkeypatch):
    assert run("jobs", "list")[1] == "There are no such jobs in the store.\n"
    monkeypatch.setenv("ROUTER_STORE__URL", f"sqlite:///{place.folder / 'nothing.db'}")
    assert "the router makes it at its first start" in run("jobs", "list", code=1)[1]
    assert not (place.folder / "nothing.db").exists()
    (place.folder / "text.db").write_text("no database at all, however long the text may be" * 100)
    monkeypatch.setenv("ROUTER_STORE__URL", f"sqlite:///{place.folder / 'text.db'}")
    assert "cannot be read" in run("jobs", "list", code=1)[1]


def test_show_says_everything_and_what_to_do(run, place, add):
    add(7, command=["run", "--cytomine_private_key", digest(KEY), "--n", "3"], pulling_command="docker pull a/b:1")
    end(place, 7, "out of memory", image="a/b:1", image_digest="a/b@sha256:00ff", container="c" * 64, exit_code=137)
    (place.logs / "7.log").write_bytes(b"".join(b"line %d\n" % n for n in range(80)) + b"\x1b[31mred\xff\n")
    shown = run("jobs", "show", 7)[0]
    assert "run --cytomine_private_key ******** --n 3" in shown
    assert digest(KEY)[8:20] not in shown
    for part in ("sha256:00ff", "exit code 137", "It failed.", "line 79", "\\x1b[31mred", "limits.memory_mb", "c" * 64):
        assert part in shown
    assert "line 20\n" not in shown
    order = [shown.index(word) for word in ("received\n", "  ended", "  log safe", "  reported")]
    assert order == sorted(order)
    found = json.loads(run("jobs", "show", 7, "--json")[0])
    assert found["exit_code"] == 137
    assert found["command"][2] == "********"
    assert [moment["what"] for moment in found["timeline"]] == ["ended", "log safe", "reported"]
    assert len(found["last_lines"]) == 50


def test_show_of_a_waiting_and_of_an_unknown_job(run, add):
    add(7)
    shown = run("jobs", "show", 7)[0]
    assert "(no log yet)" in shown
    assert "waits for a free slot" in shown
    assert "there is no job 8" in run("jobs", "show", 8, code=1)[1]


def test_logs_are_printed_byte_for_byte(place, add, program):
    add(7)
    content = b"a\xff\x00\n" + bytes(range(256)) * 700
    (place.logs / "7.log").write_bytes(content)
    command = [sys.executable, "-m", "router.cli", "jobs", "logs", "7"]
    assert subprocess.run(command, capture_output=True, check=True, timeout=60).stdout == content
    (place.logs / "7.log").unlink()
    assert "has no log yet" in program("jobs", "logs", 7).stderr


def test_logs_follow_until_the_job_is_done(run, place, add):
    add(7)
    log = place.logs / "7.log"
    log.write_text("first\n")

    def write():
        time.sleep(0.4)
        with log.open("a") as file:
            file.write("second\n")
        time.sleep(0.3)
        with log.open("a") as file:
            file.write("last\n")
        end(place, 7)

    writer = threading.Thread(target=write)
    writer.start()
    assert run("jobs", "logs", "-f", 7)[0] == "first\nsecond\nlast\n"
    writer.join()


def test_who_reads_no_further_is_no_failure(place, add):
    add(7)
    (place.logs / "7.log").write_bytes(b"x" * 10_000_000)
    command = f"{sys.executable} -m router.cli jobs logs 7 | head -c 5"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr, done.returncode) == ("xxxxx", "", 0)


def test_kill_is_stored_and_refused_for_what_is_over(run, place, add):
    add(7, 8)
    assert "job 7 will be stopped" in run("jobs", "kill", 7)[0]
    with place.store.read() as unit:
        assert unit.find(7).stop == "kill"
    end(place, 8)
    assert "is over already (crashed)" in run("jobs", "kill", 8, code=1)[1]
    assert "there is no job 9" in run("jobs", "kill", 9, code=1)[1]
    with place.store.read() as unit:
        assert unit.find(9) is None


def test_retry_is_a_further_attempt_of_what_is_finished(run, place, add):
    add(7)
    assert "is not finished yet" in run("jobs", "retry", 7, code=1)[1]
    end(place, 7)
    assert "attempt 2" in run("jobs", "retry", 7)[0]
    with place.store.read() as unit:
        assert unit.find(7).state == "queued"
        assert unit.find(7).exit_code is None
    with place.store.write() as unit:
        unit.wish_stop(9, "kill")
    end(place, 9, "killed")
    assert "nothing to run again" in run("jobs", "retry", 9, code=1)[1]


def test_looking_takes_no_lock(place, add):
    add(1)
    with place.store.write() as unit:
        unit.wish_stop(1, "kill")
        with glance(place.url) as look:
            assert look.find(1).stop is None
    with pytest.raises(StoreError, match=r"locked|readonly"), glance(place.url) as look:
        look._connection.execute("UPDATE jobs SET stop = 'kill'")


def test_a_look_costs_less_than_half_a_second(program, add):
    add(*range(1, 200))
    costs = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert len(program("jobs", "list").stdout.splitlines()) == 51
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(costs) < 0.5

    heavy = ["sqlalchemy", "pydantic", "structlog", "docker", "pika", "requests", "starlette"]
    add(1)
    heavy = ["sqlalchemy", "pydantic", "structlog", "docker", "pika", "requests", "starlette"]
    code = f"""
import sys
from router.cli import main
try: main(["jobs", "list"])
except SystemExit: print([name for name in {heavy} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("words", ["", "jobs", "jobs list", "jobs logs", "dead", "dead replay", "software", "run"])
def test_help_gives_examples(words, run):
    shown = run(*words.split(), "--help")[0]
    assert "examples:\n  cytomine-router" in shown


def test_without_a_command_help_is_shown(run):
    assert "jobs" in run(code=2)[0]
    assert "retry" in run("jobs", code=2)[0]


def test_colours_only_for_a_terminal(run, add):
    add(1)
    assert "\x1b" not in "".join(run("jobs", "show", 1))
    assert "NO_COLOR" not in os.environ
