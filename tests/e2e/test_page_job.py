"""From the form in a browser to shapes on the slide: Core, RabbitMQ, the router, a container, and the log meanwhile."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support import showcase
from tests.support.browser import LAPTOP, Visit
from tests.support.engine import Engine
from tests.support.laboratory import Laboratory
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
PICTURES = os.environ.get("PAGE_PICTURES")


@pytest.fixture(scope="module", autouse=True)
def _images(engine: Engine) -> None:
    for name in ("algorithms", "tissue_finder"):
        engine.image(name)


@pytest.fixture
def window(chromium: Browser, laboratory: Laboratory) -> Iterator[Visit]:
    """The administrator's window."""
    found = Visit(chromium, laboratory.core.url, **LAPTOP)
    found.log_in("admin", laboratory.core.keys["admin"]["password"])
    yield found
    found.close()


def registered(made: showcase.Showcase) -> bool:
    """Whether the tissue finder is there with all its parameters; the catalogue's software comes one by one."""
    inputs = json.loads((ROOT / "descriptors/tissue_finder/descriptor.json").read_text())["inputs"]
    found = [one for one in made.admin.get("software")["collection"] if one["name"] == "tissue_finder"]
    if not found:
        return False
    parameters = made.admin.get(f"software/{found[0]['id']}/parameter", withSetByServer="true")
    return bool(parameters["size"] == len(inputs))


def test_an_algorithm_is_launched_watched_and_its_tissue_seen_on_the_slide(
    laboratory: Laboratory, window: Visit, slide_file: Path
) -> None:
    core = laboratory.core
    made = showcase.build(core.url, core.keys, [slide_file])
    wait_for("the router has registered the tissue finder", lambda: registered(made), timeout=60)
    page = window.page

    page.goto(f"{core.url}/pages/project/{made.project}")
    page.get_by_role("link", name="Run an algorithm").click()
    page.get_by_role("button", name="Add Tissue finder to this project").click()
    page.get_by_role("link", name="Tissue finder").click()
    for box in page.get_by_role("checkbox", name=slide_file.name).all():
        box.check()
    page.get_by_role("radio", name="Stroma").check()
    page.get_by_role("button", name="Start").click()

    page.wait_for_url(re.compile(r"/pages/job/\d+$"))
    expect(page.locator("#live")).to_have_attribute("data-status", "3", timeout=120_000)
    expect(page.locator(".steps")).to_contain_text("Running")
    expect(page.locator(".log")).not_to_be_empty(timeout=60_000)
    expect(page.get_by_text(re.compile(r"\d+ annotations? on 1 slide"))).to_be_visible()
    if PICTURES:
        window.picture(Path(PICTURES) / "analysis-real.png")

    page.locator(".result-slides a").first.click()
    page.wait_for_selector("#stage[data-layers]")
    layer = page.locator("label.check", has_text="Tissue finder")
    expect(layer).to_be_visible()
    if PICTURES:
        page.wait_for_timeout(2500)
        window.picture(Path(PICTURES) / "slide-real.png")
    job = made.admin.get("job", project=made.project)["collection"][0]
    assert made.admin.get("annotation", users=job["userJob"], project=made.project)["size"] == int(
        layer.locator(".count").inner_text()
    )
    made.admin.close()
    assert window.complaints == []
