"""What a TIFF file says about itself: its pyramid, the size of its pixels, the magnification."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

#: Micrometres in a unit of OME-XML's PhysicalSizeX.
UNITS = {"nm": 1e-3, "\u00b5m": 1.0, "\u03bcm": 1.0, "um": 1.0, "mm": 1e3, "cm": 1e4, "m": 1e6}
#: Micrometres in a TIFF ResolutionUnit: inch, centimetre.
RESOLUTION_UNITS = {2: 25_400.0, 3: 10_000.0}
#: Levels of a pyramid keep the shape of the first one to within this share.
SAME_SHAPE = 0.05


def series_of(file: Any) -> Any:
    """Return the series with the most pixels a page; the first of equals."""
    return max(file.series, key=lambda series: series.pages[0].imagewidth * series.pages[0].imagelength, default=None)


def levels_of(series: Any, plane: int) -> tuple[list[Any], list[tuple[int, int]]]:
    """Return the pages of a pyramid, largest first, and their sizes (width, height)."""
    pages: list[Any] = []
    sizes: list[tuple[int, int]] = []
    for level in series.levels if series is not None else ():
        page = level.pages[min(plane, len(level.pages) - 1)]
        if page is None:  # a stack may leave planes out
            continue
        page = page.aspage()
        size = (int(page.imagewidth), int(page.imagelength))
        if not sizes or _is_smaller_of(size, sizes[-1], sizes[0]):
            pages.append(page)
            sizes.append(size)
    if len(pages) == 1:
        for page in _flat_pyramid(series, pages[0]):
            size = (int(page.imagewidth), int(page.imagelength))
            if _is_smaller_of(size, sizes[-1], sizes[0]):
                pages.append(page)
                sizes.append(size)
    return pages, sizes


def _flat_pyramid(series: Any, first: Any) -> list[Any]:
    """Tiled pages that follow the first one, marked as reduced: pyramids without SubIFDs (libvips, GDAL)."""
    pages = [page.aspage() for page in series.parent.pages[1:]] if len(series.pages) == 1 else []
    return [p for p in pages if p.is_tiled and first.is_tiled and p.samplesperpixel == first.samplesperpixel]


def _is_smaller_of(size: tuple[int, int], before: tuple[int, int], first: tuple[int, int]) -> bool:
    if not 0 < size[0] * size[1] < before[0] * before[1]:
        return False
    across, down = first[0] / size[0], first[1] / size[1]
    rounding = max(1 / size[0], 1 / size[1])
    return abs(across - down) <= (SAME_SHAPE + rounding) * max(across, down)


def pixel_size_of(file: Any, page: Any) -> tuple[float, float] | None:
    """Micrometres a pixel (horizontally, vertically), from OME-XML or from the resolution tags."""
    pixels = _ome(file, "Pixels")
    if pixels is not None:
        sizes = []
        for axis in "XY":
            value = pixels.get(f"PhysicalSize{axis}")
            unit = UNITS.get(pixels.get(f"PhysicalSize{axis}Unit", "\u00b5m"))
            sizes.append(float(value) * unit if value and unit else 0.0)
        return (sizes[0], sizes[1]) if min(sizes) > 0 else None
    unit = RESOLUTION_UNITS.get(int(page.resolutionunit))
    across, down = page.resolution
    # 72 or 96 dots an inch say "unknown" in every picture editor, not a pixel of 0.3 mm.
    if unit is None or across <= 0 or down <= 0 or unit / across > 100:
        return None
    return unit / across, unit / down


def magnification_of(file: Any) -> float | None:
    """Nominal magnification of the objective, from OME-XML or an ImageDescription such as `AppMag = 20`."""
    objective = _ome(file, "Objective")
    if objective is not None and objective.get("NominalMagnification"):
        return float(objective.get("NominalMagnification"))
    found = re.search(r"(?:AppMag|magnification)\s*[=:]\s*([0-9.]+)", str(file.pages[0].description), re.IGNORECASE)
    return float(found[1]) if found else None


def _ome(file: Any, element: str) -> Any:
    """Find the first element of this name in the OME-XML, without entity expansion, or None."""
    text = file.ome_metadata if file.is_ome else None
    if not text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        root = ET.fromstring(text)  # noqa: S314 - documents with entities are refused above
    except ET.ParseError:
        return None
    return root.find(f".//{{*}}{element}")
