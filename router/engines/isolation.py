"""Which places jobs may reach, out of the settings. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Isolation:
    """What jobs may reach.

    Parameters
    ----------
    router
        The router's name; the networks are NAME_jobs_1 and so on, the forwarders NAME-to-HOST.
    targets
        Host name to ports.
    known
        Addresses of targets that no DNS knows.
    image
        Has `python -m router.forward`, where the router is no container itself.
    """

    router: str
    targets: Mapping[str, Sequence[int]]
    known: Mapping[str, str] = field(default_factory=dict)
    image: str = ""

    def network(self, number: int) -> str:
        """The name of a network; they are counted from 1."""
        return f"{self.router}_jobs_{number}"


def targets(places: Sequence[str]) -> dict[str, list[int]]:
    """Host names and ports out of URLs and `host:port` words; addresses and this machine's own name are left out.

    A name can be pointed at the forwarder; a job that was given an address goes to the address.
    """
    found: dict[str, list[int]] = {}
    for place in places:
        parts = urlsplit(place if "://" in place else f"http://{place}")
        host = (parts.hostname or "").rstrip(".")
        if not host or host == "localhost" or is_address(host):
            continue
        port = parts.port or (443 if parts.scheme == "https" else 80)
        ports = found.setdefault(host, [])
        if port not in ports:
            ports.append(port)
    return found


def is_address(host: str) -> bool:
    """Whether this is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
