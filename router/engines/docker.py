"""Docker Engine, through the low-level client of the Docker SDK.

Long answers (logs, events, pulls) are read by plain requests on the same client, because the SDK gives them no
time-out; a stream that is silent too long is closed and asked again from where it ended.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import requests
import urllib3
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import DeviceRequest, LogConfig
from docker.utils import parse_repository_tag
from typing_extensions import override

import docker
from docker import auth
from router import metrics
from router.engines import docker_local
from router.engines.base import (
    LABEL_PREFIX,
    Container,
    ContainerSpec,
    End,
    Engine,
    EngineInfo,
    Identity,
    LogChunk,
    LogPosition,
    Progress,
)
from router.engines.docker_stream import frames, lines, seconds
from router.engines.isolation import Isolation
from router.engines.network import JobNetwork
from router.engines.rootfs import Furnishing, furnish
from router.errors import ContainerGone, EngineError, EngineUnavailable, ImageMissing, PullFailed
from router.log import get_logger

log = get_logger(__name__)

DEFAULT_HOST = "unix:///var/run/docker.sock"
_CALL_SECONDS = 60
_NO_LIMIT = 1 << 40
_LEAST_COPY = 2_000_000_000
_SILENT_STREAM_SECONDS = 300
_SILENT_EVENTS_SECONDS = 60


class DockerEngine(Engine):
    """Containers on one Docker daemon.

    Parameters
    ----------
    host
        `unix:///path` or `tcp://host:port`.
    log_size
        Largest size in bytes of the daemon's own copy of a container's output, None for no limit.
    isolation
        What containers without a network of their own may reach; None puts them on Docker's default bridge.
    hub
        User name and password at Docker Hub.
    """

    def __init__(
        self,
        host: str = DEFAULT_HOST,
        log_size: int | None = None,
        isolation: Isolation | None = None,
        hub: tuple[str, str] | None = None,
    ) -> None:
        self._host = host
        self._log_size = log_size
        self._isolation, self._hub = isolation, hub
        self._network: JobNetwork | None = None
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._client: docker.APIClient | None = None

    @property
    def _api(self) -> docker.APIClient:
        """The client; its constructor asks the daemon for its version, so it is made when first needed."""
        with self._lock:
            if self._client is None:
                try:
                    self._client = docker.APIClient(
                        base_url=self._host, version="auto", timeout=_CALL_SECONDS, max_pool_size=64
                    )
                except (DockerException, requests.RequestException) as error:
                    raise _unavailable(self._host, error) from error
                # No proxy leads to a socket of this machine: looking for one cost more than the rest of a call.
                self._client.trust_env = not self._host.startswith("unix:")
            return self._client

    @override
    def info(self) -> EngineInfo:
        with self._translated("info"):
            found = self._api.info()
        runtimes = found.get("Runtimes") or {}
        return EngineInfo(
            name="docker",
            version=str(found.get("ServerVersion", "")),
            cpus=int(found.get("NCPU", 1)),
            memory=int(found.get("MemTotal", 0)),
            gpus=1 if "nvidia" in runtimes else 0,
        )

    @override
    def has_image(self, image: str) -> str | None:
        try:
            with self._translated(f"look for image {image}"):
                found = self._api.inspect_image(image)  # type: ignore[no-untyped-call]
        except ContainerGone:
            return None
        digests = found.get("RepoDigests") or []
        return str(digests[0] if digests else found["Id"])

    @override
    def pull(self, image: str, progress: Progress, stalled: float) -> None:
        repository, tag = parse_repository_tag(image)
        registry, _ = auth.resolve_repository_name(repository)
        header = auth.get_config_header(self._api, registry)
        if self._hub is not None and registry == auth.INDEX_NAME:
            header = auth.encode_header(dict(zip(("username", "password"), self._hub, strict=True)))
        try:
            with self._translated(f"pull {image}"):
                answer = self._api.post(
                    self._url("/images/create"),
                    params={"fromImage": repository, "tag": tag or "latest"},
                    headers={"X-Registry-Auth": header} if header else None,
                    stream=True,
                    timeout=(_CALL_SECONDS, stalled),
                )
                with answer:
                    _raise_for(answer)
                    docker_local.follow_pull(image, lines(answer), progress)
        except PullFailed:
            raise
        except EngineError as error:
            silent = isinstance(error.__cause__, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError)
            reason = f"its registry said nothing for {stalled:.0f} s; try again later" if silent else error
            message = f"Image {image} could not be fetched: {reason}"
            raise PullFailed(message) from error

    @override
    def load(self, file: Path, image: str) -> None:
        with self._translated(f"load {file}"):
            docker_local.load(self._api, file, image)

    @override
    def build(self, folder: Path, image: str) -> None:
        with self._translated(f"build {image}"):
            docker_local.build(self._api, folder, image)

    @override
    def create(self, spec: ContainerSpec) -> str:
        name = spec.identity.name
        try:
            with self._translated(f"create {name}"):
                rootfs = self._rootfs(spec)
            with self._place(spec) as (network, hosts), self._translated(f"create {name}"):
                made = self._api.create_container(
                    spec.image,
                    command=list(spec.arguments),
                    name=name,
                    labels=spec.identity.labels,
                    environment={**rootfs.environment, **spec.environment},
                    user=spec.hardening.user,
                    working_dir=spec.working_folder or rootfs.working_folder,
                    volumes=[path for path, size in spec.scratch.items() if size is None] + list(rootfs.volumes),
                    host_config=self._host_config(spec, network, hosts),
                )
                return str(made["Id"])
        except _Conflict:
            there = self.inspect(name)
            if there.identity != spec.identity:
                message = f"a container named {name} exists and is not this job's; remove it"
                raise EngineError(message) from None
            return there.id
        except ContainerGone as error:
            message = f"image {spec.image} is not on this machine ({error})"
            raise ImageMissing(message) from error

    def _rootfs(self, spec: ContainerSpec) -> Furnishing:
        """What stays writable of a read-only root."""
        if not spec.hardening.read_only_root:
            return Furnishing(())
        return furnish(self._api.inspect_image(spec.image).get("Config") or {})  # type: ignore[no-untyped-call]

    @contextlib.contextmanager
    def _place(self, spec: ContainerSpec) -> Iterator[tuple[str | None, dict[str, str]]]:
        """Network of a container and what is in its /etc/hosts; a network is made when none is free."""
        hosts = dict(spec.extra_hosts)
        if spec.network is not None or self._isolation is None:
            yield spec.network, hosts
            return
        api = self._api
        with self._lock:
            if self._network is None:
                self._network = JobNetwork(api, self._isolation)
        with contextlib.ExitStack() as held:
            try:
                with self._translated("network of the job"):
                    network, doors = held.enter_context(self._network.free())
            except EngineError as error:
                # Never the fault of the job: it waits.
                message = f"the network of the job is not there: {error}"
                raise EngineUnavailable(message) from error
            yield network, {**hosts, **doors}

    def _host_config(self, spec: ContainerSpec, network: str | None, hosts: Mapping[str, str]) -> Any:
        limits, hardening = spec.limits, spec.hardening
        alone = network is not None and spec.network is None
        # Docker's default, json-file, replaces bytes that are no UTF-8; `local` keeps what the program wrote.
        # A program may write much faster than its output is read: what is turned over too early is lost.
        size = str(max(self._log_size, _LEAST_COPY) if self._log_size else _NO_LIMIT)
        log_options = {"max-size": size, "max-file": "2", "compress": "false"}
        return self._api.create_host_config(
            init=True,
            network_mode=network,
            # On the jobs' own network a name that is not in /etc/hosts is no name, and no question about it leaves.
            dns=["127.0.0.1"] if alone else None,
            dns_opt=["timeout:1", "attempts:1"] if alone else None,
            extra_hosts=dict(hosts) or None,
            binds={source: {"bind": target, "mode": "rw"} for target, source in spec.mounts.items()},
            tmpfs={path: f"size={size},exec" for path, size in spec.scratch.items() if size is not None},
            log_config=LogConfig(type="local", config=log_options),
            cap_drop=["ALL"] if hardening.drop_capabilities else None,
            security_opt=["no-new-privileges"] if hardening.no_new_privileges else None,
            read_only=hardening.read_only_root,
            mem_limit=limits.memory,
            memswap_limit=limits.memory,
            nano_cpus=int(limits.cpus * 1e9) if limits.cpus else None,
            pids_limit=limits.processes,
            shm_size=limits.shared_memory,
            device_requests=[DeviceRequest(count=limits.gpus, capabilities=[["gpu"]])] if limits.gpus else None,
        )

    @override
    def start(self, container: str) -> None:
        with self._translated(f"start {container[:12]}"):
            self._api.start(container)

    @override
    def inspect(self, container: str) -> Container:
        with self._translated(f"inspect {container[:60]}"):
            found = self._api.inspect_container(container)
        return _container(found)

    @override
    def list(self, router: str) -> list[Container]:
        label = f"{LABEL_PREFIX}router={router}"
        with self._translated("list"):
            found = self._api.containers(all=True, filters={"label": [label]})
        containers = []
        for item in found:
            identity = Identity.read(item.get("Labels") or {})
            if identity is not None:
                containers.append(Container(item["Id"], identity, _STATUS.get(item.get("State", ""), "running")))
        return containers

    @override
    def logs(self, container: str, since: LogPosition, *, follow: bool) -> Iterator[LogChunk]:
        asked = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow), "since": since.second}
        with self._translated(f"logs of {container[:12]}"):
            answer = self._api.get(
                self._url(f"/containers/{container}/logs"),
                params=asked,
                stream=True,
                timeout=(_CALL_SECONDS, _SILENT_STREAM_SECONDS),
            )
            with answer:
                _raise_for(answer)
                yield from frames(answer, since.seen)

    @override
    def stop(self, container: str, grace: float) -> None:
        with contextlib.suppress(ContainerGone), self._translated(f"stop {container[:12]}"):
            self._api.stop(container, timeout=max(0, round(grace)))

    @override
    def remove(self, container: str) -> None:
        with contextlib.suppress(ContainerGone, _Conflict), self._translated(f"remove {container[:12]}"):
            self._api.remove_container(container, v=True, force=True)

    @override
    def watch(self, router: str, ended: Callable[[End], None]) -> None:
        since, pause = time.time(), 0.1
        while not self._closed.is_set():
            try:
                for event in self._events(router, since):
                    pause = 0.1
                    since = event["timeNano"] / 1e9
                    identity = Identity.read(event["Actor"]["Attributes"])
                    if identity is not None:
                        code = event["Actor"]["Attributes"].get("exitCode", "")
                        known = int(code) if code.isdigit() else None
                        ended(End(event["Actor"]["ID"], identity.job, known, since))
            except EngineError as error:
                log.debug("event stream ended", reason=str(error))
            self._closed.wait(pause)
            pause = min(5.0, pause * 2)

    def _events(self, router: str, since: float) -> Iterator[Mapping[str, Any]]:
        filters = {"type": ["container"], "event": ["die"], "label": [f"{LABEL_PREFIX}router={router}"]}
        with self._translated("events"):
            answer = self._api.get(
                self._url("/events"),
                params={"since": f"{since:.9f}", "filters": json.dumps(filters)},
                stream=True,
                timeout=(_CALL_SECONDS, _SILENT_EVENTS_SECONDS),
            )
            with answer:
                _raise_for(answer)
                yield from lines(answer)

    @override
    def close(self) -> None:
        self._closed.set()
        if self._network is not None:
            with contextlib.suppress(EngineError), self._translated("network of the jobs"):
                self._network.release()
        with self._lock:
            if self._client is not None:
                self._client.close()

    def _url(self, path: str) -> str:
        return f"{self._api.base_url}/v{self._api.api_version}{path}"

    @contextlib.contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Turn the errors of docker, requests and urllib3 into ours."""
        try:
            yield
        except (NotFound, ImageNotFound) as error:
            message = f"docker: {what}: {error.explanation}"
            raise ContainerGone(message) from error
        except APIError as error:
            status = error.response.status_code if error.response is not None else 500
            message = f"docker: {what}: {error.explanation or error}"
            if status == requests.codes.conflict:
                raise _Conflict(message) from error
            metrics.ENGINE_ERRORS.labels(what.split(maxsplit=1)[0]).inc()
            raise EngineError(message) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, DockerException, OSError) as error:
            if not what.startswith(("events", "logs")):  # streams that were silent too long end so every day
                metrics.ENGINE_ERRORS.labels(what.split(maxsplit=1)[0]).inc()
            raise _unavailable(what, error) from error


