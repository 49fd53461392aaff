"""The embedded Core as a process of its own."""

import json
from pathlib import Path
from typing import Any

import requests

from router.core import CoreClient, Keys
from tests.support.ports import free_port
from tests.support.process import Program


class EmbeddedCore:
    """`python -m router.core_server` on a free port of an address that containers reach.

    Parameters
    ----------
    data
        Its folder; an existing one is gone on with.
    host
        The address it listens on.
    amqp
        URL of the broker it publishes to; None for a Core without one.
    port
        Chosen free when not given.
    name
        The host name that jobs are given instead of the address.
    dialect
        How it makes commands: A, B or C.
    retrieval
        URL of a retrieval server.
    """

    def __init__(
        self,
        data: Path,
        host: str,
        amqp: str | None = None,
        port: int | None = None,
        *,
        name: str | None = None,
        dialect: str = "B",
        retrieval: str | None = None,
    ) -> None:
        self.data = data
        self.amqp = amqp
        self.host = host
        self.port = port or free_port(host)
        self.url = f"http://{host}:{self.port}"
        self.job_url = f"http://{name}:{self.port}" if name else self.url
        data.mkdir(parents=True, exist_ok=True)
        arguments = ["--data", str(data), "--host", host, "--port", str(self.port), "--job-url", self.job_url]
        arguments += ["--dialect", dialect]
        if amqp is not None:
            arguments += ["--amqp", amqp]
        if retrieval is not None:
            arguments += ["--retrieval", retrieval]
        self._clients: list[CoreClient] = []
        self.process = Program(["router.core_server", *arguments], data.parent / f"{data.name}.log")
        self._wait_ready()

    @property
    def keys(self) -> dict[str, dict[str, str]]:
        """The contents of keys.json: identities `admin` and `router`."""
        found: dict[str, dict[str, str]] = json.loads((self.data / "keys.json").read_text())
        return found

    def client(self, role: str = "admin") -> CoreClient:
        """A client with the keys of `role`; closed when the Core is."""
        keys = self.keys[role]
        client = CoreClient(self.url, Keys(keys["publicKey"], keys["privateKey"]))
        self._clients.append(client)
        return client

    def restart(self) -> None:
        """Start again after `process.stop()` or `process.kill9()`, same port, same data."""
        self.process.start()
        self._wait_ready()

    def stop(self) -> None:
        """Close the clients and end the process."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        self.process.stop()

    @property
    def text(self) -> str:
        """All it printed."""
        return self.process.text

    def _wait_ready(self) -> None:
        self.process.wait_until("answers /server/ping", self._answers, timeout=40)

    def _answers(self) -> bool:
        try:
            answer: Any = requests.get(f"{self.url}/server/ping", timeout=5)
        except requests.RequestException:
            return False
        return bool(answer.status_code == 200)
