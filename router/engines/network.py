"""Networks on which jobs reach Core and the image servers, and nothing else: not even each other.

    job --- NAME_jobs_1 (internal; this machine has no address on it) --- forwarder --- where Core is
    job --- NAME_jobs_2 -------------------------------------------------/

A job has a network for itself while it runs; the next one takes it over, so there are as many as jobs ran at once. One
forwarder a host name (`router.forward`) stands on all of them, with a fixed address on each. Jobs find it under the
host's name in /etc/hosts, so the address that Core gives an algorithm works as it is. A forwarder is a container of
its own: it outlives the router, as the jobs do. It also stands on the networks of the router's container, or on the
default bridge where the router is a plain process, and resolves names there.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
_POOL = f"{LABEL_PREFIX}pool"
_NOT_OVER = ["created", "running", "paused", "restarting"]
#: Forwarders that fit the lower half of a /27, beside its own address and the gateway.
_DOORS_OF_27 = 13


class JobNetwork:
    """Makes networks and their forwarders, and sees that they are there.

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
        self._hosts: dict[str, dict[str, str]] = {}
        self._seen_at: dict[str, float] = {}
        self._taken: set[str] = set()

    @contextmanager
    def free(self) -> Iterator[tuple[str, dict[str, str]]]:
        """A network that no job is on, and the address of each host on it; made when it is not there.

        It counts as taken until the context ends, by when a container of the job must be on it.

        Raises
        ------
        EngineUnavailable
            The forwarder's image is not on this machine.
        docker.errors.APIError
            The engine refused something.
        """
        with self._lock:
            busy = self._taken | self._busy()
            name = next(name for name in map(self._wanted.network, itertools.count(1)) if name not in busy)
            if time.monotonic() - self._seen_at.get(name, -_BELIEVED_SECONDS) >= _BELIEVED_SECONDS:
                self._hosts[name] = self._ensure(name)
                self._seen_at[name] = time.monotonic()
            self._taken.add(name)
        try:
            yield name, self._hosts[name]
        finally:
            with self._lock:
                self._taken.discard(name)

    def release(self) -> None:
        """Remove networks and forwarders, if no job is on them."""
        with self._lock:
            self._seen_at = {}
            if self._busy():
                return
            for host in self._wanted.targets:
                self._remove(self._door(host))
            for found in self._ours():
                self._api.remove_network(found["Id"])

    def look_again(self) -> None:
        """Believe nothing that was seen so far."""
        with self._lock:
            self._seen_at = {}

    def _busy(self) -> set[str]:
        """The networks of jobs that are not over."""
        filters = {"label": [f"{LABEL_PREFIX}router={self._wanted.router}"], "status": _NOT_OVER}
        found = self._api.containers(all=True, filters=filters)
        jobs = [one for one in found if f"{LABEL_PREFIX}forwards" not in one["Labels"]]
        return {name for one in jobs for name in (one["NetworkSettings"]["Networks"] or {})}

    def _ours(self) -> list[Mapping[str, Any]]:
        label = f"{LABEL_PREFIX}router={self._wanted.router}"
        return list(self._api.networks(filters={"label": [label]}))

    def _ensure(self, name: str) -> dict[str, str]:
        subnet = self._network(name)
        addresses = (str(address) for address in list(_lower(subnet))[1:])
        return {
            host: self._forwarder(name, host, ports, next(addresses))
            for host, ports in sorted(self._wanted.targets.items())
        }

    def _network(self, name: str) -> ipaddress.IPv4Network:
        try:
            found = self._api.inspect_network(name)
        except NotFound:
            found = self._make_network(name)
        return ipaddress.IPv4Network(found["IPAM"]["Config"][0]["Subnet"])

    def _make_network(self, name: str) -> Mapping[str, Any]:
        """Docker gives fixed addresses only where the subnet was asked for; all are cut out of one that it chose."""
        used = {one["IPAM"]["Config"][0]["Subnet"]: one["Labels"].get(_POOL) for one in self._ours()}
        pool = ipaddress.IPv4Network(next(filter(None, used.values()), None) or self._draft(name))
        prefix = 27 if len(self._wanted.targets) <= _DOORS_OF_27 else 24
        subnet = next(one for one in pool.subnets(new_prefix=max(prefix, pool.prefixlen)) if str(one) not in used)
        # Forwarders have the lower half: a job must never be given the address of one that is just being made anew.
        half = IPAMPool(subnet=str(subnet), iprange=str(list(subnet.subnets())[1]), gateway=str(subnet[1]))
        made = self._api.create_network(
            name,
            driver="bridge",
            internal=True,
            options={_INHIBIT: "true"},
            ipam=IPAMConfig(pool_configs=[half]),
            labels={f"{LABEL_PREFIX}router": self._wanted.router, _POOL: str(pool)},
            check_duplicate=True,
        )
        log.info("network of a job made", network=name, subnet=str(subnet))
        found: Mapping[str, Any] = self._api.inspect_network(made["Id"])
        return found

    def _draft(self, name: str) -> str:
        """A range of addresses that Docker says is free."""
        draft = self._api.create_network(name, driver="bridge", internal=True, options={_INHIBIT: "true"})
        try:
            return str(self._api.inspect_network(draft["Id"])["IPAM"]["Config"][0]["Subnet"])
        finally:
            self._api.remove_network(draft["Id"])

    def _door(self, host: str) -> str:
        return f"{self._wanted.router}-to-{re.sub(r'[^a-zA-Z0-9_.-]', '-', host)}"

    def _forwarder(self, network: str, host: str, ports: Sequence[int], address: str) -> str:
        """The forwarder's address on a network, once it runs."""
        name = self._door(host)
        known = self._known(host)
        label = f"{host} {' '.join(map(str, ports))} {known}".strip()
        try:
            found = self._api.inspect_container(name)
        except NotFound:
            found = None
        if found is not None:
            if found["Config"]["Labels"].get(f"{LABEL_PREFIX}forwards") == label and found["State"]["Running"]:
                return self._join(found, network, address)
            self._remove(name)
        arguments = [host, *map(str, ports)]
        labels = {f"{LABEL_PREFIX}router": self._wanted.router, f"{LABEL_PREFIX}forwards": label}
        self._hosts, self._seen_at = {network: self._hosts.get(network, {})}, {}  # it is on no other network yet
        self._start(name, arguments, {host: known} if known else {}, labels=labels, joins=(network, address))
        return address

    def _join(self, forwarder: Mapping[str, Any], network: str, address: str) -> str:
        """The address of a running forwarder on a network."""
        there = forwarder["NetworkSettings"]["Networks"].get(network)
        if there is None:
            self._api.connect_container_to_network(forwarder["Id"], network, ipv4_address=address)
            return address
        return str((there.get("IPAMConfig") or {}).get("IPv4Address", address))

    def _start(
        self,
        name: str,
        arguments: Sequence[str],
        hosts: Mapping[str, str],
        *,
        labels: Mapping[str, str],
        joins: tuple[str, str],
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
        self._api.connect_container_to_network(made["Id"], joins[0], ipv4_address=joins[1])
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
