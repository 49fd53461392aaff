"""What must stay true of docker/: one base, no secret, loopback ports, the engine's socket in one place only."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = sorted((ROOT / "docker").glob("compose*.yaml"))
DOCKERFILES = sorted([*(ROOT / "docker").glob("*/Dockerfile"), *(ROOT / "docker/software").glob("*.Dockerfile")])
SCRIPTS = sorted((ROOT / "docker/setup").glob("*.sh"))


def services(file: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text())["services"]
    return found


@pytest.mark.parametrize("file", DOCKERFILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_image_is_from_one_base(file: Path) -> None:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0].startswith("ARG BASE")
    assert lines[1] == "FROM ${BASE}"
    assert sum(line.startswith("FROM") for line in lines) == 1


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_images_are_ours_and_pinned(file: Path) -> None:
    for service in services(file).values():
        assert re.match(r"cytomine-software-router/\w+:\$\{VERSION", service["image"])


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_ports_are_on_loopback_and_can_be_chosen(file: Path) -> None:
    for service in services(file).values():
        for port in service.get("ports", []):
            assert re.match(r"127\.0\.0\.1:\$\{\w+_PORT", port)


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_only_the_router_has_the_engines_socket_and_nobody_is_privileged(file: Path) -> None:
    for name, service in services(file).items():
        has_socket = any("docker.sock" in str(volume) for volume in service.get("volumes", []))
        assert has_socket == (name == "software_router")
        assert "privileged" not in service
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("file", COMPOSE, ids=lambda file: file.name)
def test_no_secret_is_in_the_file_and_every_service_comes_back(file: Path) -> None:
    text = re.sub(r"#.*", "", file.read_text())
    assert not re.search(r"password|amqp://|PRIVATE_KEY", text, re.IGNORECASE)
    for service in services(file).values():
        assert service["restart"] == "unless-stopped"
        assert service["env_file"][0].startswith("${SECRETS")


def test_jobs_reach_core_and_nothing_else() -> None:
    whole = yaml.safe_load((ROOT / "docker/compose.full.yaml").read_text())
    assert whole["networks"]["jobs"]["internal"] is True
    assert [name for name, service in whole["services"].items() if "jobs" in service["networks"]] == ["core"]


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_scripts_stop_at_the_first_error(file: Path) -> None:
    text = file.read_text()
    assert "set -euo pipefail" in text or "common.sh" in text or "# Sourced" in text
