"""Software that somebody uploaded as a zip: Core stores the archive and announces it (addSoftware, 2.1)."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import PurePosixPath
from typing import IO

from router.catalogue.folder import DESCRIPTOR
from router.catalogue.install import complete, default_server
from router.catalogue.keep import BROKEN, Keep
from router.core import CoreClient, Software
from router.descriptor import Descriptor, parse
from router.descriptor.lint import Severity, lint
from router.descriptor.reading import MAX_BYTES
from router.errors import CatalogueError, CoreError, DescriptorError
from router.log import get_logger

log = get_logger(__name__)

#: Only the descriptor is taken out; an archive with sources and models may be large.
MAX_ARCHIVE = 2_000_000_000
_UNVERSIONED = "latest"


def install_archive(core: CoreClient, software_id: int, keep: Keep = Keep()) -> Software:  # noqa: B008 - frozen
    """Complete a software of which Core has only name, version and archive.

    Parameters
    ----------
    core
        With the rights of an administrator.
    software_id
        Core's id.
    keep
        What of the archive is taken as the image; by default nothing: the descriptor's image counts.

    Raises
    ------
    CatalogueError
        The archive or its descriptor is no good; the reason becomes the description of the software, where the
        person who uploaded it looks.
    CoreError
        Core refused or is away; doing it again goes on where it stopped.
    """
    software = core.software(software_id)
    try:
        with tempfile.TemporaryFile() as archive:
            core.download_software(software_id, archive, MAX_ARCHIVE)
            descriptor = read_archive(archive)
            pulling = keep.pulling_command(archive, software)
        return _completed(core, software, descriptor, pulling)
    except (CatalogueError, DescriptorError) as error:
        _tell(core, software, error)
        message = f"the archive of {software.name} cannot be installed: {error}"
        raise CatalogueError(message) from error


def read_archive(archive: IO[bytes]) -> Descriptor:
    """The descriptor in a zip, at its top or in the one folder there.

    Raises
    ------
    CatalogueError
        It is no zip, or there is none or more than one.
    DescriptorError
        It cannot be read.
    """
    try:
        with zipfile.ZipFile(archive) as found:
            candidates = [one for one in found.infolist() if _is_descriptor(one.filename)]
            depth = min((one.filename.count("/") for one in candidates), default=0)
            top = [one for one in candidates if one.filename.count("/") == depth]
            if len(top) != 1:
                what = "no" if not top else f"{len(top)}"
                message = f"the zip has {what} {DESCRIPTOR}; put one at its top"
                raise CatalogueError(message)
            with found.open(top[0]) as entry:
                text = entry.read(MAX_BYTES + 1)
    except BROKEN as error:
        message = f"the archive is no zip that can be read ({error})"
        raise CatalogueError(message) from error
    if len(text) > MAX_BYTES:
        message = f"{top[0].filename} has more than {MAX_BYTES} bytes"
        raise CatalogueError(message)
    return parse(text, top[0].filename)


def _is_descriptor(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name == DESCRIPTOR and len(path.parts) <= 2 and "__MACOSX" not in path.parts


def _completed(core: CoreClient, software: Software, descriptor: Descriptor, pulling: str | None) -> Software:
    release = software.version or _UNVERSIONED
    errors = [one for one in lint(descriptor, release=release) if one.severity is Severity.ERROR]
    if errors:
        raise CatalogueError(" ".join(map(str, errors)))
    changes = {
        "executeCommand": descriptor.execute_command(release),
        "pullingCommand": pulling or descriptor.pulling_command(release),
        "defaultProcessingServer": software.default_processing_server
        or default_server(core, descriptor.processing_server),
    }
    installed = core.update_software(software, **changes)
    complete(core, installed, descriptor)
    log.info("uploaded software installed", software=software.name, version=software.version)
    return installed


def _tell(core: CoreClient, software: Software, error: Exception) -> None:
    try:
        core.describe_software(software.id, f"Not installed: {error}")
    except CoreError as problem:
        log.warning("reason not stored in Core", software=software.name, reason=str(problem))
