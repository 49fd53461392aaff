"""The Docker engine of a test session: a client, a label, and a sweep of all that bears the label."""

import os
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

from docker.errors import DockerException, NotFound
from docker.models.containers import Container

import docker

ROOT = Path(__file__).resolve().parents[2]
LABEL = "org.cytomine.software-router.test-session"
PREFIX = "cytomine-software-router"


class Engine:
    """What tests need of Docker; everything they start bears the session's label and is removed at its end."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self.session = f"{os.getpid()}-{uuid4().hex[:6]}"
        self.labels = {LABEL: self.session, f"{LABEL}-host": host()}

    @property
    def gateway(self) -> str:
        """The address of this machine as containers of the default bridge see it."""
        bridge = self.client.networks.get("bridge")
        address = bridge.attrs["IPAM"]["Config"][0]
        return str(address.get("Gateway") or next(ip_network(address["Subnet"]).hosts()))

    def image(self, name: str) -> str:
        """The tag of an image of ours, built anew when what goes into it changed."""
        built = subprocess.run(
            [ROOT / "docker/setup/images.sh", name],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert built.returncode == 0, f"image {name}: {built.stderr}"
        return f"{PREFIX}/{name}:{version()}"

    def run(self, image: str, command: list[str] | None = None, **options: Any) -> Container:
        """Start a container that the session's end removes."""
        labels = {**self.labels, **options.pop("labels", {})}
        container: Container = self.client.containers.run(image, command, detach=True, labels=labels, **options)
        return container

    def containers(self, **labels: str) -> list[Container]:
        """All containers, running or not, with these labels (`_` of a keyword stands for `-`)."""
        wanted = [f"org.cytomine.software-router.{key.replace('_', '-')}={value}" for key, value in labels.items()]
        return self.client.containers.list(all=True, filters={"label": wanted}, ignore_removed=True)

    def remove_all(self, containers: list[Container]) -> None:
        """Remove containers that may be gone already."""
        for container in containers:
            try:
                container.remove(force=True, v=True)
            except NotFound:
                continue
            except DockerException as error:
                if "already in progress" not in str(error):
                    raise

    def process_name(self, pid: int) -> str:
        """The name of a process of the engine's machine, which is this one; empty when it is gone or a zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        name, _, rest = stat.partition("(")[2].rpartition(")")
        return "" if rest.split()[0] == "Z" else name

    def sweep_orphans(self) -> None:
        """Remove what a test run of this machine left that was killed: its process is gone."""
        of_this_machine: dict[str, Any] = {"label": [f"{LABEL}-host={host()}"]}
        for container in self.client.containers.list(all=True, filters=of_this_machine, ignore_removed=True):
            session = container.labels[LABEL]
            if not Path("/proc", session.partition("-")[0]).exists():
                self.sweep(session)

    def sweep(self, session: str | None = None) -> None:
        """Remove what bears the label of a session, of this one if no other is named."""
        mine: dict[str, Any] = {"label": f"{LABEL}={session or self.session}"}
        self.remove_all(self.client.containers.list(all=True, filters=mine, ignore_removed=True))
        for network in self.client.networks.list(filters=mine):
            network.remove()
        for volume in self.client.volumes.list(filters=mine):
            volume.remove(force=True)


def host() -> str:
    """The boot of the machine and the space of process ids: where a process id means something."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}-{Path('/proc/self/ns/pid').readlink()}"


def connect() -> docker.DockerClient | str:
    """Return a client of an engine that answers, or why there is none."""
    client = None
    try:
        client = docker.from_env(timeout=60)
        client.ping()
    except DockerException as error:
        if client is not None:
            client.close()
        return f"no Docker engine answers ({error}): 'make test' starts one"
    return client


def version() -> str:
    """The distribution's version, which is the tag of our images."""
    import tomllib

    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
