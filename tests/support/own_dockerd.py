"""A Docker daemon of a test's own, in a network namespace of its own: to be stopped, killed and started at will.

The machine's daemon is never touched. Root is needed, for the namespace; without it, or without dockerd, a test is
skipped and the last lines of the run say so.
"""

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Self
from uuid import uuid4

import pytest

import docker
from tests.support.waiting import wait_for

_PROGRAMS = ("dockerd", "containerd", "nsenter", "ip", "iptables")


class OwnDockerd:
    """One daemon; `restart` and `kill9` break it. Use it as a context.

    Parameters
    ----------
    folder
        For its data; short, since sockets lie in it.
    live_restore
        Whether containers outlive the daemon.
    """

    def __init__(self, folder: Path, *, live_restore: bool) -> None:
        if missing := self.missing():
            pytest.skip(f"no Docker daemon of the test's own: {missing}")
        self.folder = folder
        self.namespace = f"csr-{uuid4().hex[:6]}"
        self.host = f"unix://{folder}/docker.sock"
        self._live_restore = live_restore
        self._process: subprocess.Popen[bytes] | None = None
        self._net = 10 + int(uuid4().hex[:4], 16) % 200

    @staticmethod
    def missing() -> str:
        """What such a daemon needs and is not here."""
        if os.geteuid():
            return "root is needed"
        absent = [name for name in _PROGRAMS if shutil.which(name) is None]
        return f"there is no {', '.join(absent)}" if absent else ""

    def __enter__(self) -> Self:
        outer, inner = f"{self.namespace}o", f"{self.namespace}i"
        gateway, address = f"10.213.{self._net}.1", f"10.213.{self._net}.2"
        inside = ["nsenter", f"--net=/run/netns/{self.namespace}"]
        run("ip", "netns", "add", self.namespace)
        run("ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", self.namespace)
        run("ip", "address", "add", f"{gateway}/30", "dev", outer)
        run("ip", "link", "set", outer, "up")
        for words in (f"link set {inner} name eth0", f"address add {address}/30 dev eth0", "link set eth0 up"):
            run(*inside, "ip", *words.split())
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "route", "add", "default", "via", gateway)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._remove_containers()
            self.stop()
        finally:
            self._end_containerd()
            subprocess.run(["ip", "netns", "delete", self.namespace], check=False)
            for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
                if (place := line.split()[1]).startswith(f"{self.folder}/"):
                    subprocess.run(["umount", "-l", place], check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def load(self, image: str) -> None:
        """Copy an image of the machine's daemon."""
        with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
            run("docker", "-H", self.host, "load", stdin=saved.stdout)
        assert saved.returncode == 0

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._forget_the_dead()
        command = ["nsenter", f"--net=/run/netns/{self.namespace}", "dockerd", "--host", self.host]
        command += ["--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec"]
        command += ["--pidfile", f"{self.folder}/docker.pid", "--bip", f"10.214.{self._net}.1/24", "--mtu", "1400"]
        command += ["--shutdown-timeout", "5", *(["--live-restore"] if self._live_restore else [])]
        with (self.folder / "dockerd.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        wait_for("the daemon", self._answers, timeout=60, hint=self._said)

    def stop(self) -> None:
        """SIGTERM; returns when it is gone."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(60)

    def kill9(self) -> None:
        """End it as a power cut would; what runs below it is left alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)

    def containers(self) -> int:
        """How many containers there are."""
        with contextlib.closing(docker.DockerClient(self.host)) as client:
            return len(client.containers.list(all=True))

    def _remove_containers(self) -> None:
        assert self._process is not None
        if self._process.poll() is not None:
            self.start()
        with contextlib.closing(docker.DockerClient(self.host)) as client:
            for container in client.containers.list(all=True):
                container.remove(force=True)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._said()
        # The SDK leaves its socket open where nobody listens yet.
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(10)
            try:
                probe.connect(f"{self.folder}/docker.sock")
                probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b" 200 OK" in probe.recv(100)
            except OSError:
                return False

    def _forget_the_dead(self) -> None:
        """Remove pid files of what ended: a zombie that nobody has reaped yet would be taken for alive."""
        (self.folder / "docker.pid").unlink(missing_ok=True)
        file = self.folder / "exec/containerd/containerd.pid"
        if file.exists():
            stat = Path(f"/proc/{file.read_text().strip()}/stat")
            if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
                file.unlink()

    def _end_containerd(self) -> None:
        """What a killed daemon left behind."""
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int((self.folder / "exec/containerd/containerd.pid").read_text())
            if Path(f"/proc/{pid}/comm").read_text().startswith("containerd"):
                os.kill(pid, 15)

    def _said(self) -> str:
        return (self.folder / "dockerd.log").read_text()[-3000:]


def run(*command: str, stdin: object = None) -> None:
    """Run a command; what it said is in the failure."""
    done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False)  # type: ignore[call-overload]
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
