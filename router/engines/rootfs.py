"""What stays writable in a container whose root is not. Pure.

Singularity, which ran these images before, gives a read-only root, the user's /tmp and HOME, and a working folder
(router-protocol.md 2.2.6): an image that worked there works here. Anonymous volumes are used, not tmpfs: what a job
writes to a tmpfs counts as its memory. Docker fills them with what the image has at that place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

_TEMPORARY = "/tmp"  # noqa: S108 - in the container
#: Folders that images name for what they keep between imports; without them numba compiles anew in every job.
_CACHES = ("NUMBA_CACHE_DIR", "MPLCONFIGDIR", "XDG_CACHE_HOME", "TMPDIR")


@dataclass(frozen=True)
class Furnishing:
    """Additions to a container with a read-only root.

    Parameters
    ----------
    volumes
        Paths that get an anonymous volume.
    environment
        HOME, where the image's would not be writable.
    working_folder
        None: the image's own.
    """

    volumes: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    working_folder: str | None = None


def furnish(config: Mapping[str, Any]) -> Furnishing:
    """Make /tmp, HOME, the working folder and caches writable.

    Parameters
    ----------
    config
        `Config` of the image, as the engine's inspect shows it.
    """
    environment = dict(item.partition("=")[::2] for item in config.get("Env") or ())
    folder = str(PurePosixPath(config.get("WorkingDir") or "/"))
    wanted = [_TEMPORARY, folder, *(environment[name] for name in _CACHES if environment.get(name))]
    writable: list[str] = [str(PurePosixPath(path)) for path in config.get("Volumes") or ()]
    volumes: list[str] = []
    for path in sorted(map(PurePosixPath, wanted)):
        # a volume at "/" is impossible: a job whose image names no folder works in /tmp
        if path.is_absolute() and path != PurePosixPath("/") and not _within(path, writable):
            volumes.append(str(path))
            writable.append(str(path))
    home = environment.get("HOME", "")
    return Furnishing(
        tuple(volumes),
        {} if home and _within(PurePosixPath(home), writable) else {"HOME": _TEMPORARY},
        _TEMPORARY if folder == "/" else None,
    )


def _within(path: PurePosixPath, folders: list[str]) -> bool:
    return any(path == PurePosixPath(folder) or PurePosixPath(folder) in path.parents for folder in folders)
