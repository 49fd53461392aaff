"""Slides of the scanner makers, through OpenSlide: SVS, NDPI, MRXS, SCN, BIF, DICOM and their kin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import openslide

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.base import Level, Pixels, Slide, over_white


class OpenSlideSlide(Slide):
    """One file read by OpenSlide, which is thread-safe and keeps decoded tiles in a cache of its own."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._slide = openslide.OpenSlide(str(path))
        except (openslide.OpenSlideError, OSError) as error:
            msg = f"{path.name}: OpenSlide can not open this slide ({error}); is the file complete?"
            raise SlideError(msg) from error
        properties = self._slide.properties
        sizes = zip(self._slide.level_dimensions, self._slide.level_downsamples, strict=True)
        self.levels = tuple(Level(width, height, downsample) for (width, height), downsample in sizes)
        self.format = properties.get(openslide.PROPERTY_NAME_VENDOR, "openslide")
        self.tile_size = int(properties.get("openslide.level[0].tile-width", 256))
        self.channels = 3
        across = _positive(properties.get(openslide.PROPERTY_NAME_MPP_X))
        down = _positive(properties.get(openslide.PROPERTY_NAME_MPP_Y))
        self.mpp = (across, down) if across and down else None
        self.magnification = _positive(properties.get(openslide.PROPERTY_NAME_OBJECTIVE_POWER))

    def _pixels(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        span = self.levels[level]
        corner = (round(x * span.downsample), round(y * span.downsample))  # OpenSlide wants it at full resolution
        try:
            picture = self._slide.read_region(corner, level, (width, height))
        except (openslide.OpenSlideError, OSError) as error:
            msg = f"{self.name}: damaged near ({corner[0]}, {corner[1]}) of level {level} ({error})"
            raise SlideError(msg) from error
        return np.asarray(picture)

    def associated(self) -> Mapping[str, Pixels]:
        """Label, macro picture and thumbnail."""
        found = {}
        for name in self._slide.associated_images:
            try:
                found[name] = over_white(np.asarray(self._slide.associated_images[name].convert("RGBA")))
            except (openslide.OpenSlideError, OSError) as error:
                msg = f"{self.name}: its picture {name!r} is damaged ({error})"
                raise SlideError(msg) from error
        return found

    def close(self) -> None:
        """Close the file."""
        self._slide.close()


def _positive(text: str | None) -> float | None:
    try:
        value = float(text) if text else 0.0
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
