"""docker/setup/engine.sh: starts an engine, reuses one, survives what a kill leaves, stops only its own.

Each test runs in mount and network namespaces of its own, so the machine's engine never notices.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
set -e
mount -t tmpfs tmpfs /run
mkdir -p "$WORK/lib" /var/lib/docker
mount --bind "$WORK/lib" /var/lib/docker
ip link set lo up
unset DOCKER_HOST
export CACHE="$WORK/cache"
engine="$ROOT/docker/setup/engine.sh"
answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
"""


def alone(script: str, work: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as root in namespaces of its own; every daemon it leaves behind is ended."""
    missing = [tool for tool in ("dockerd", "unshare", "mount", "ip") if shutil.which(tool) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"the engine's script is tried in a namespace by root with {' '.join(missing) or 'root rights'}")
    possible = subprocess.run(["unshare", "-m", "-n", "true"], capture_output=True, check=False)
    if possible.returncode != 0:
        pytest.skip("this machine does not allow namespaces (unshare -m -n)")
    end = "trap 'kill $(cat /run/docker.pid 2>/dev/null) 2>/dev/null || true' EXIT\n"
    return subprocess.run(
        ["unshare", "-m", "-n", "--propagation", "private", "bash", "-c", PRELUDE + end + script],
        env={**os.environ, "WORK": str(work), "ROOT": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_starts_reuses_and_stops_an_engine(tmp_path: Path) -> None:
    done = alone('"$engine" up; answers; "$engine" up; answers; "$engine" down; ! answers', tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("starting the Docker engine") == 1


def test_a_stale_pid_file_of_a_dead_process_is_no_obstacle(tmp_path: Path) -> None:
    done = alone('echo 4194303 >/run/docker.pid; "$engine" up; answers; "$engine" down', tmp_path)
    assert done.returncode == 0, done.stderr


def test_after_kill_9_it_starts_again(tmp_path: Path) -> None:
    kill = 'kill -9 "$(cat /run/docker.pid)"; sleep 0.3; ! answers'
    done = alone(f'"$engine" up; {kill}; "$engine" up; answers; "$engine" down', tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_engine_that_was_there_before_is_left_running(tmp_path: Path) -> None:
    done = alone('"$engine" up; rm "$CACHE/dockerd.pid"; "$engine" up; "$engine" down; answers', tmp_path)
    assert done.returncode == 0, done.stderr
    assert "stopping" not in done.stderr
