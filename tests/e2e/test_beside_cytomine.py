"""docker/compose.yaml: the router alone, beside a Cytomine that runs already, deployed as docker/README.md says."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from router.core import Keys
from router.demo.show import Screen
from router.demo.story import Launch, Story
from tests.support.broker import Broker
from tests.support.core import EmbeddedCore
from tests.support.engine import Engine, version
from tests.support.ports import free_port
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
COMPOSE = 'source docker/setup/common.sh; source docker/setup/compose.sh; compose "$@"'


@dataclass(frozen=True)
class Deployed:
    """A `router.demo.stack.Place`: somebody's Core, and our router in a container."""

    core: EmbeddedCore
    name: str
    port: int
    checkout: Path = ROOT

    @property
    def url(self) -> str:
        return self.core.url

    def admin(self) -> Keys:
        keys = self.core.keys["admin"]
        return Keys(keys["publicKey"], keys["privateKey"])

    def tail_command(self, job: int) -> list[str]:
        return ["docker", "exec", self.name, "tail", "-n", "+1", "-F", f"/software_router/algo/logs/{job}.log"]

    def ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
        except requests.RequestException:
            return False


def compose(environment_file: Path, *arguments: str) -> None:
    command = ["bash", "-c", COMPOSE, "compose", "--env-file", str(environment_file)]
    done = subprocess.run(
        [*command, "-f", "docker/compose.yaml", *arguments],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("ROUTER_")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def deployed(
    engine: Engine, broker: Broker, embedded_core: Callable[..., EmbeddedCore], tmp_path: Path
) -> Iterator[Deployed]:
    name = f"csr-test-beside-{engine.session}"
    for image in ("services", "algorithms", "tissue_finder"):
        engine.image(image)
    amqp = broker.vhost()
    core = embedded_core(amqp)
    # the network on which a Cytomine's RabbitMQ is
    network = engine.client.networks.create(f"{name}_cytomine", labels=engine.labels)
    network.connect(broker.container, aliases=["rabbitmq"])
    port = free_port()
    keys = core.keys["router"]
    secrets = tmp_path / "router.secrets"
    secrets.write_text(
        f"ROUTER_CORE__PUBLIC_KEY={keys['publicKey']}\n"
        f"ROUTER_CORE__PRIVATE_KEY={keys['privateKey']}\n"
        f"ROUTER_BROKER__URL=amqp://router:router@rabbitmq:5672/{amqp.rpartition('/')[2]}\n"
    )
    secrets.chmod(0o600)
    environment = tmp_path / "my.env"
    environment.write_text(
        f"COMPOSE_PROJECT_NAME={name}\nVERSION={version()}\nSECRETS={secrets}\nROUTER_NAME={name}\n"
        f"CYTOMINE_URL={core.url}\nCYTOMINE_NETWORK={network.name}\nROUTER_PORT={port}\nJOB_NETWORK=bridge\n"
    )
    try:
        compose(environment, "up", "-d")
        yield Deployed(core, name, port)
    finally:
        engine.remove_all(engine.containers(router=name))
        compose(environment, "down", "-v", "-t", "20")
        network.disconnect(broker.container)


def test_a_job_of_the_web_page_runs(deployed: Deployed, engine: Engine, tmp_path: Path) -> None:
    router = engine.client.containers.get(deployed.name)
    wait_for("the router", deployed.ready, timeout=60, hint=lambda: bytes(router.logs(tail=40)).decode())
    (outcome,) = Story(deployed, Screen(), tmp_path).tell((Launch("tissue_finder", "Tissue", ("slide",), {}),))
    assert outcome.missing == []
    code, checked = router.exec_run(["cytomine-router", "check"])
    assert code == 0, bytes(checked).decode()
    printed = bytes(router.logs()).decode()
    assert deployed.core.keys["router"]["privateKey"] not in printed
