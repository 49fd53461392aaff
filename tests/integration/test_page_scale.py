"""A slide with 100,000 shapes: the viewer stays a page that a person can work with."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import requests

from tests.support import showcase
from tests.support.core import EmbeddedCore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SHAPES = 100_000


@pytest.fixture
def core(tmp_path: Path) -> Iterator[EmbeddedCore]:
    """An embedded Core without a broker."""
    found = EmbeddedCore(tmp_path / "core", "127.0.0.1")
    yield found
    found.stop()


def test_a_hundred_thousand_shapes_are_counted_drawn_and_found(core: EmbeddedCore, slide_file: Path) -> None:
    made = showcase.build(core.url, core.keys, [slide_file])
    showcase.add_software(made)
    showcase.add_job(made, SHAPES)
    slide = made.slides[0]
    job = made.admin.get(f"job/{made.job}")
    drawn = made.admin.get(f"job/{made.job}/alldata")["annotations"]
    made.admin.close()
    assert drawn > 0.98 * SHAPES  # the last row of the pattern may not fit onto the slide

    with requests.Session() as browser:
        form = {"username": "admin", "password": core.keys["admin"]["password"]}
        browser.post(f"{core.url}/pages/login", data=form, timeout=60)
        html = browser.get(f"{core.url}/pages/slide/{slide['id']}", timeout=60).text
        assert f"{drawn:,}".replace(",", "\u202f") in html
        assert len(html) < 100_000  # the page does not carry the shapes

        began = time.monotonic()
        address = f"{core.url}/pages/slide/{slide['id']}/shapes/3/0/0.png?layers={job['userJob']}.0"
        overview = browser.get(address, timeout=60)
        seconds = time.monotonic() - began
        image = cv2.imdecode(np.frombuffer(overview.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert image is not None
        painted = np.count_nonzero(image[..., 3]) / image[..., 3].size
        assert painted > 0.5  # the shapes cover most of the slide at this zoom
        assert seconds < 20  # under a second on a machine with nothing else to do

        place = f"x={slide['width'] / 2}&y={slide['height'] / 2}&reach=10&layers={job['userJob']}.0"
        found = browser.get(f"{core.url}/pages/slide/{slide['id']}/at?{place}", timeout=60).text
        assert re.search(r'data-annotation="\d+"', found)
