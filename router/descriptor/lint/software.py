"""Rules about the software as a whole: its name, its image, what Core can store of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.descriptor.images import valid_reference
from router.descriptor.lint.finding import Finding, error, note, warning
from router.descriptor.model import Descriptor, filled_by_core
from router.descriptor.resources import read_resources

#: Widths of Core's columns (router-protocol.md 3.1).
EXECUTE_COMMAND_LENGTH = 5000
PULLING_COMMAND_LENGTH = 255


def software_findings(descriptor: Descriptor, release: str, repository: str | None, prefix: str) -> Iterator[Finding]:
    """Findings about everything but the inputs."""
    yield from _name(descriptor, repository, prefix)
    yield from _image(descriptor, repository)
    yield from _lengths(descriptor, release)
    yield from _resources(descriptor.source)
    if not descriptor.description.strip():
        hint = "Say in a sentence what the algorithm does; it is all that people see before they launch it."
        yield note("$.description", "the description is empty", hint)
    if not any(filled_by_core(one.id) for one in descriptor.inputs):
        yield warning(
            "$.inputs",
            "none of the parameters that Core fills is here (cytomine_host, cytomine_public_key ...)",
            "Without them the program cannot sign in to Core; declare the five of every Cytomine algorithm.",
        )


def _name(descriptor: Descriptor, repository: str | None, prefix: str) -> Iterator[Finding]:
    name = descriptor.name
    if not name.strip():
        yield error("$.name", "the name is empty", "Give the software the name people shall see.")
    elif name != name.strip():
        yield warning("$.name", "the name starts or ends with a blank", "Remove it; names are compared exactly.")
    if repository is None or not name:
        return
    if name.lower() not in {repository.lower(), repository.removeprefix(prefix).lower()}:
        yield warning(
            "$.name",
            f"the name {name} is not that of the repository {repository} (prefix {prefix or 'none'})",
            "The Java router finds updates by this name and would install the software anew at every refresh.",
        )


def _image(descriptor: Descriptor, repository: str | None) -> Iterator[Finding]:
    container = descriptor.source.get("container-image")
    if not isinstance(container, Mapping):
        hint = 'Add "container-image": {"type": "singularity", "image": "USER/NAME"}.'
        yield error("$.container-image", "no image is named", hint)
        return
    path = "$.container-image.image"
    image = descriptor.image
    if not image:
        yield error(path, "the image is empty", 'Write "image": "USER/NAME", as it is called on Docker Hub.')
        return
    yield from _image_name(path, image)
    name = image.rpartition("/")[2].partition(":")[0]
    if repository is not None and name.lower() != repository.lower():
        yield warning(
            path,
            f"the image is called {name}, the repository {repository}",
            "The Java router looks for the tags of an image named as the repository, in lower case.",
        )


def _image_name(path: str, image: str) -> Iterator[Finding]:
    name = image.rpartition("/")[2]
    if not valid_reference(image):
        if valid_reference(image.lower()):
            hint = f"Docker wants lower case: {image.lower()}."
            yield error(path, f"{image} has upper-case letters, so no registry has it", hint)
        else:
            yield error(path, f"{image} is no name of an image", "Write USER/NAME in lower case, digits, - _ and dots.")
    elif ":" in name or "@" in name:
        hint = f"Write {image.partition('@')[0].rpartition(':')[0] or image}; the software's version is the tag."
        yield error(path, f"{image} has a tag, and a second one will be put behind it", hint)
    elif image.count("/") > 1:
        hint = "Singularity files get a slash in their name; harmless for containers."
        yield note(path, f"{image} has three parts", hint)
    elif "/" not in image:
        yield note(path, f"{image} has no user", "Docker takes it for an official image of Docker Hub.")


def _lengths(descriptor: Descriptor, release: str) -> Iterator[Finding]:
    pulling = len(descriptor.pulling_command(release))
    if pulling > PULLING_COMMAND_LENGTH:
        yield error(
            "$.container-image.image",
            f"the pulling command is {pulling} characters long; Core stores {PULLING_COMMAND_LENGTH}",
            "Shorten the image's name, which is in it twice, or the version.",
        )
    execute = len(descriptor.execute_command(release))
    if execute > EXECUTE_COMMAND_LENGTH:
        yield error(
            "$.command-line",
            f"the command is {execute} characters long; Core stores {EXECUTE_COMMAND_LENGTH}",
            "Shorten the command-line.",
        )


def _resources(source: Mapping[str, Any]) -> Iterator[Finding]:
    read = read_resources(source)
    fields = {"ram-needed": read.ram_mb, "cpu-cores": read.cpus, "disk-space": read.disk_mb}
    for name, value in fields.items():
        if name in source and value is None:
            yield warning(f"$.{name}", f"{source[name]!r} cannot be read", "Write a number, such as 2048 or 2.")
