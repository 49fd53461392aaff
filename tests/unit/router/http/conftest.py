"""The HTTP side for real, on a free port, over a real store."""

from types import SimpleNamespace

import pytest

from router.http import Outside
from router.store import NewJob, Store
from router.views import Views
from tests.support.ports import free_port


@pytest.fixture
def outside(tmp_path):
    """A server with the pages of a store: `.url`, `.store`, `.logs`, `.problems`, `.warnings`, `.add(job)`."""
    store = Store(f"sqlite:///{tmp_path / 'router.db'}")
    (tmp_path / "logs").mkdir()
    problems, warnings, port = {}, {}, free_port()
    server = Outside("127.0.0.1", port, lambda: problems, lambda: warnings)
    server.start()
    server.show(Views(store, tmp_path / "logs"))

    def add(job, **fields):
        with store.write() as unit:
            unit.add_jobs([NewJob(**{"job_id": job, "command": ["run", "--n", "1"], **fields})])
            return unit.find(job)

    yield SimpleNamespace(
        url=f"http://127.0.0.1:{port}",
        port=port,
        store=store,
        logs=tmp_path / "logs",
        problems=problems,
        warnings=warnings,
        add=add,
        server=server,
    )
    server.stop()
    store.close()
