"""What a descriptor of schema cytomine-0.1 says, read the way it was meant (router-protocol.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: The parameters that Core fills by name when a job is launched, without case and underscores (2.2.2).
FILLED_BY_CORE = frozenset(
    prefix + name
    for prefix in ("", "cytomine")
    for name in ("host", "publickey", "privatekey", "idsoftware", "idproject")
)


def filled_by_core(name: str) -> bool:
    """Whether Core fills the parameter of this name itself, whatever `set-by-server` says."""
    return name.replace("_", "").lower() in FILLED_BY_CORE


@dataclass(frozen=True)
class Resources:
    """What one run needs; None where the descriptor does not say.

    Attributes
    ----------
    ram_mb, disk_mb
        Megabytes.
    cpus
        Processor cores.
    gpus
        Graphics processors.
    """

    ram_mb: int | None = None
    cpus: float | None = None
    disk_mb: int | None = None
    gpus: int | None = None


@dataclass(frozen=True)
class Input:
    """One parameter; `index` is its place in the file as Core numbers it: 100, 200, 300 ..."""

    id: str
    index: int
    type: str
    name: str
    description: str
    required: bool
    value_key: str
    flag: str
    default: str
    set_by_server: bool
    server_parameter: bool
    uri: str | None
    uri_print_attribute: str | None
    uri_sort_attribute: str | None
    minimum: str | None
    maximum: str | None
    equals: str | None
    choices: tuple[str, ...]
    integer: bool


@dataclass(frozen=True)
class Descriptor:
    """A descriptor.json; `source` is the parsed file, for the lint."""

    name: str
    description: str
    command_line: str
    container_type: str
    image: str
    inputs: tuple[Input, ...]
    processing_server: str | None
    resources: Resources
    source: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @property
    def image_name(self) -> str:
        """What follows the first slash of the image, as the historical commands name it (4.1)."""
        return self.image.partition("/")[2] if "/" in self.image else self.image

    def execute_command(self, release: str) -> str:
        """Software.executeCommand in the exact historical form (4.1)."""
        return f"{self.container_type} run {self.image_name}-{release}.simg {self.command_line}"

    def pulling_command(self, release: str) -> str:
        """Software.pullingCommand in the exact historical form (4.1)."""
        return f"singularity pull --name {self.image_name}-{release}.simg docker://{self.image}:{release}"
