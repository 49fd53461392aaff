"""The router as a process of its own, on this machine, with real parts."""

from pathlib import Path
from uuid import uuid4

import requests

from tests.support.core import EmbeddedCore
from tests.support.engine import Engine
from tests.support.ports import free_port
from tests.support.process import Program


class RouterDaemon:
    """`python -m router.cli run` with a store, a log folder and a port of its own.

    Parameters
    ----------
    core
        The Core it works for; its user is "router" of keys.json.
    amqp
        URL of the broker.
    folder
        Where store, logs and output go; an existing one is gone on with (same name, same store).
    settings
        As in router.yml, with `__` between section and name: `slots=2`, `engine__network="bridge"`.
    """

    def __init__(self, core: EmbeddedCore, amqp: str, folder: Path, **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.logs_folder = folder / "logs"
        self.name = str(settings.pop("name", f"csr-test-{uuid4().hex[:8]}"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        wanted: dict[str, object] = {
            "name": self.name,
            "core__url": core.url,
            "core__keys_file": core.data / "keys.json",
            "broker__url": amqp,
            "store__url": f"sqlite:///{folder / 'router.db'}",
            "logs__folder": self.logs_folder,
            "engine__network": "bridge",
            "http__host": "127.0.0.1",
            "http__port": self.port,
            **settings,
        }
        environment = {f"ROUTER_{key.upper()}": str(value) for key, value in wanted.items()}
        self.process = Program(["router.cli", "run"], folder / "router.log", environment)

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Wait until it says that it is ready: store, broker, Core and engine answer."""
        self.process.wait_until("is ready", self.ready, timeout)

    def ready(self) -> bool:
        """Whether /readyz says yes."""
        try:
            return bool(requests.get(f"{self.url}/readyz", timeout=5).status_code == 200)
        except requests.RequestException:
            return False

    @property
    def log(self) -> str:
        """All it printed."""
        return self.process.text

    def job_log(self, job: int) -> str:
        """The log of a job as it is now; empty when there is none yet."""
        file = self.logs_folder / f"{job}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def start(self) -> None:
        """Start again after `stop` or `kill9`, with the same store."""
        self.process.start()

    def stop(self) -> int:
        """Stop in order (SIGTERM); the exit code."""
        return self.process.stop()

    def kill9(self) -> None:
        """End it as a power cut would; its containers run on."""
        self.process.kill9()

    def remove_containers(self, engine: Engine) -> None:
        """Remove the job containers it left."""
        engine.remove_all(engine.containers(router=self.name))
