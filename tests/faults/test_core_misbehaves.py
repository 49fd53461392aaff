"""Core answers, but wrongly: 500, 409, a page instead of JSON, or late. Every job ends once, rightly, with its log."""

import time

import pytest

from router.core import JobStatus
from tests.support.proxy import CoreProxy
from tests.support.stand_in import Answer
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

CRASHES = "status(2); say('up'); time.sleep(3); say('down'); sys.exit(5)"
GOOD = "status(2); say('up'); time.sleep(3); say('down'); status(3, 'well done')"
PAGE = "<html><head><title>Log in</title></head><body>Please log in, or wait: maintenance</body></html>"


@pytest.fixture
def proxy(workshop):
    with CoreProxy(workshop.core.host, workshop.core.port) as found:
        yield found


def held_to_its_promises(workshop, router, crashes, good):
    workshop.done(router, crashes, good, timeout=120)
    assert workshop.status(crashes) is JobStatus.FAILED
    assert "exit code 5" in workshop.job(crashes).comment
    assert workshop.status(good) is JobStatus.SUCCESS
    assert workshop.job(good).comment == "well done"
    for job in (crashes, good):
        assert workshop.attached(job) == router.job_log(job)
        assert router.job_log(job).startswith("up\ndown\n[software-router]")
    wait_for("ready", router.ready, timeout=30)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, '{"success": false, "errors": "oops"}', "application/json"),
        (502, PAGE, "text/html"),
        (200, PAGE, "text/html;charset=utf-8"),
        (409, '{"success": false, "errors": "conflict"}', "application/json"),
    ],
    ids=["500", "502 and a page", "200 and a page", "409"],
)
def test_while_jobs_end(workshop, proxy, status, body, kind):
    router = workshop.router(core__url=proxy.url)
    crashes, good = workshop.launch(CRASHES), workshop.launch(GOOD)
    for job in (crashes, good):
        wait_for("the jobs", lambda job=job: "up" in router.job_log(job), timeout=60)
    proxy.refuse(status, body, content_type=kind)
    for job in (crashes, good):
        wait_for("their ends", lambda job=job: "[software-router]" in router.job_log(job), timeout=60)
    wait_for("refused reports", lambda: len(proxy.asked) >= 4, timeout=60)
    time.sleep(3)
    proxy.relent()
    held_to_its_promises(workshop, router, crashes, good)


@pytest.mark.parametrize(("status", "body"), [(500, "{}"), (200, PAGE)], ids=["500", "a page"])
def test_before_a_job_starts(workshop, proxy, status, body, engine):
    router = workshop.router(core__url=proxy.url)
    crashes, good = workshop.create(CRASHES), workshop.create(GOOD)
    proxy.refuse(status, body)
    for job in (crashes, good):
        workshop.admin.execute_job(job)
    wait_for("refused INQUEUE", lambda: len(proxy.asked) >= 2, timeout=60)
    time.sleep(3)
    assert engine.containers(router=router.name) == []
    assert {workshop.row(router, job).state for job in (crashes, good)} <= {"queued", "preparing"}
    proxy.relent()
    held_to_its_promises(workshop, router, crashes, good)


def test_slower_than_the_router_waits(workshop, proxy):
    router = workshop.router(core__url=proxy.url, core__timeout_s=1, core__launch_timeout_s=1)
    crashes, good = workshop.launch(CRASHES), workshop.launch(GOOD)
    for job in (crashes, good):
        wait_for("the jobs", lambda job=job: "up" in router.job_log(job), timeout=60)
    proxy.delay(3.0)
    for job in (crashes, good):
        wait_for("their ends", lambda job=job: "[software-router]" in router.job_log(job), timeout=60)
    wait_for("late answers", lambda: len(proxy.asked) >= 4, timeout=60)
    proxy.relent()
    held_to_its_promises(workshop, router, crashes, good)


def test_slow_all_the_time(workshop, proxy):
    router = workshop.router(core__url=proxy.url)
    proxy.delay(1.0)
    crashes, good = workshop.launch(CRASHES), workshop.launch(GOOD)
    held_to_its_promises(workshop, router, crashes, good)


def test_one_refused_upload_does_not_lose_the_log(workshop, proxy):
    router = workshop.router(core__url=proxy.url)
    refused = []

    def once(asked):
        if "attachedfile" in asked.path and asked.method == "POST" and not refused:
            refused.append(asked)
            return Answer(b"{}", 500)
        return None

    proxy.rule = once
    crashes, good = workshop.launch(CRASHES), workshop.launch(GOOD)
    held_to_its_promises(workshop, router, crashes, good)
    assert len(refused) == 1


def test_down_for_a_minute(workshop):
    router = workshop.router()
    crashes, good = workshop.launch(CRASHES), workshop.launch("say('up'); time.sleep(3); say('down'); sys.exit(5)")
    for job in (crashes, good):
        wait_for("the jobs", lambda job=job: "up" in router.job_log(job), timeout=60)
    workshop.core.process.stop()
    time.sleep(60)
    assert not router.ready()
    back = time.monotonic()
    workshop.core.restart()
    workshop.done(router, crashes, good, timeout=90)
    assert time.monotonic() - back < 75
    for job in (crashes, good):
        assert workshop.status(job) is JobStatus.FAILED
        assert workshop.attached(job) == router.job_log(job)
    wait_for("ready", router.ready, timeout=30)
