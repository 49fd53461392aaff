"""A job on its page while it runs: the log grows by itself, and Stop stops it, container and all."""

import re

import pytest
from playwright.sync_api import Browser, expect

from router.core import JobStatus
from tests.support.browser import LAPTOP, Visit
from tests.support.engine import Engine
from tests.support.waiting import wait_for
from tests.support.workshop import Workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

TALKING = """
status(2, 'counting')
for number in range(10_000):
    say(f'line number {number}'); time.sleep(0.2)
"""


def _last(text: str) -> int:
    return max((int(found) for found in re.findall(r"line number (\d+)", text)), default=-1)


def test_the_log_grows_by_itself_and_stop_ends_the_job(
    chromium: Browser, engine: Engine, amqp, embedded_core, router_daemon
) -> None:
    workshop = Workshop(embedded_core(amqp), amqp, router_daemon)
    router = workshop.router(logs__attach_every_s=1)
    job = workshop.launch(TALKING)
    window = Visit(chromium, workshop.core.url, **LAPTOP)
    try:
        window.log_in("admin", workshop.core.keys["admin"]["password"])
        page = window.page
        page.goto(f"{workshop.core.url}/pages/job/{job}")
        log = page.locator(".log")
        expect(log).to_contain_text("line number", timeout=60_000)
        expect(page.locator("#live")).to_have_attribute("data-status", "2")
        before = _last(log.inner_text())
        wait_for("a longer log", lambda: _last(log.inner_text()) > before, timeout=30)  # nobody reloads the page

        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Stop it").click()
        expect(page.locator("#live")).to_have_attribute("data-status", "8", timeout=60_000)
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.KILLED
        assert engine.containers(router=router.name, job=job) == []
        expect(log).to_contain_text("Killed on request", timeout=30_000)
        expect(page.get_by_role("button", name="Stop it")).to_have_count(0)
        assert window.complaints == []
    finally:
        window.close()
