"""The end of a test run: what was skipped and why, and one line for machines."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

_STARTED = time.monotonic()
USES_DOCKER = {"engine", "docker_engine", "broker", "amqp", "router_daemon", "laboratory"}
COUNTED = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def pytest_configure() -> None:
    """End in order when told to end: what was started is stopped, as after Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses Docker by its fixtures, so that `-m "not docker"` is right without anybody's care."""
    for item in items:
        if USES_DOCKER & set(getattr(item, "fixturenames", ())):
            item.add_marker("docker")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run, and print the summary as JSON behind `RESULT `."""
    reasons = Counter(_reason(report) for report in terminalreporter.stats.get("skipped", []))
    for reason, number in reasons.items():
        terminalreporter.write_line(f"NOT RUN: {number} test(s): {reason}", red=True, bold=True)


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> Iterator[None]:
    """Print the machine-readable line as the very last one."""
    yield
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    figures: dict[str, object] = {key: len(reporter.stats.get(key, [])) for key in COUNTED}
    figures["seconds"] = round(time.monotonic() - _STARTED, 1)
    line = json.dumps(figures)
    print(f"RESULT {line}", flush=True)
    if target := os.environ.get("TEST_RESULT"):
        Path(target).write_text(line + "\n")


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(report.longrepr)
