"""Slides of several files (MRXS, VMS, DICOM series) arrive as one zip, which is unpacked; the file to open is found."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides import open_slide
from router.core_server.errors import WrongArgument

UNPACKED = "unpacked"
#: More files are no slide; a DICOM series has dozens, an MRXS hundreds.
MOST_FILES = 10_000
#: Bytes that a byte of the zip may become, over all; pixels are compressed already.
LARGEST_RATIO = 20
_KEEP_FREE = 512 * 2**20
_MAIN_FIRST = (".mrxs", ".vms", ".ndpi", ".svs", ".scn", ".bif", ".dcm", ".tif", ".tiff")


def is_archive(path: Path) -> bool:
    """Tell whether a file is a zip, by its content."""
    return zipfile.is_zipfile(path)


def unpack(archive: Path) -> Path:
    """Unpack a zip beside itself and return the file by which the slide in it is opened.

    Raises
    ------
    WrongArgument
        When it is damaged, too large once unpacked, leads out of its folder, or holds no slide or several.
    """
    folder = archive.parent / UNPACKED
    try:
        with zipfile.ZipFile(archive) as found:
            members = [member for member in found.infolist() if not member.is_dir()]
            _check(archive, members)
            for member in members:
                target = folder / member.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with found.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        msg = f"{archive.name}: the zip cannot be unpacked ({error})"
        raise WrongArgument(msg) from error
    return _main(archive, folder)


def _check(archive: Path, members: list[zipfile.ZipInfo]) -> None:
    problem = ""
    size = sum(member.file_size for member in members)
    if not members or len(members) > MOST_FILES:
        problem = f"it holds {len(members)} files, a slide has 1 to {MOST_FILES}"
    elif size > LARGEST_RATIO * max(archive.stat().st_size, 1 << 20):
        problem = f"it would become {size} bytes, more than {LARGEST_RATIO} times its own size"
    elif size + _KEEP_FREE > shutil.disk_usage(archive.parent).free:
        problem = f"it would become {size} bytes, and the disk has not that much room"
    elif any(_leads_out(member.filename) for member in members):
        problem = "a file in it has a path that leads out of its folder"
    if problem:
        msg = f"{archive.name}: {problem}"
        raise WrongArgument(msg)


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\0" in name


def _main(archive: Path, folder: Path) -> Path:
    """The one file that opens as a slide and is no part of another one."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for suffix in _MAIN_FIRST:
        named = [path for path in files if path.suffix.lower() == suffix]
        if named and (len(named) == 1 or suffix == ".dcm"):
            return named[-1]  # of a DICOM series any file opens the whole
        if named:
            msg = f"{archive.name}: it holds {len(named)} {suffix} files, and one zip is one slide"
            raise WrongArgument(msg)
    opened = [path for path in files if _opens(path)]
    if len(opened) != 1:
        msg = f"{archive.name}: {len(opened)} of its files are slides of a known format, and one zip is one slide"
        raise WrongArgument(msg)
    return opened[0]


def _opens(path: Path) -> bool:
    try:
        open_slide(path).close()
    except SlideError:
        return False
    return True
