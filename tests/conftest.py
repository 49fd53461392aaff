"""What tests share: the real Docker engine, a real RabbitMQ, the embedded Core, the router, real slides.

A test names what it needs; without Docker it is skipped and the last lines say so (`tests/support/report.py`).
What a fixture starts, it stops, by its own id, after a failure too.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import docker
from router.demo.slides import SlideUnavailable, pyramid, small_region
from tests.support.broker import Broker
from tests.support.core import EmbeddedCore
from tests.support.engine import Engine, connect
from tests.support.laboratory import Laboratory
from tests.support.router import RouterDaemon

pytest_plugins = ["tests.support.report"]

# A busy machine is no failure of a property; pytest's own time limit stays.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache/data"


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Commands that run in the test's own process set up logging on streams that end with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Docker with the session's label: `image`, `run`, `containers`, `gateway`."""
    client = connect()
    if isinstance(client, str):
        pytest.skip(client)
    found = Engine(client)
    found.sweep_orphans()
    try:
        yield found
    finally:
        found.sweep()
        client.close()


@pytest.fixture(scope="session")
def docker_engine(engine: Engine) -> docker.DockerClient:
    """The `docker.DockerClient` of the session."""
    return engine.client


@pytest.fixture(scope="session")
def broker(engine: Engine) -> Broker:
    """A real RabbitMQ; ask it for a `vhost()` of your own. Break it only in fault tests, and start it again."""
    return Broker(engine)


@pytest.fixture
def amqp(broker: Broker) -> str:
    """The AMQP URL of a fresh vhost."""
    return broker.vhost()


@pytest.fixture
def embedded_core(tmp_path: Path) -> Iterator[Callable[..., EmbeddedCore]]:
    """`embedded_core(amqp=None)` starts a Core, on the bridge's address if there is Docker: containers reach it."""
    client = connect()
    if isinstance(client, str):
        host = "127.0.0.1"
    else:
        host = Engine(client).gateway
        client.close()
    started: list[EmbeddedCore] = []

    def start(amqp: str | None = None, data: Path | None = None, **options: str) -> EmbeddedCore:
        core = EmbeddedCore(data or tmp_path / f"core{len(started)}", host, amqp, **options)
        started.append(core)
        return core

    yield start
    for core in started:
        core.stop()


@pytest.fixture
def router_daemon(engine: Engine, tmp_path: Path) -> Iterator[Callable[..., RouterDaemon]]:
    """`router_daemon(core, amqp, **settings)` starts a router and waits until it is ready (`wait=False`: does not)."""
    started: list[RouterDaemon] = []

    def start(
        core: EmbeddedCore, amqp: str, folder: Path | None = None, *, wait: bool = True, **settings: object
    ) -> RouterDaemon:
        daemon = RouterDaemon(core, amqp, folder or tmp_path / f"router{len(started)}", **settings)
        started.append(daemon)
        if wait:
            daemon.wait_ready()
        return daemon

    yield start
    for daemon in started:
        try:
            daemon.stop()
        finally:
            daemon.remove_containers(engine)


@pytest.fixture
def laboratory(
    engine: Engine,
    broker: Broker,
    embedded_core: Callable[..., EmbeddedCore],
    router_daemon: Callable[..., RouterDaemon],
    tmp_path: Path,
) -> Laboratory:
    """Core, broker and router with our catalogue: `laboratory.run(Launch(...))` runs a job the whole way."""
    amqp = broker.vhost()
    core = embedded_core(amqp)
    router = router_daemon(core, amqp, catalogue__folder=ROOT / "descriptors")
    return Laboratory(core, router, tmp_path / "results")


@pytest.fixture(scope="session")
def slide_file() -> Path:
    """CMU-1-Small-Region.svs, fetched once."""
    try:
        return small_region(CACHE)
    except SlideUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def pyramid_file(slide_file: Path) -> Path:
    """A tiled TIFF pyramid of four levels built from `slide_file`."""
    return pyramid(slide_file, CACHE / "CMU-1-Small-Region.pyramid.tif")
