"""Images that come to the daemon: pulled, loaded, built; through the low-level client of the Docker SDK."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docker.utils import parse_repository_tag

import docker
from router.engines.base import Progress
from router.engines.image_archive import without_names
from router.errors import PullFailed

#: Seconds a load or one step of a build may say nothing.
_SILENT_SECONDS = 1800


def load(api: docker.APIClient, file: Path, image: str) -> None:
    """Load the one image of a file (`docker save`) and name it; the names in the file count for nothing.

    Raises
    ------
    PullFailed
        The daemon finds no image in it.
    """
    said = _words(api.load_image(without_names(file), quiet=True), image)  # type: ignore[no-untyped-call]
    # the rest of such a line is a name, or an id
    loaded = [line.partition(":")[2].strip() for line in said if line.startswith("Loaded image")]
    if len(loaded) != 1:
        message = f"The file {file} holds {len(loaded)} images; it must hold one ('docker save IMAGE')."
        raise PullFailed(message)
    repository, tag = parse_repository_tag(image)
    api.tag(loaded[0], repository, tag)


def build(api: docker.APIClient, folder: Path, image: str) -> None:
    """Build the Dockerfile of a folder, without its cache being trusted for base images.

    Raises
    ------
    PullFailed
        It cannot be built; with the daemon's last words.
    """
    _words(api.build(path=str(folder), tag=image, rm=True, forcerm=True, decode=True, timeout=_SILENT_SECONDS), image)


def _words(events: Iterable[Mapping[str, Any]], image: str) -> list[str]:
    said = []
    for event in events:
        if "error" in event:
            message = f"Image {image} could not be made: {event['error']}"
            raise PullFailed(message)
        said += str(event.get("stream") or "").splitlines()
    return [line for line in said if line]


def follow_pull(image: str, events: Iterator[Mapping[str, Any]], progress: Progress) -> None:
    """Tell the progress of a pull; PullFailed with the registry's words."""
    layers: dict[str, tuple[int, int]] = {}
    for event in events:
        if "error" in event:
            message = f"Image {image} could not be fetched: {event['error']}"
            raise PullFailed(message)
        detail = event.get("progressDetail") or {}
        if event.get("status") == "Downloading" and detail.get("total"):
            layers[str(event.get("id"))] = (int(detail.get("current", 0)), int(detail["total"]))
            here, total = (sum(column) // 1_000_000 for column in zip(*layers.values(), strict=True))
            progress(f"{here} of {total} MB")
