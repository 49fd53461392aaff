"""A folder of software: one sub-folder each, with a `descriptor.json` in it, such as this project's `descriptors/`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from router.catalogue.install import Installed, install
from router.catalogue.versions import own_version
from router.core import CoreClient
from router.descriptor import load
from router.errors import CatalogueError, CoreConflict, CoreForbidden, CoreNotFound, CoreRefused, DescriptorError
from router.log import get_logger

log = get_logger(__name__)

DESCRIPTOR = "descriptor.json"


@dataclass(frozen=True)
class FolderInstalled:
    """What came of a folder: by name of the sub-folder, what was installed and why the others were not."""

    installed: dict[str, Installed]
    failed: dict[str, str]


def descriptors_in(folder: Path) -> list[Path]:
    """The descriptors of a folder in order: its own, or those of its sub-folders.

    Raises
    ------
    CatalogueError
        It is no folder.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        message = f"{folder} is no folder; the setting catalogue.folder names one with NAME/descriptor.json in it"
        raise CatalogueError(message)
    own = folder / DESCRIPTOR
    return [own] if own.is_file() else sorted(folder.glob(f"*/{DESCRIPTOR}"))


def install_folder(
    core: CoreClient, folder: Path, release: str | None = None, *, stopped: Callable[[], bool] = lambda: False
) -> FolderInstalled:
    """Install every software of a folder; one that cannot be does not keep the others out.

    Parameters
    ----------
    core
        With the rights of an administrator.
    folder
        With NAME/descriptor.json in it.
    release
        Version and tag; by default this distribution's, since its images have it.
    stopped
        Asked before every software; true leaves out the rest.

    Raises
    ------
    CatalogueError
        It is no folder.
    CoreUnavailable, CoreUnauthorized
        Core is away or does not know us: nobody could be installed.
    """
    release = release or own_version()
    installed, failed = {}, {}
    for path in descriptors_in(folder):
        if stopped():
            break
        name = path.parent.name
        try:
            installed[name] = install(core, load(path), release)
        except (DescriptorError, CatalogueError, CoreRefused, CoreForbidden, CoreConflict, CoreNotFound) as error:
            log.warning("software not installed", software=name, reason=str(error))
            failed[name] = str(error)
    return FolderInstalled(installed, failed)
