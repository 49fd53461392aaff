"""The router as a container beside Core's: jobs reach Core by the name that only containers know, and nothing else."""

import pytest
import requests

from router.core import JobStatus
from tests.support.engine import Engine
from tests.support.ports import free_port
from tests.support.waiting import wait_for
from tests.support.workshop import Workshop

pytestmark = pytest.mark.timeout(240)
LOOK = """
say(HOST); status(2)
for place in (("1.1.1.1", 443), ("rabbitmq", 5672)):
    try: socket.create_connection(place, 3).close(); say("reached")
    except OSError: say("silent")
status(3)
"""


@pytest.fixture
def beside(engine: Engine, broker, amqp, embedded_core):
    """A Cytomine's network, with RabbitMQ and a front that answers as core.example; our router in a container there."""
    name = f"csr-test-inside-{engine.session}"
    image = engine.image("services")
    core = embedded_core(amqp, name="core.example")
    network = engine.client.networks.create(f"{name}-cytomine", labels=engine.labels)
    network.connect(broker.container, aliases=["rabbitmq"])
    front = engine.client.containers.create(
        image, ["python", "-m", "router.forward", core.host, str(core.port)], labels=engine.labels, network="bridge"
    )
    network.connect(front, aliases=["core.example"])
    front.start()
    port = free_port()
    keys = core.keys["router"]
    router = engine.run(
        image,
        ["cytomine-router", "run"],
        name=name,
        network=network.name,
        ports={"8087/tcp": ("127.0.0.1", port)},
        volumes={"/var/run/docker.sock": {"bind": "/var/run/docker.sock", "mode": "rw"}},
        environment={
            "ROUTER_NAME": name,
            "ROUTER_CORE__URL": core.job_url,
            "ROUTER_CORE__PUBLIC_KEY": keys["publicKey"],
            "ROUTER_CORE__PRIVATE_KEY": keys["privateKey"],
            "ROUTER_BROKER__URL": f"amqp://router:router@rabbitmq:5672/{amqp.rpartition('/')[2]}",
            "ROUTER_STORE__URL": "sqlite:////var/lib/router/router.db",
            "ROUTER_HTTP__HOST": "0.0.0.0",
        },
    )

    def ready() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    try:
        wait_for("the router", ready, 90, hint=lambda: bytes(router.logs(tail=30)).decode())
        yield core, router, name
    finally:
        engine.remove_all([router, front, *engine.containers(router=name)])
        for left in engine.client.networks.list(names=[f"{name}_jobs"]):
            left.remove()
        network.disconnect(broker.container)


def test_a_job_reaches_core_by_its_name(beside, engine: Engine, amqp) -> None:
    core, router, name = beside
    workshop = Workshop(core, amqp, lambda *_, **__: None)
    job = workshop.launch(LOOK)
    assert workshop.over(job, 120).status == JobStatus.SUCCESS, bytes(router.logs(tail=30)).decode()
    (door,) = [one for one in engine.containers(router=name) if one.name == f"{name}-to-core.example"]
    assert door.attrs["Image"] == router.attrs["Image"]
    whole = f"{core.job_url}\nsilent\nsilent\n"
    wait_for("the log", lambda: workshop.admin.attached_files(job) and whole in workshop.attached(job), 40)
    router.stop(timeout=20)
    assert engine.client.networks.list(names=[f"{name}_jobs"]) == []
