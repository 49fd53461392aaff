"""A network on which jobs reach Core and the image servers, and nothing else.

    job --- NAME_jobs (internal; this machine has no address on it) --- forwarder --- where Core is

One forwarder a host name (`router.forward`), each with a fixed address; jobs find the address under the host's name in
/etc/hosts, so the address that Core gives an algorithm works as it is. A forwarder is a container of its own: it
outlives the router, as the jobs do. It stands on the networks of the router's container, or on the default bridge
where the router is a plain process, and resolves names there.
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound
from docker.types import IPAMConfig, IPAMPool

import docker
from router.engines.base import LABEL_PREFIX
from router.engines.isolation import Isolation, is_address
from router.errors import EngineUnavailable
from router.log import get_logger

log = get_logger(__name__)

_BELIEVED_SECONDS = 10.0
_INHIBIT = "com.docker.network.bridge.inhibit_ipv4"
_OWN_ID = re.compile(r"/containers/([0-9a-f]{64})/hostname$")
_CONFLICT = 409


class JobNetwork:
    """Makes the network and its forwarders, and sees that they are there.

    Parameters
    ----------
    api
        Docker's low-level client.
    wanted
        What jobs may reach.
    """

    def __init__(self, api: docker.APIClient, wanted: Isolation) -> None:
        self._api, self._wanted = api, wanted
        self._lock = threading.Lock()
        self._hosts: dict[str, str] = {}
        self._seen_at = -_BELIEVED_SECONDS

    def ensure(self) -> tuple[str, dict[str, str]]:
        """The network's name, and the address of each host on it; made when it is not there.

        Raises
        ------
        EngineUnavailable
            The forwarder's image is not on this machine.
        docker.errors.APIError
            The engine refused something.
        """
        with self._lock:
            if time.monotonic() - self._seen_at > _BELIEVED_SECONDS:
                subnet = self._network()
                addresses = (str(address) for address in list(_lower(subnet))[1:])
                wanted = sorted(self._wanted.targets.items())
                self._hosts = {host: self._forwarder(host, ports, next(addresses)) for host, ports in wanted}
                self._seen_at = time.monotonic()
            return self._wanted.network, self._hosts

    def release(self) -> None:
        """Remove network and forwarders, if no job is on it."""
        with self._lock:
            self._seen_at = -_BELIEVED_SECONDS
            try:
                there = self._api.inspect_network(self._wanted.network)["Containers"] or {}
            except NotFound:
                return
            doors = {self._door(host) for host in self._wanted.targets}
            if any(one["Name"] not in doors for one in there.values()):
                return
            for door in doors:
                self._remove(door)
            self._api.remove_network(self._wanted.network)

    def _network(self) -> ipaddress.IPv4Network:
        try:
            found = self._api.inspect_network(self._wanted.network)
        except NotFound:
            found = self._make_network()
        return ipaddress.IPv4Network(found["IPAM"]["Config"][0]["Subnet"])

    def _make_network(self) -> Mapping[str, Any]:
        """Docker gives fixed addresses only where the subnet was asked for: it is asked for one first."""
        name, options = self._wanted.network, {_INHIBIT: "true"}
        labels = {f"{LABEL_PREFIX}router": self._wanted.router}
        draft = self._api.create_network(name, driver="bridge", internal=True, options=options)
        subnet = ipaddress.IPv4Network(self._api.inspect_network(draft["Id"])["IPAM"]["Config"][0]["Subnet"])
        self._api.remove_network(draft["Id"])
        # Forwarders have the lower half: a job must never be given the address of one that is just being made anew.
        pool = IPAMPool(subnet=str(subnet), iprange=str(list(subnet.subnets())[1]), gateway=str(subnet[1]))
        made = self._api.create_network(
            name,
            driver="bridge",
            internal=True,
            options=options,
            ipam=IPAMConfig(pool_configs=[pool]),
            labels=labels,
            check_duplicate=True,
        )
        log.info("network of the jobs made", network=name, subnet=str(subnet))
        found: Mapping[str, Any] = self._api.inspect_network(made["Id"])
        return found

    def _door(self, host: str) -> str:
        return f"{self._wanted.router}-to-{re.sub(r'[^a-zA-Z0-9_.-]', '-', host)}"

    def _forwarder(self, host: str, ports: Sequence[int], address: str) -> str:
        """The forwarder's address, once it runs."""
        name = self._door(host)
        known = self._known(host)
        label = f"{host} {' '.join(map(str, ports))} {known}".strip()
        try:
            found = self._api.inspect_container(name)
        except NotFound:
            found = None
        if found is not None:
            place = (found["NetworkSettings"]["Networks"].get(self._wanted.network) or {}).get("IPAMConfig") or {}
            if found["Config"]["Labels"].get(f"{LABEL_PREFIX}forwards") == label and found["State"]["Running"]:
                return str(place.get("IPv4Address", address))
            self._remove(name)
        arguments = [host, *map(str, ports)]
        labels = {f"{LABEL_PREFIX}router": self._wanted.router, f"{LABEL_PREFIX}forwards": label}
        self._start(name, arguments, {host: known} if known else {}, labels=labels, address=address)
        return address

    def _start(
        self,
        name: str,
        arguments: Sequence[str],
        hosts: Mapping[str, str],
        *,
        labels: Mapping[str, str],
        address: str,
    ) -> None:
        own = self._own_container()
        outside = list(own["NetworkSettings"]["Networks"]) if own else []
        outside = [network for network in outside if network not in {"host", "none"}] or ["bridge"]
        image = own["Image"] if own else self._wanted.image
        try:
            made = self._api.create_container(
                image,
                command=["python", "-m", "router.forward", *arguments],
                name=name,
                user="65534",
                labels=dict(labels),
                host_config=self._api.create_host_config(
                    init=True,
                    network_mode=outside[0],
                    extra_hosts=dict(hosts) or None,
                    restart_policy={"Name": "unless-stopped"},
                    cap_drop=["ALL"],
                    security_opt=["no-new-privileges"],
                    read_only=True,
                    mem_limit="256m",
                    pids_limit=64,
                    sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
                ),
            )
        except ImageNotFound as error:
            message = (
                f"jobs get a network of their own, and the image of its forwarder, {image}, is not on this machine; "
                "make it ('make images'), or name another network in engine.network"
            )
            raise EngineUnavailable(message) from error
        for network in outside[1:]:
            self._api.connect_container_to_network(made["Id"], network)
        self._api.connect_container_to_network(made["Id"], self._wanted.network, ipv4_address=address)
        self._api.start(made["Id"])
        log.info("forwarder started", container=name, to=" ".join(arguments))

    def _remove(self, container: str) -> None:
        try:
            self._api.remove_container(container, v=True, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.response is None or error.response.status_code != _CONFLICT:
                raise

    def _own_container(self) -> Mapping[str, Any] | None:
        """The container this process runs in, if this engine runs it."""
        ident = own_container_id()
        if ident is None:
            return None
        try:
            found: Mapping[str, Any] = self._api.inspect_container(ident)
        except NotFound:
            return None
        return found

    def _known(self, host: str) -> str:
        """The address of a host that DNS may not know: the operator's, or that of our /etc/hosts; empty for none."""
        if host in self._wanted.known:
            return self._wanted.known[host]
        address = address_in_hosts(host, Path("/etc/hosts"))
        if address and ipaddress.ip_address(address).is_loopback:
            return "host-gateway"
        return address


def _lower(subnet: ipaddress.IPv4Network) -> Sequence[ipaddress.IPv4Address]:
    """Addresses for the gateway and the forwarders."""
    half = next(iter(subnet.subnets()))
    return [half[place] for place in range(1, min(half.num_addresses, 256))]


def own_container_id(mounts: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The id of the container this process runs in; its /etc/hostname is a file of the engine."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        words = line.split()
        found = _OWN_ID.search(words[3]) if len(words) > 4 and words[4] == "/etc/hostname" else None
        if found:
            return found[1]
    return None


def address_in_hosts(host: str, file: Path) -> str:
    """The first IPv4 address of a host in a file like /etc/hosts; empty when it is not in it."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        words = line.partition("#")[0].split()
        if host in words[1:] and ":" not in words[0] and is_address(words[0]):
            return words[0]
    return ""
