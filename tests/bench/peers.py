"""Environments of the peers: what we compare with runs from PyPI, in a virtual environment of its own.

A file ``peers/NAME.txt`` pins what the environment holds. It is built once into the checkout's cache and rebuilt when
the file changes.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "peers"


def peer_python(name: str) -> Path:
    """Return the interpreter of the peer environment `name`, building it first where it is missing.

    Raises
    ------
    FileNotFoundError
        If ``peers/NAME.txt`` does not exist.
    subprocess.CalledProcessError
        If a package cannot be installed.
    """
    pins = _HERE / "peers" / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()[:12]
    folder = _CACHE / f"{name}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"bench: building the environment of {name} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", pins], check=True)
        (folder / "complete").touch()
    return python
