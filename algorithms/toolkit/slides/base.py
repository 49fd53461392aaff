"""The one interface through which algorithms and the embedded Core read slides.

A reader gives its pyramid levels and `_pixels`, a window of one level; everything else is made from these two here.
All positions have their origin top-left.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.resample import band_rows, resize, resize_bands

Pixels = NDArray[np.uint8]
#: left, top, width, height
Rectangle = tuple[int, int, int, int]
#: Decoded pixels of a level that one step of a resampling may hold; larger rectangles are read in bands of rows.
READ_AT_ONCE = 1 << 24
#: A level this close to the wanted down-sampling is used as it is.
SAME_SCALE = 0.02


class Level(NamedTuple):
    """One level of the pyramid: its size in pixels, and how many full-resolution pixels one of its pixels spans."""

    width: int
    height: int
    downsample: float


class Slide(ABC):
    """A slide that is read window by window; a context manager, safe to read from several threads.

    Attributes
    ----------
    width, height : int
        Size at full resolution, in pixels.
    levels : tuple of Level
        From full resolution to the smallest.
    tile_size : int
        Side of the tiles the file is made of; windows on this grid read fastest.
    mpp : (float, float) or None
        Micrometres a pixel, horizontally and vertically.
    magnification : float or None
        Of the objective, such as 20.
    bits, channels : int
        Bits a sample and samples a pixel, in the file.
    format : str
        Such as "aperio", "tiff", "ome-tiff", "png".
    """

    name: str = ""
    levels: tuple[Level, ...]
    tile_size: int = 256
    mpp: tuple[float, float] | None = None
    magnification: float | None = None
    bits: int = 8
    channels: int = 3
    format: str = ""

    @property
    def width(self) -> int:
        """Width at full resolution, in pixels."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Height at full resolution, in pixels."""
        return self.levels[0].height

    @abstractmethod
    def _pixels(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        """Pixels of a window that lies inside a level: (height, width, 3) RGB or (height, width, 4) RGBA."""

    @abstractmethod
    def close(self) -> None:
        """Close the file."""

    def associated(self) -> Mapping[str, Pixels]:
        """Label, macro picture and thumbnail stored beside the slide, as RGB; empty when there is none."""
        return {}

    def zoom_size(self, zoom: int) -> tuple[int, int]:
        """Width and height of a zoom level, the slide down-sampled by 2**zoom (at least one pixel)."""
        return max(1, self.width >> zoom), max(1, self.height >> zoom)

    @property
    def max_zoom(self) -> int:
        """The zoom level at which the slide fits into one tile of 256 pixels."""
        longest = max(self.width, self.height)
        return max(0, (longest - 1).bit_length() - 8)

    def read(self, x: int, y: int, width: int, height: int, zoom: int = 0) -> Pixels:
        """Read a window in pixels of a zoom level; what lies outside the slide is white.

        Returns
        -------
        (height, width, 3) uint8
            RGB.

        Raises
        ------
        SlideError
            When the file is damaged, or the window has no pixels.
        """
        if width <= 0 or height <= 0 or zoom < 0:
            msg = f"{self.name}: a window of {width} x {height} pixels at zoom level {zoom} has no pixels"
            raise SlideError(msg)
        level_width, level_height = self.zoom_size(zoom)
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + width, level_width), min(y + height, level_height)
        inside = right > left and bottom > top
        if inside and (right - left, bottom - top) == (width, height):
            return over_white(self._scaled((x, y, width, height), (width, height), 1 << zoom))
        canvas = np.full((height, width, 3), 255, np.uint8)
        if inside:
            size = (right - left, bottom - top)
            part = over_white(self._scaled((left, top, *size), size, 1 << zoom))
            canvas[top - y : bottom - y, left - x : right - x] = part
        return canvas

    def region(self, x: int, y: int, width: int, height: int, size: tuple[int, int]) -> Pixels:
        """Read a rectangle given in full-resolution pixels, resampled to `size` (width, height) from the best level."""
        if min(width, height, *size) <= 0:
            msg = f"{self.name}: a rectangle of {width} x {height} pixels to {size[0]} x {size[1]} has no pixels"
            raise SlideError(msg)
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + width, self.width), min(y + height, self.height)
        if (left, top, right, bottom) == (x, y, x + width, y + height):
            return over_white(self._scaled((x, y, width, height), size, 1))
        canvas = np.full((size[1], size[0], 3), 255, np.uint8)
        if right > left and bottom > top:
            across, down = size[0] / width, size[1] / height
            x0, x1 = _span(left - x, right - x, across, size[0])
            y0, y1 = _span(top - y, bottom - y, down, size[1])
            part = self._scaled((left, top, right - left, bottom - top), (x1 - x0, y1 - y0), 1)
            canvas[y0:y1, x0:x1] = over_white(part)
        return canvas

    def thumbnail_size(self, max_size: int) -> tuple[int, int]:
        """Width and height of the whole slide with its longest side at most `max_size`; never enlarged."""
        ratio = max(1.0, max(self.width, self.height) / max_size)
        return max(1, int(self.width / ratio)), max(1, int(self.height / ratio))

    def thumbnail(self, max_size: int) -> Pixels:
        """Read the whole slide as RGB, its longest side at most `max_size` pixels."""
        return over_white(self.thumbnail_with_alpha(max_size))

    def thumbnail_with_alpha(self, max_size: int) -> Pixels:
        """Like `thumbnail`, but RGBA where the slide knows pixels that were never scanned (alpha 0), else RGB."""
        return self._scaled((0, 0, self.width, self.height), self.thumbnail_size(max_size), 1)

    def _scaled(self, rectangle: Rectangle, size: tuple[int, int], scale: int) -> Pixels:
        """Resample a rectangle inside the slide, given in pixels of `scale` full-resolution pixels."""
        x, y, width, height = rectangle
        wanted = min(width / size[0], height / size[1]) * scale
        index = self._level_for(wanted)
        level = self.levels[index]
        across, down = self.width / level.width / scale, self.height / level.height / scale
        left, part_width = _inside(x / across, width / across, level.width, size[0])
        top, part_height = _inside(y / down, height / down, level.height, size[1])
        if part_width * part_height <= READ_AT_ONCE:
            return resize(self._pixels(index, left, top, part_width, part_height), size)
        rows = band_rows(READ_AT_ONCE, part_width, self.tile_size)
        starts = range(0, part_height, rows)
        bands = (self._pixels(index, left, top + start, part_width, min(rows, part_height - start)) for start in starts)
        return resize_bands(bands, (part_width, part_height), size)

    def _level_for(self, downsample: float) -> int:
        """Find the smallest level that still holds at least the wanted detail."""
        fits = [i for i, level in enumerate(self.levels) if level.downsample <= downsample * (1 + SAME_SCALE)]
        return max(fits, default=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.width} x {self.height} {self.format}>"


def over_white(pixels: Pixels) -> Pixels:
    """Lay RGBA pixels over white; RGB pixels are returned as they are."""
    if pixels.shape[2] == 3:
        return pixels
    alpha = pixels[..., 3:]
    if alpha.min() == 255:
        return np.ascontiguousarray(pixels[..., :3])
    colour = pixels[..., :3].astype(np.uint16)
    blended: Pixels = ((colour * alpha + np.uint16(255) * (255 - alpha) + 127) // 255).astype(np.uint8)
    return blended


def _inside(start: float, length: float, limit: int, wanted: int) -> tuple[int, int]:
    """Round an interval to whole pixels of a level, without resampling where the scale is all but the same."""
    count = wanted if abs(length - wanted) <= SAME_SCALE * wanted else max(1, round(length))
    count = min(count, limit)
    return min(max(0, round(start)), limit - count), count


def _span(start: int, stop: int, scale: float, limit: int) -> tuple[int, int]:
    first = min(limit - 1, round(start * scale))
    return first, min(limit, max(first + 1, round(stop * scale)))
