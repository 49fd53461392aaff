"""Images that no registry serves: loaded from a file or built from a Dockerfile on this machine, where that is allowed.

The Java router's pulling commands for them are `singularity build X.simg docker-archive:/PATH/image.tar` and
`docker build -t NAME:TAG FOLDER && singularity pull ... docker-daemon://NAME:TAG` (router-protocol.md 2.2.6).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from router.descriptor.images import ImageSource
from router.engines.base import Engine
from router.errors import ImageForbidden
from router.settings import Settings

_LOADED = "cytomine-software-router/archive"


@dataclass(frozen=True)
class LocalImages:
    """What may be loaded and built.

    Parameters
    ----------
    archives
        Folders of image files.
    builds
        Folders of folders with a Dockerfile.
    """

    archives: Sequence[Path] = ()
    builds: Sequence[Path] = ()

    @classmethod
    def of(cls, settings: Settings) -> LocalImages:
        """What the settings allow."""
        uploads = [settings.catalogue.uploads] if settings.catalogue.uploads else []
        archives = [*map(Path, settings.images.archives), *uploads]
        return cls(archives, uploads if settings.catalogue.allow_dockerfile else ())

    def find(self, source: ImageSource) -> tuple[str, Callable[[Engine], None] | None]:
        """The name of the image, and how to make it if the engine has it not; None for "fetch it".

        Raises
        ------
        ImageForbidden
            The file is not in a folder from which images are loaded, or is not there.
        """
        if source.archive is not None:
            file = _within(Path(source.archive), self.archives)
            if file is None or not file.is_file():
                what = "is not in one of the folders of images.archives" if file is None else "is not there"
                message = f"The image is the file {source.archive}, which {what}. Ask the administrator."
                raise ImageForbidden(message)
            name = f"{_LOADED}:{_fingerprint(file)}"
            return name, lambda engine: engine.load(file, name)
        assert source.reference is not None  # noqa: S101 - one of the two is set
        if source.build is not None:
            folder, name = _within(Path(source.build), self.builds), source.reference
            if folder is not None and (folder / "Dockerfile").is_file():
                return name, lambda engine: engine.build(folder, name)
        return source.reference, None


def _within(path: Path, folders: Sequence[Path]) -> Path | None:
    """The path without links and dots, if it is in one of the folders."""
    whole = path.resolve()
    return whole if any(whole.is_relative_to(folder.resolve()) for folder in folders) else None


def _fingerprint(file: Path) -> str:
    """Changes when the file does: a name of its own for each state of it."""
    found = file.stat()
    return hashlib.sha256(f"{file}\n{found.st_size}\n{found.st_mtime_ns}".encode()).hexdigest()[:24]
