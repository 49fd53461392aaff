"""What of an uploaded zip becomes the image: an image.tar, or a Dockerfile, where the operator keeps such things.

The software's pulling command then has the form that the Java router gave it (router-protocol.md 2.2.6), and
`router.local_images` loads or builds the image when a job first needs it.
"""

from __future__ import annotations

import lzma
import re
import shutil
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from router.core import Software
from router.errors import CatalogueError

#: What `zipfile` raises for archives that are torn, encrypted, or packed in a way it does not know.
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error, lzma.LZMAError)
_IMAGE, _DOCKERFILE = "image.tar", "Dockerfile"
#: Bytes that an archive may unfold to: a small zip can hold terabytes.
_MOST_BYTES = 50_000_000_000
_UNVERSIONED = "latest"


@dataclass(frozen=True)
class Keep:
    """Where uploads are kept, and whether Dockerfiles are built; None keeps nothing."""

    folder: Path | None = None
    dockerfiles: bool = False

    def pulling_command(self, archive: IO[bytes], software: Software) -> str | None:
        """The pulling command for the image in the archive, which is kept; None when there is none to be taken.

        Raises
        ------
        CatalogueError
            It cannot be unpacked.
        """
        if self.folder is None:
            return None
        try:
            with zipfile.ZipFile(archive) as found:
                return self._kept(found, self.folder / str(software.id), software)
        except BROKEN as error:
            message = f"the archive cannot be unpacked ({error})"
            raise CatalogueError(message) from error

    def _kept(self, archive: zipfile.ZipFile, place: Path, software: Software) -> str | None:
        name, tag = image_name(software.name), image_name(software.version or _UNVERSIONED)
        image = _top(archive, _IMAGE)
        if image is not None:
            _unpack(archive, [image], place, str(PurePosixPath(image.filename).parent))
            return f"singularity build {name}-{tag}.simg docker-archive:{place / _IMAGE}"
        dockerfile = _top(archive, _DOCKERFILE)
        if dockerfile is None or not self.dockerfiles:
            return None
        _unpack(archive, archive.infolist(), place, str(PurePosixPath(dockerfile.filename).parent))
        reference = f"{name}:{tag}"
        built = f"docker build -t {reference} {place}"
        return f"{built} && singularity pull --name {name}-{tag}.simg docker-daemon://{reference}"


def image_name(text: str) -> str:
    """A name that Docker takes for an image or a tag."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("._-") or "software"


def _top(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo | None:
    """The file of this name at the archive's top, or in the one folder there."""
    found = [one for one in archive.infolist() if PurePosixPath(one.filename).name == name]
    found = [one for one in found if one.filename.count("/") <= 1 and "__MACOSX" not in one.filename]
    return min(found, key=lambda one: one.filename.count("/"), default=None)


def _unpack(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], place: Path, root: str) -> None:
    """Unpack what is below `root`, all or nothing; what was there before goes."""
    if sum(one.file_size for one in members) > _MOST_BYTES:
        message = f"the archive unfolds to more than {_MOST_BYTES // 10**9} GB"
        raise CatalogueError(message)
    fresh = place.with_name(f"{place.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for one in members:
        path = PurePosixPath(one.filename)
        if one.is_dir() or ".." in path.parts or path.is_absolute() or not path.is_relative_to(root):
            continue
        target = fresh / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(one) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file)
    shutil.rmtree(place, ignore_errors=True)
    fresh.replace(place)
