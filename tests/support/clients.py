"""Cytomine's Python clients of several generations, each unmodified from PyPI in an environment of its own."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

#: The oldest on PyPI, the last 2.x, the last with jobs, the newest.
VERSIONS = ("2.3.4", "2.4.1", "3.0.0", "4.3.0")
FOLDER = Path(__file__).resolve().parents[2] / ".cache/clients"


class ClientUnavailable(Exception):
    """PyPI gives no client."""


def python_with_client(version: str) -> Path:
    """The Python of an environment that holds cytomine-python-client `version`; built once."""
    folder = FOLDER / version
    python, done = folder / "bin/python", folder / "installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, timeout=300)
            wanted = ["-m", "pip", "install", "-q", f"cytomine-python-client=={version}"]
            subprocess.run([python, *wanted], check=True, capture_output=True, timeout=600)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            said = (error.stderr or b"").decode(errors="replace")[-500:]
            raise ClientUnavailable(f"cytomine-python-client {version} cannot be installed: {said}") from error
        done.touch()
    return python
