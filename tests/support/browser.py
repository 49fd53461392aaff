"""Chromium with a page in it, and what to ask of every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

#: Debian's and Ubuntu's packages, and snap's.
PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/snap/bin/chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
AXE = Path(__file__).with_name("axe") / "axe.min.js"
#: WCAG 2.2 A and AA.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
LAPTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
DARK = {**LAPTOP, "color_scheme": "dark"}


def executable() -> str | None:
    """Where Chromium is; None without one."""
    return next((place for place in PLACES if Path(place).exists()), None)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A headless Chromium, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One window: a page that collects what went wrong in it."""

    def __init__(self, browser: Browser, url: str, **look: Any) -> None:
        self.url = url
        self.context = browser.new_context(**look)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("console", self._heard)
        self.page.on(
            "response",
            lambda got: self.complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None,
        )

    def _heard(self, said: ConsoleMessage) -> None:
        # Chromium drops what it loads whenever a container's network interface comes or goes; pages ask again
        if said.type == "error" and "ERR_NETWORK_CHANGED" not in said.text:
            self.complaints.append(f"console: {said.text}")

    def log_in(self, name: str, password: str) -> None:
        """Go through the front door."""
        self.page.goto(self.url)
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url("**/pages/projects")

    def barriers(self) -> list[str]:
        """What keeps people out of the page as it is now: axe's violations of WCAG AA."""
        # evaluated through the debugger, which the page's Content-Security-Policy does not bind
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", list(RULES))
        return [
            f"{item['id']}: {item['help']}: {node['html'][:160]} ({'; '.join(a['message'] for a in node['any'][:1])})"
            for item in found["violations"]
            for node in item["nodes"]
        ]

    def overflow(self) -> int:
        """How many pixels the page is wider than its window."""
        wide: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return wide

    def picture(self, path: Path) -> None:
        """Keep a screenshot."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=path)

    def close(self) -> None:
        """Close the window."""
        self.context.close()
