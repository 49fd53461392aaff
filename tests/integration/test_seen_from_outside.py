"""A router seen over HTTP while real jobs run: readiness, figures, pages, the live log; and no key in any of it."""

import re

import pytest
import requests

from router.core import JobStatus
from tests.support.waiting import wait_for
from tests.support.workshop import Workshop

pytestmark = pytest.mark.timeout(240)

TELLS_ITS_KEY = """
status(2); say('my key is ' + PRIVATE)
for n in range(30): say(f'line {n}'); time.sleep(0.1)
status(3)
"""


@pytest.fixture
def workshop(amqp, embedded_core, router_daemon):
    return Workshop(embedded_core(amqp), amqp, router_daemon)


def figure(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"no {name} in\n{text}"
    return float(found[1])


def test_a_job_from_outside(workshop):
    router = workshop.router()
    workshop.publish(b"garbage")
    job = workshop.launch(TELLS_ITS_KEY)
    wait_for("the job", lambda: requests.get(f"{router.url}/jobs/{job}.json", timeout=5).ok, timeout=30)
    live = requests.get(f"{router.url}/jobs/{job}/log/events", timeout=60).text
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
    lines = [line.removeprefix("data: ") for line in live.splitlines() if line.startswith("data: ")]
    expected = ["my key is ********", *(f"line {n}" for n in range(30)), "[software-router] ended with exit code 0"]
    assert [line for line in lines if line] == [*expected, "the job is over"]
    paths = ["/jobs", "/jobs.json", f"/jobs/{job}", f"/jobs/{job}.json", f"/jobs/{job}/log", "/readyz", "/metrics"]
    key = workshop.admin.user_job_keys(workshop.job(job).user_job).private
    for path in paths:
        answer = requests.get(router.url + path, timeout=5)
        assert answer.status_code == 200
        assert key not in answer.text
    shown = requests.get(f"{router.url}/jobs/{job}.json", timeout=5).json()
    assert shown["state"] == "done"
    assert "sha256:" in shown["image_digest"]
    figures = requests.get(f"{router.url}/metrics", timeout=5).text
    for name, least in {
        'router_jobs{state="done"}': 1,
        'router_jobs{state="running"}': 0,
        "router_queue_age_seconds": 0,
        "router_start_seconds_count": 1,
        "router_pull_seconds_count": 0,
        "router_log_bytes_total": 250,
        "router_outbox_depth": 0,
        "router_dead_letters_total": 1,
        "router_dead_letters_waiting": 1,
        "router_broker_reconnects_total": 0,
        "router_core_errors_total": 0,
        'router_messages_total{kind="Execute"}': 1,
        'router_jobs_ended_total{kind="exited"}': 1,
        'router_part_works{part="engine"}': 1,
        "router_slots": 4,
        "process_resident_memory_bytes": 1,
    }.items():
        assert figure(figures, name) >= least
