"""The script that a Cytomine installation brings for names no DNS knows: /tmp/addHosts.sh (router-protocol.md, row 39).

It holds lines like `echo "172.17.0.1 localhost-core" >> /etc/hosts`. It is read, not run: jobs get its names too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path

#: Where bootstrap copies the script to.
FILE = Path("/tmp/addHosts.sh")  # noqa: S108 - the installation's choice
HOSTS = Path("/etc/hosts")
_ECHO = re.compile(r"""\s*echo\s+(?:-e\s+)?["']?\s*([^"'>]+?)\s*["']?\s*>>\s*/etc/hosts\s*""")


def read(file: Path = FILE) -> dict[str, str]:
    """Name to address, as the script would add them; empty when it is not there or cannot be read."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in lines:
        said = _ECHO.fullmatch(line)
        address, *names = said[1].replace("\\t", " ").split() if said else [""]
        if _is_address(address):
            for name in names:
                found.setdefault(name, address)
    return found


def for_jobs(found: Mapping[str, str]) -> dict[str, str]:
    """What of it is true in a job's container too: the loopback address there is the container's own."""
    return {name: address for name, address in found.items() if not ipaddress.ip_address(address).is_loopback}


def add(found: Mapping[str, str], hosts: Path = HOSTS) -> str:
    """Add what /etc/hosts of this machine lacks; why that could not be done, or nothing."""
    try:
        known = {name for line in hosts.read_text().splitlines() for name in line.partition("#")[0].split()[1:]}
        missing = [f"{address} {name}\n" for name, address in found.items() if name not in known]
        if missing:
            with hosts.open("a") as file:
                file.writelines(missing)
    except OSError as error:
        return f"{hosts} could not be written ({error.strerror}): names of {FILE} are known to jobs only"
    return ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
