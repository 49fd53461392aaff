"""Find the reader of a slide from the file's first bytes, never from its name."""

from __future__ import annotations

from pathlib import Path

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.base import Slide

TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
PICTURE_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def open_slide(path: str | Path) -> Slide:
    """Open a slide of any supported format.

    Parameters
    ----------
    path : str or Path
        SVS, NDPI, MRXS, SCN, DICOM... (OpenSlide), plain, pyramidal and OME-TIFF, PNG or JPEG.

    Raises
    ------
    SlideError
        When the file does not exist, is damaged, or is of an unknown format.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        msg = f"{path}: can not be read ({error.strerror or error})"
        raise SlideError(msg) from error
    if head.startswith(PICTURE_MAGIC):
        if path.suffix.lower() == ".mrxs":  # its index is a JPEG
            return _vendor(path)
        from algorithms.toolkit.slides.pillow_reader import PillowSlide

        return PillowSlide(path)
    if not head.startswith(TIFF_MAGIC):
        return _vendor(path)
    from openslide import OpenSlide

    if OpenSlide.detect_format(str(path)) not in {None, "generic-tiff"}:
        return _vendor(path)
    from algorithms.toolkit.slides.tiff_reader import TiffSlide

    return TiffSlide(path)


def _vendor(path: Path) -> Slide:
    import openslide

    from algorithms.toolkit.slides.openslide_reader import OpenSlideSlide

    try:
        vendor = openslide.OpenSlide.detect_format(str(path))
    except openslide.OpenSlideError as error:
        msg = f"{path.name}: damaged slide ({error})"
        raise SlideError(msg) from error
    if vendor is None:
        msg = (
            f"{path.name}: not a slide of a known format; "
            "known are SVS, NDPI, MRXS, SCN, BIF, DICOM, TIFF, OME-TIFF, PNG and JPEG"
        )
        raise SlideError(msg)
    return OpenSlideSlide(path)
