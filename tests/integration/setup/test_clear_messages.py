"""What goes wrong while setting up gets one clear message, an exit code, and leaves nothing running."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.engine import Engine

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("bash", "cat", "cut", "dirname", "env", "grep", "id", "mkdir", "sed", "sha256sum", "tail", "df", "awk")


def setup(script: str, *arguments: str, root: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(root / "docker/setup" / script), *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def message(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that starts with `error:`."""
    assert done.returncode != 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    return line


def test_an_engine_that_was_chosen_and_is_not_there(tmp_path: Path) -> None:
    done = setup("engine.sh", "up", DOCKER_HOST="unix:///nowhere/docker.sock", CACHE=str(tmp_path))
    assert message(done) == (
        "error: DOCKER_HOST=unix:///nowhere/docker.sock does not answer: start that engine or unset DOCKER_HOST"
    )


def test_no_docker_and_no_way_to_install_it(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    setup_folder = tmp_path / "checkout/docker/setup"
    shutil.copytree(ROOT / "docker/setup", setup_folder)
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "checkout")
    common = setup_folder / "common.sh"
    # the folders of the administrator's tools, where a real docker may be, are out of reach
    common.write_text(common.read_text().replace('PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"', ""))
    done = setup("engine.sh", "up", root=tmp_path / "checkout", PATH=str(tools), CACHE=str(tmp_path / "cache"))
    assert "this is neither Debian nor Ubuntu: install them yourself" in message(done)


def test_disk_nearly_full(tmp_path: Path) -> None:
    done = setup("stack.sh", "up", "csr-test-disk", MIN_DISK_GB="1000000", CACHE=str(tmp_path))
    assert "1000000 GB are needed: free some space" in message(done)


def test_no_network_for_python_packages(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docker/setup", tmp_path / "docker/setup")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": "/dev/null"}
    nowhere |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "CACHE": str(tmp_path / "cache")}
    done = setup("venv.sh", root=tmp_path, **nowhere)
    assert "could not fetch the Python packages: check the network and the pip settings" in message(done)
    assert not (tmp_path / ".venv/.made-from").exists(), "the next run tries again"


@pytest.mark.slow
def test_a_taken_port(engine: Engine, tmp_path: Path) -> None:
    name = f"csr-test-port-{engine.session}"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = setup("stack.sh", "up", name, CORE_PORT=str(port), CACHE=str(tmp_path))
    assert message(done) == f"error: port {port} is taken by another program: choose a free one with CORE_PORT=PORT"
    started = engine.client.containers.list(all=True, filters={"label": f"com.docker.compose.project={name}"})
    assert started == []
    assert not (ROOT / ".cache/stack" / name).exists()
