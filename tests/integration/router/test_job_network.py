"""Jobs are on a network of their own: Core answers under its own name, nothing else answers at all. Real Docker."""

import socket
import threading
from contextlib import closing
from uuid import uuid4

import pytest

from router.engines.base import ContainerSpec, Identity
from router.engines.docker import DockerEngine
from router.engines.isolation import Isolation
from router.errors import EngineUnavailable
from tests.support.engine import Engine
from tests.support.waiting import wait_for

BASE = "cytomine-software-router/base:bookworm"
#: Says which of the places named on its command line answer, and what the first one says.
PROBE = """
import socket, sys
for place in sys.argv[1:]:
    host, port = place.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), 3) as there:
            there.sendall(b"hello"); there.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: there.recv(100), b"")).decode()
            print(place, "answers", answer, flush=True)
    except OSError as error:
        print(place, "silent", flush=True)
"""


def everything(there: socket.socket) -> bytes:
    """All that the other side says."""
    return b"".join(iter(lambda: there.recv(100), b""))


@pytest.fixture
def listener(engine: Engine):
    """`listener(word)` is a port on the bridge's address of this machine that answers with the word and what it got."""
    open_sockets: list[socket.socket] = []

    def serve(server: socket.socket, word: str) -> None:
        while True:
            try:
                there, _ = server.accept()
            except OSError:
                return
            with closing(there):
                there.sendall(word.encode() + b" " + everything(there))

    def start(word: str) -> int:
        server = socket.create_server((engine.gateway, 0))
        open_sockets.append(server)
        threading.Thread(target=serve, args=(server, word), daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in open_sockets:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.fixture
def isolated(engine: Engine):
    """`isolated(targets, known)` makes an engine whose containers reach those places only."""
    made: list[tuple[DockerEngine, Isolation]] = []
    name = f"csr-test-{uuid4().hex[:8]}"

    def start(targets, known, image: str | None = None) -> DockerEngine:
        isolation = Isolation(name, targets, known, image or engine.image("services"))
        made.append((DockerEngine(isolation=isolation), isolation))
        return made[-1][0]

    yield start
    engine.remove_all(engine.containers(router=name))
    for docker_engine, isolation in made:
        docker_engine.close()
        assert engine.client.networks.list(names=[f"{isolation.router}_jobs"]) == [], "nothing is left behind"


def probe(docker_engine: DockerEngine, name: str, *places: str) -> list[str]:
    spec = ContainerSpec(Identity(name, uuid4().int % 10**9, 1), BASE, ("python3", "-c", PROBE, *places))
    container = docker_engine.create(spec)
    docker_engine.start(container)
    wait_for("the probe", lambda: docker_engine.inspect(container).ended, timeout=60)
    from router.engines.base import LogPosition

    text = b"".join(chunk.data for chunk in docker_engine.logs(container, LogPosition(), follow=False)).decode()
    docker_engine.remove(container)
    return text.splitlines()


@pytest.mark.timeout(240)
def test_a_job_reaches_core_and_nothing_else(engine: Engine, listener, isolated) -> None:
    core, other_port = listener("core"), listener("other")
    stranger = engine.run(BASE, ["python3", "-m", "http.server", "8000"])
    stranger.reload()
    address = stranger.attrs["NetworkSettings"]["IPAddress"]
    jobs = isolated({"core.example": [core]}, {"core.example": engine.gateway})
    network = jobs._isolation.network(1)

    first = probe(jobs, jobs._isolation.router, f"core.example:{core}")
    subnet = engine.client.networks.get(network).attrs["IPAM"]["Config"][0]
    said = first + probe(
        jobs,
        jobs._isolation.router,
        f"core.example:{other_port}",  # another port of Core's machine
        f"{engine.gateway}:{core}",  # Core's machine, not through the door
        f"{engine.gateway}:{other_port}",
        f"{subnet['Gateway']}:{other_port}",
        f"{address}:8000",  # another container
        "1.1.1.1:443",  # the world
        "pypi.org:443",
    )
    assert said[0] == f"core.example:{core} answers core hello"
    assert [line.split()[1] for line in said[1:]] == ["silent"] * 7, said


@pytest.mark.timeout(240)
def test_jobs_that_run_together_do_not_reach_each_other(engine: Engine, listener, isolated) -> None:
    core = listener("core")
    jobs = isolated({"core.example": [core]}, {"core.example": engine.gateway})
    name = jobs._isolation.router
    served = ContainerSpec(Identity(name, 1, 1), BASE, ("python3", "-m", "http.server", "8000"))
    first = jobs.create(served)
    jobs.start(first)
    there = engine.client.containers.get(first).attrs["NetworkSettings"]["Networks"]
    assert list(there) == [jobs._isolation.network(1)]
    address = there[jobs._isolation.network(1)]["IPAddress"]
    for _ in range(2):  # the second network is used again
        assert probe(jobs, name, f"core.example:{core}", f"{address}:8000") == [
            f"core.example:{core} answers core hello",
            f"{address}:8000 silent",
        ]
    assert len(engine.client.networks.list(names=[f"{name}_jobs"])) == 2
    jobs.remove(first)


@pytest.mark.timeout(240)
def test_every_host_has_a_door_of_its_own_and_a_lost_door_is_made_anew(engine: Engine, listener, isolated) -> None:
    core, images = listener("core"), listener("images")
    known = dict.fromkeys(["core.example", "ims.example"], engine.gateway)
    jobs = isolated({"core.example": [core], "ims.example": [images]}, known)
    name = jobs._isolation.router
    places = (f"core.example:{core}", f"ims.example:{images}", f"ims.example:{core}")
    expected = [f"{places[0]} answers core hello", f"{places[1]} answers images hello", f"{places[2]} silent"]
    assert probe(jobs, name, *places) == expected
    engine.client.containers.get(f"{name}-to-core.example").remove(force=True)
    jobs._network.look_again()
    assert probe(jobs, name, *places) == expected


def test_without_the_forwarders_image_jobs_wait_and_the_reason_says_what_to_do(isolated) -> None:
    jobs = isolated({"core.example": [80]}, {}, "cytomine-software-router/none:0")
    with pytest.raises(EngineUnavailable, match="make images"):
        probe(jobs, jobs._isolation.router, "core.example:80")
