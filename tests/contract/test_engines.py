"""Every engine keeps the same promises (router/engines/base.py)."""

import sys
import threading
from uuid import uuid4

import pytest

from router.engines.base import ContainerSpec, Identity, Limits, LogPosition
from router.engines.docker import DockerEngine
from router.engines.fake import FakeEngine
from router.engines.process import ProcessEngine
from router.errors import ContainerGone, ImageMissing, PullFailed
from tests.support.waiting import wait_for

PROGRAM = "import sys, time; print('one', flush=True); time.sleep({pause}); print('two', flush=True); sys.exit({code})"


@pytest.fixture(params=["fake", "process", "docker"])
def bench(request, tmp_path):
    """An engine, an image for it, and how its arguments say: print one, pause, print two, exit."""
    router = f"csr-test-{uuid4().hex[:8]}"
    image, python = "any:1", sys.executable
    if request.param == "fake":
        engine = FakeEngine()

        def words(pause, code):
            return ("print=one", f"sleep={pause}", "print=two", f"exit={code}")
    else:
        if request.param == "docker":
            request.getfixturevalue("engine")
            engine, image, python = DockerEngine(), "cytomine-software-router/base:bookworm", "python3"
        else:
            engine = ProcessEngine(tmp_path / "processes")

        def words(pause, code):
            return (python, "-c", PROGRAM.format(pause=pause, code=code))

    def spec(pause=0, code=0, attempt=1):
        return ContainerSpec(Identity(router, 5, attempt), image, words(pause, code))

    yield engine, spec
    for left in engine.list(router):
        engine.remove(left.id)
    engine.close()


def text(engine, container, since=LogPosition()):  # noqa: B008
    return b"".join(chunk.data for chunk in engine.logs(container, since, follow=False))


def ended(engine, container):
    wait_for("the end", lambda: engine.inspect(container).ended, timeout=30, pause=0.02)
    return engine.inspect(container)


def test_a_container_runs_to_its_end(bench):
    engine, spec = bench
    wanted = spec(code=3)
    container = engine.create(wanted)
    assert engine.inspect(container).status == "created"
    engine.start(container)
    found = ended(engine, container)
    assert (found.exit_code, found.out_of_memory, found.identity) == (3, False, wanted.identity)
    assert found.arguments == wanted.arguments
    assert found.started_at <= found.ended_at
    assert text(engine, container).split() == [b"one", b"two"]


def test_created_and_started_twice_is_one_container(bench):
    engine, spec = bench
    first, second = engine.create(spec()), engine.create(spec())
    assert first == second
    engine.start(first)
    engine.start(first)
    ended(engine, first)
    assert len(engine.list(spec().identity.router)) == 1
    assert text(engine, first).split() == [b"one", b"two"]


def test_a_log_is_followed_and_taken_up_again(bench):
    engine, spec = bench
    container = engine.create(spec(pause=1))
    engine.start(container)
    chunks = list(engine.logs(container, LogPosition(), follow=True))
    ended(engine, container)
    assert b"".join(chunk.data for chunk in chunks).split() == [b"one", b"two"]
    position = LogPosition(chunks[0].second, 1)
    assert text(engine, container, position).split() == [b"two"]


def test_it_tells_who_ended(bench):
    engine, spec = bench
    told = []
    watcher = threading.Thread(
        target=engine.watch, args=(spec().identity.router, lambda end: told.append(end.job)), daemon=True
    )
    watcher.start()
    container = engine.create(spec(pause=0.5))
    engine.start(container)
    wait_for("the message", lambda: told, timeout=30, pause=0.02)
    assert told == [5]
    assert engine.inspect(container).ended


def test_it_stops_what_runs_and_forgives_what_is_gone(bench):
    engine, spec = bench
    container = engine.create(spec(pause=60))
    engine.start(container)
    engine.stop(container, 5.0)
    assert engine.inspect(container).exit_code in {143, 137}
    engine.stop(container, 5.0)
    engine.remove(container)
    engine.remove(container)
    engine.stop(container, 5.0)
    with pytest.raises(ContainerGone):
        engine.inspect(container)
    assert engine.list(spec().identity.router) == []


def test_it_says_what_the_machine_has(bench):
    engine, _ = bench
    info = engine.info()
    assert info.cpus >= 1
    assert info.memory > 1 << 20


@pytest.mark.parametrize("bench", ["fake", "docker"], indirect=True)
def test_an_image_that_nobody_has(bench):
    engine, spec = bench
    if isinstance(engine, FakeEngine):
        engine._images = set()
    missing = ContainerSpec(spec().identity, "127.0.0.1:9/nobody/has:1", ("true",))
    assert engine.has_image(missing.image) is None
    with pytest.raises(ImageMissing):
        engine.create(missing)
    with pytest.raises(PullFailed, match=r"127\.0\.0\.1:9/nobody/has:1"):
        engine.pull(missing.image, lambda _: None, 10.0)


@pytest.mark.parametrize(("wished", "count"), [(1, 1), (-1, -1)])
def test_docker_is_asked_for_the_gpus_of_a_job(engine, wished, count):
    docker_engine = DockerEngine()
    wanted = ContainerSpec(
        Identity(f"csr-test-{uuid4().hex[:8]}", 5, 1),
        "cytomine-software-router/base:bookworm",
        ("true",),
        limits=Limits(gpus=wished),
    )
    container = docker_engine.create(wanted)  # only its start needs a GPU
    try:
        (asked,) = engine.client.containers.get(container).attrs["HostConfig"]["DeviceRequests"]
        assert (asked["Count"], asked["Capabilities"]) == (count, [["gpu"]])
    finally:
        docker_engine.remove(container)
        docker_engine.close()
