"""Archives of images (`docker save`) without the names in them.

Whoever may upload an archive would otherwise give her image the name of another one on the engine.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from router.errors import PullFailed

_PIECE = 1 << 20
_MANIFEST, _LEGACY_NAMES, _INDEX = "manifest.json", "repositories", "index.json"
_LARGEST_MANIFEST = 10_000_000
_NAMES_OF_INDEX = ("io.containerd.image.name", "org.opencontainers.image.ref.name")


def without_names(file: Path) -> Iterator[bytes]:
    """The archive as a stream, its names left out; compressed archives are unpacked on the way.

    Raises
    ------
    PullFailed
        It is no archive, or a damaged one.
    """
    here, there = os.pipe()
    problems: list[Exception] = []

    def write() -> None:
        try:
            with os.fdopen(there, "wb", buffering=_PIECE) as sink:
                _copy(file, sink)
        except BrokenPipeError:
            pass  # the engine has seen enough
        except (tarfile.TarError, OSError, EOFError, ValueError) as error:
            problems.append(error)

    thread = threading.Thread(target=write, name="image-archive", daemon=True)
    thread.start()
    with os.fdopen(here, "rb", buffering=0) as source:
        while piece := source.read(_PIECE):
            yield piece
    thread.join()
    if problems:
        message = f"The file {file} is no image ('docker save IMAGE'): {problems[0]}"
        raise PullFailed(message)


def _copy(file: Path, sink: IO[bytes]) -> None:
    with tarfile.open(file, "r|*") as archive, tarfile.open(fileobj=sink, mode="w|") as out:
        for member in archive:
            name = member.name.removeprefix("./")
            if name == _LEGACY_NAMES:
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None and name in {_MANIFEST, _INDEX}:
                nameless = _nameless(content.read(_LARGEST_MANIFEST))
                member.size = len(nameless)
                content = io.BytesIO(nameless)
            out.addfile(member, content)


def _nameless(manifest: bytes) -> bytes:
    found = json.loads(manifest)
    if isinstance(found, list):  # manifest.json: one entry an image
        found = [{**one, "RepoTags": None} if isinstance(one, dict) else one for one in found]
    elif isinstance(found, dict):  # index.json of the OCI layout
        for one in found.get("manifests") or []:
            if isinstance(one, dict) and isinstance(one.get("annotations"), dict):
                one["annotations"] = {k: v for k, v in one["annotations"].items() if k not in _NAMES_OF_INDEX}
    return json.dumps(found).encode()
