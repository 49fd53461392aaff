"""A store and a log folder, and the command line as a function."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from router.cli import main
from router.store import NewJob, Store


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A store of its own, named by the environment."""
    for name in ("ROUTER_CONFIG", "ROUTER_STORE__URL", "ROUTER_LOGS__FOLDER"):
        monkeypatch.delenv(name, raising=False)
    url = f"sqlite:///{tmp_path / 'router.db'}"
    monkeypatch.setenv("ROUTER_STORE__URL", url)
    monkeypatch.setenv("ROUTER_LOGS__FOLDER", str(tmp_path / "logs"))
    (tmp_path / "logs").mkdir()
    store = Store(url)
    yield SimpleNamespace(store=store, logs=tmp_path / "logs", folder=tmp_path, url=url)
    store.close()


@pytest.fixture
def add(place):
    """Store jobs; the rows."""

    def stored(*jobs, **fields):
        with place.store.write() as unit:
            unit.add_jobs([NewJob(**{"job_id": job, "command": ["run", "--a", "1"], **fields}) for job in jobs])
            return [unit.find(job) for job in jobs]

    return stored


@pytest.fixture
def run(capsysbinary):
    """`run("jobs", "list", code=0)`: standard output, then standard error; the exit code is held to."""

    def invoke(*arguments, code=0):
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        shown = capsysbinary.readouterr()
        assert (ended.value.code or 0) == code, shown
        return shown.out.decode(errors="replace"), shown.err.decode()

    return invoke


@pytest.fixture
def program():
    """The command line as a process of its own; the finished process."""

    def invoke(*arguments):
        command = [sys.executable, "-m", "router.cli", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return invoke
