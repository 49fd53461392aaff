"""A headless Chromium for the browser tests; without one they are skipped and the last lines say so."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    path = browser.executable()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium (make setup does it)")
    with browser.chromium(path) as found:
        yield found
