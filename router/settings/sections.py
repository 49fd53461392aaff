"""The sections of router.yml: names, types, defaults, bounds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import NoDecode

MEGABYTE = 1_000_000
_LEAST_MEMORY_MB = 16


def _pairs(value: Any) -> Any:
    """`name=value,name=value` of an environment variable as a mapping."""
    if not isinstance(value, str):
        return value
    return dict(item.split("=", 1) for item in value.split(",") if "=" in item)


def _words(value: Any) -> Any:
    """`a,b,c` of an environment variable as a list."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _nothing(value: Any) -> Any:
    """An empty environment variable as no value."""
    return None if value == "" else value


def _enough(value: int) -> int:
    """Docker starts nothing with less memory than this; 0 is no limit."""
    if 0 < value < _LEAST_MEMORY_MB or value < 0:
        message = f"must be 0 (no limit) or at least {_LEAST_MEMORY_MB}"
        raise ValueError(message)
    return value


Pairs = Annotated[dict[str, str], NoDecode, BeforeValidator(_pairs)]
Words = Annotated[list[str], NoDecode, BeforeValidator(_words)]


class Section(BaseModel):
    """A section refuses keys it does not know: a typing error must not be a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CoreSection(Section):
    """Where Cytomine-Core is and who the router is there."""

    url: str = ""
    public_key: str = ""
    private_key: SecretStr = SecretStr("")
    private_key_file: Path | None = None
    keys_file: Path | None = None
    timeout_s: float = Field(default=30.0, gt=0)
    launch_timeout_s: float = Field(default=5.0, gt=0)
    patience_s: float = Field(default=60.0, ge=0)


class BrokerSection(Section):
    """Where RabbitMQ is."""

    url: SecretStr = SecretStr("")
    password_file: Path | None = None
    exchange: str = "exchangeCommunication"
    queue: str = "queueCommunication"
    prefetch: int = Field(default=500, ge=1, le=65535)
    heartbeat_s: int = Field(default=60, ge=0)


class StoreSection(Section):
    """Where jobs are stored."""

    url: SecretStr = SecretStr("sqlite:////software_router/data/router.db")
    keep_days: float = Field(default=90.0, gt=0)


class LogsSection(Section):
    """Where job logs are written and how much of them is kept."""

    folder: Path = Path("/software_router/algo/logs")
    max_bytes: int = Field(default=2_000 * MEGABYTE, ge=1000)
    attached_bytes: int = Field(default=5 * MEGABYTE, ge=1000)
    attach_every_s: float = Field(default=60.0, gt=0)


class HardeningSection(Section):
    """What a container may not do."""

    drop_capabilities: bool = True
    no_new_privileges: bool = True
    read_only_root: bool = True
    user: str | None = None


class LimitsSection(Section):
    """What one job gets when it does not say, and the most it can ask for."""

    memory_mb: Annotated[int, AfterValidator(_enough)] | None = None
    cpus: float | None = Field(default=None, ge=0)
    processes: int | None = Field(default=4096, ge=1)
    shared_memory_mb: int | None = Field(default=256, ge=1)
    gpus: int = Field(default=0, ge=-1)
    run_time_s: float | None = Field(default=None, gt=0)
    no_output_s: float | None = Field(default=None, gt=0)


class EngineSection(Section):
    """Which engine runs containers, and how."""

    kind: Literal["docker", "process", "fake"] = "docker"
    host: str = "unix:///var/run/docker.sock"
    network: Annotated[str | None, BeforeValidator(_nothing)] = None
    reachable: Words = Field(default_factory=list)
    forwarder: str = "cytomine-software-router/services:{version}"
    extra_hosts: Pairs = Field(default_factory=dict)
    environment: Pairs = Field(default_factory=dict)
    hardening: HardeningSection = HardeningSection()
    gpus: int | None = Field(default=None, ge=0)
    grace_s: float = Field(default=10.0, ge=0)
    keep_containers: bool = False


class ImagesSection(Section):
    """Which images may run and how they get here."""

    pull: Literal["missing", "always", "never"] = "missing"
    allow: Words = Field(default_factory=list)
    archives: Words = Field(default_factory=list)
    docker_hub_username: str = ""
    docker_hub_password: SecretStr = SecretStr("")
    stalled_s: float = Field(default=120.0, gt=0)
    timeout_s: float = Field(default=1800.0, gt=0)


class SoftwareSection(Section):
    """What the operator allows one software beyond, or below, the defaults."""

    limits: LimitsSection | None = None
    hardening: HardeningSection | None = None
    network: str | None = None
    environment: Pairs = Field(default_factory=dict)
    mounts: Pairs = Field(default_factory=dict)


class HttpSection(Section):
    """Health, metrics and job pages; port 0 switches them off."""

    host: str = "127.0.0.1"
    port: int = Field(default=8087, ge=0, le=65535)


class CatalogueSection(Section):
    """Which descriptors are registered in Core."""

    folder: Path | None = None
    refresh_s: float = Field(default=3600.0, gt=0)
    github_url: str = "https://api.github.com"
    github_raw_url: str = "https://raw.githubusercontent.com"
    docker_hub_url: str = "https://hub.docker.com"
    github_token: SecretStr = SecretStr("")
    uploads: Path | None = None
    allow_dockerfile: bool = False


class LegacySection(Section):
    """Images for the commands of a legacy Core, by pattern of the script's path; `{version}` is the router's own."""

    images: Pairs = Field(
        default_factory=lambda: {
            "*detect_sample*": "cytomine-software-router/tissue_finder:{version}",
            "*object_finder*": "cytomine-software-router/object_finder:{version}",
        }
    )


class LogSection(Section):
    """The router's own log."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    json_lines: bool = True


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


SoftwareOverrides = Mapping[str, SoftwareSection]