class _Conflict(EngineError):
    """409: the name is taken, or a removal is under way."""


_STATUS = {"created": "created", "running": "running", "paused": "running", "restarting": "running",
           "exited": "exited", "dead": "exited", "removing": "exited"}  # fmt: skip


def _container(found: Mapping[str, Any]) -> Container:
    state = found["State"]
    identity = Identity.read(found["Config"].get("Labels") or {})
    if identity is None:
        message = f"container {found.get('Name')} is not one of the router's"
        raise EngineError(message)
    status = _STATUS.get(state.get("Status", ""), "running")
    started = seconds(state.get("StartedAt", ""))
    return Container(
        id=found["Id"],
        identity=identity,
        status=status,
        exit_code=int(state.get("ExitCode", 0)) if status == "exited" else None,
        out_of_memory=bool(state.get("OOMKilled", False)),
        started_at=started,
        ended_at=seconds(state.get("FinishedAt", "")),
        arguments=tuple(found["Config"].get("Cmd") or ()),
    )


def _raise_for(answer: requests.Response) -> None:
    if answer.status_code < 400:
        return
    try:
        explanation = answer.json().get("message", answer.reason)
    except ValueError:
        explanation = answer.reason
    kind = NotFound if answer.status_code == requests.codes.not_found else APIError
    raise kind(str(answer.status_code), response=answer, explanation=explanation)


def _unavailable(what: str, error: Exception) -> EngineUnavailable:
    return EngineUnavailable(f"docker: {what}: no answer ({type(error).__name__}: {error}); is the daemon running?")
