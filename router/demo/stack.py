"""Broker, embedded Core and router in containers, under a name of their own, for as long as the demonstration lasts."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from router.core import Keys
from router.errors import RouterError

#: Where the router keeps one log file a job, inside its container.
LOGS = "/software_router/algo/logs"


class StackFailed(RouterError):
    """The containers of the demonstration could not be started; why has been printed."""


class Place(Protocol):
    """Where the story happens: a Core, a router behind it, a checkout with descriptors."""

    @property
    def checkout(self) -> Path:
        """The project's folder."""

    @property
    def url(self) -> str:
        """Where Core's page is, on this machine."""

    def admin(self) -> Keys:
        """The keys of Core's administrator."""

    def tail_command(self, job: int) -> list[str]:
        """The command that follows a job's log."""


class Stack:
    """What `docker/setup/stack.sh` starts.

    Parameters
    ----------
    checkout
        The project's folder, with docker/ in it.
    name
        The router's container, and the prefix of all else.
    """

    def __init__(self, checkout: Path, name: str | None = None) -> None:
        self._checkout = checkout
        self.name = name or f"csr-demo-{uuid4().hex[:6]}"

    @property
    def checkout(self) -> Path:
        """The project's folder."""
        return self._checkout

    def up(self) -> None:
        """Start it, building and installing what is missing.

        Raises
        ------
        StackFailed
            The script says on standard error what is wrong and what to do.
        """
        self._script("stack.sh", "up", self.name)

    def down(self) -> None:
        """Stop it and remove its data; stop the engine if it was started for this."""
        self._script("stack.sh", "down", self.name, VOLUMES="1")
        self._script("engine.sh", "down")

    @property
    def url(self) -> str:
        """Where Core's page is, on this machine."""
        file = self.checkout / ".cache/stack" / self.name / "env"
        pairs = (line.partition("=") for line in file.read_text().splitlines())
        ports = {key: value for key, _, value in pairs}
        return f"http://127.0.0.1:{ports['CORE_PORT']}"

    def keys(self, role: str) -> dict[str, str]:
        """The identity `admin` or `router` of the embedded Core."""
        whole: dict[str, Any] = json.loads(self.run("cat", "/var/lib/cytomine-core/keys.json"))
        return dict(whole[role])

    def admin(self) -> Keys:
        """The keys of the administrator."""
        found = self.keys("admin")
        return Keys(found["publicKey"], found["privateKey"])

    def tail_command(self, job: int) -> list[str]:
        """The command that follows a job's log inside the router's container."""
        return ["docker", "exec", self.name, "tail", "-n", "+1", "-F", f"{LOGS}/{job}.log"]

    def run(self, *command: str) -> str:
        """Run a command inside the router's container; what it printed."""
        done = subprocess.run(["docker", "exec", self.name, *command], capture_output=True, text=True, check=False)  # noqa: S607
        if done.returncode != 0:
            message = f"'{' '.join(command)}' failed in the container {self.name}: {done.stderr.strip()}"
            raise StackFailed(message)
        return done.stdout

    def _script(self, name: str, *arguments: str, **environment: str) -> None:
        script = [str(self.checkout / "docker/setup" / name), *arguments]
        done = subprocess.run(script, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            message = f"{name} {' '.join(arguments)} failed, see above"
            raise StackFailed(message)


@contextmanager
def running(stack: Stack, *, keep: bool) -> Iterator[Stack]:
    """`stack`, started; stopped at the end whatever happens, unless it is to be kept."""
    try:
        stack.up()
        yield stack
    finally:
        if not keep:
            stack.down()
