"""A real RabbitMQ in a container of ours, on free loopback ports that stay the same over restarts."""

from typing import Any, cast
from urllib.parse import quote
from uuid import uuid4

import requests
from docker.models.containers import Container

from tests.support.engine import Engine
from tests.support.ports import free_port
from tests.support.waiting import wait_for

USER = "router"
PASSWORD = "router"


class Broker:
    """RabbitMQ with a fresh vhost for whoever asks, and handles to break it."""

    def __init__(self, engine: Engine) -> None:
        self.port = free_port()
        self.management_port = free_port()
        self.container: Container = engine.run(
            engine.image("rabbitmq"),
            name=f"csr-test-broker-{engine.session}",
            environment={"RABBITMQ_USER": USER, "RABBITMQ_PASSWORD": PASSWORD},
            ports={"5672/tcp": ("127.0.0.1", self.port), "15672/tcp": ("127.0.0.1", self.management_port)},
        )
        self.wait_ready()

    def vhost(self) -> str:
        """Make a vhost; its AMQP URL."""
        name = f"test-{uuid4().hex[:8]}"
        self.api("PUT", f"vhosts/{name}")
        self.api("PUT", f"permissions/{name}/{USER}", {"configure": ".*", "write": ".*", "read": ".*"})
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management API; the parsed answer, None for an empty one."""
        url = f"http://127.0.0.1:{self.management_port}/api/{path}"
        answer = requests.request(method, url, json=body, auth=(USER, PASSWORD), timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def queues(self, url: str) -> dict[str, dict[str, Any]]:
        """The queues of the vhost of an AMQP URL, by name (figures are up to five seconds old)."""
        return {queue["name"]: queue for queue in self.api("GET", f"queues/{quote(url.rsplit('/', 1)[1], safe='')}")}

    def rabbitmqctl(self, *arguments: str) -> str:
        """Run rabbitmqctl inside, such as `eval 'application:set_env(rabbit, consumer_timeout, 60000).'`."""
        code, output = self.container.exec_run(["rabbitmqctl", "-q", *arguments])
        text = bytes(cast("bytes", output)).decode(errors="replace")
        assert code == 0, text
        return text

    def stop(self) -> None:
        """Stop in order; durable queues and persistent messages stay."""
        self.container.stop(timeout=30)

    def kill(self) -> None:
        """End as a power cut would."""
        self.container.kill()

    def start(self) -> None:
        """Start again on the same ports, with the same database."""
        self.container.start()
        self.wait_ready()

    def pause(self) -> None:
        """Freeze: connections stay open and nothing answers."""
        self.container.pause()

    def unpause(self) -> None:
        """Go on."""
        self.container.unpause()

    def text(self) -> str:
        """The last lines it printed."""
        return str(self.container.logs(tail=40))

    def ready(self) -> bool:
        """Whether it takes connections."""
        try:
            return bool(self.api("GET", "health/checks/port-listener/5672"))
        except requests.RequestException:
            return False

    def wait_ready(self) -> None:
        """Wait until it takes connections; with what it printed when it does not."""
        wait_for(
            "RabbitMQ", self.ready, timeout=90, pause=0.1, hint=lambda: bytes(self.container.logs(tail=40)).decode()
        )
