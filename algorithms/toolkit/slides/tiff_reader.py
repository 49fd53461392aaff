"""Plain, pyramidal and OME-TIFF: tiles and strips are decoded one by one, as windows need them."""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.base import Level, Pixels, Rectangle, Slide
from algorithms.toolkit.slides.tiff_colour import Colour
from algorithms.toolkit.slides.tiff_meta import levels_of, magnification_of, pixel_size_of, series_of

#: Bytes of decoded tiles and strips that are kept for the next windows.
CACHE_BYTES = 64 << 20
#: A single compressed strip or tile above this is refused: there is no way to decode a part of it.
MAX_SEGMENT_BYTES = 1 << 30

Segment = NDArray[Any]


class TiffSlide(Slide):
    """One series of a TIFF file.

    Parameters
    ----------
    path : Path
    plane : int
        Page of the series, for stacks of several channels, depths or times.
    """

    def __init__(self, path: Path, plane: int = 0) -> None:
        self.name = path.name
        self._fd = -1
        try:
            self._file = tifffile.TiffFile(path)
        except Exception as error:  # tifffile lets many kinds escape from damaged files
            msg = f"{path.name}: not a readable TIFF file ({error}); is it complete?"
            raise SlideError(msg) from error
        try:
            self._fd = os.open(path, os.O_RDONLY)
            self._open(plane)
        except SlideError:
            self._shut()
            raise
        except Exception as error:
            self._shut()
            msg = f"{path.name}: damaged TIFF file ({error})"
            raise SlideError(msg) from error

    def _open(self, plane: int) -> None:
        series = series_of(self._file)
        self._pages, sizes = levels_of(series, plane)
        if not self._pages:
            msg = f"{self.name}: this TIFF file holds no image"
            raise SlideError(msg)
        width, height = sizes[0]
        self.levels = tuple(Level(w, h, (width / w + height / h) / 2) for w, h in sizes)
        page = self._pages[0]
        self.format = "ome-tiff" if self._file.is_ome else "tiff"
        self.tile_size = int(page.tilewidth) if page.is_tiled else 256
        self.bits = int(page.bitspersample)
        self.channels = int(page.samplesperpixel)
        self.mpp = pixel_size_of(self._file, page)
        self.magnification = magnification_of(self._file)
        self._lock = threading.Lock()
        self._cache: OrderedDict[tuple[int, int], Segment] = OrderedDict()
        self._cached = 0
        self._tables = [_jpeg_tables(level) for level in self._pages]
        for level in self._pages:
            self._check_segments(level)
        self._colour = Colour.of(self.name, page, self._sample)

    def _check_segments(self, page: Any) -> None:
        stored = self._file.filehandle.size
        offsets, counts = np.asarray(page.dataoffsets), np.asarray(page.databytecounts)
        if len(offsets) == 0 or len(offsets) != len(counts) or int((offsets + counts).max()) > stored:
            msg = f"{self.name}: the file is cut off: it ends before its pixels do; copy it again"
            raise SlideError(msg)
        rows, columns = _segment_shape(page)
        size = rows * columns * page.samplesperpixel * max(1, page.bitspersample // 8)
        if size > MAX_SEGMENT_BYTES and not _is_raw(page):
            msg = (
                f"{self.name}: stored in one compressed piece of {size >> 20} MB that can not be read in windows; "
                "convert it to a tiled pyramidal TIFF"
            )
            raise SlideError(msg)

    def _pixels(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        page = self._pages[level]
        try:
            samples = self._raw_rows(page, x, y, width, height) if _is_raw(page) else None
            if samples is None:
                samples = self._segments(level, x, y, width, height)
        except Exception as error:  # the codecs raise errors of their own
            msg = f"{self.name}: damaged near ({x}, {y}) of level {level} ({error})"
            raise SlideError(msg) from error
        return self._colour.apply(samples)

    def _raw_rows(self, page: Any, x: int, y: int, width: int, height: int) -> Segment:
        """Read rows of uncompressed strips straight from the file."""
        pixel = page.samplesperpixel * page.dtype.itemsize
        row_bytes = page.imagewidth * pixel
        rows = np.empty((height, width, page.samplesperpixel), page.dtype)
        for i in range(height):
            strip, inside = divmod(y + i, page.rowsperstrip)
            offset = page.dataoffsets[strip] + inside * row_bytes + x * pixel
            data = os.pread(self._fd, width * pixel, offset)
            stored = np.frombuffer(data, page.dtype.newbyteorder(page.parent.byteorder))
            rows[i] = stored.reshape(width, page.samplesperpixel)
        return rows

    def _segments(self, level: int, x: int, y: int, width: int, height: int) -> Segment:
        page = self._pages[level]
        rows, columns = _segment_shape(page)
        separate = int(page.planarconfig) == 2
        planes = page.samplesperpixel if separate else 1
        out = np.zeros((height, width, page.samplesperpixel), page.dtype)
        for plane in range(planes):
            target = out[..., plane : plane + 1] if separate else out
            for top, left, index in _grid(page, (x, y, width, height), plane):
                segment = self._segment(level, index)
                if segment is None:
                    continue
                y0, x0 = max(y, top), max(x, left)
                y1 = min(y + height, top + min(rows, segment.shape[0]))
                x1 = min(x + width, left + min(columns, segment.shape[1]))
                if y1 > y0 and x1 > x0:
                    target[y0 - y : y1 - y, x0 - x : x1 - x] = segment[y0 - top : y1 - top, x0 - left : x1 - left]
        return out

    def _segment(self, level: int, index: int) -> Segment | None:
        """Decode a tile or strip, (rows, columns, samples); None when the file leaves it out."""
        key = (level, index)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        page = self._pages[level]
        count = page.databytecounts[index]
        if count == 0:
            return None
        data = os.pread(self._fd, count, page.dataoffsets[index])
        decoded, _, _ = page.decode(data, index, _fullsize=False, **self._tables[level])
        if decoded is None:
            return None
        segment: Segment = np.asarray(decoded)[0]
        with self._lock:
            if key not in self._cache:
                self._cache[key] = segment
                self._cached += segment.nbytes
            while self._cached > CACHE_BYTES and len(self._cache) > 1:
                self._cached -= self._cache.popitem(last=False)[1].nbytes
        return segment

    def _sample(self) -> Iterator[Segment]:
        """Yield pieces of the smallest level, to see which part of 16 bits is in use."""
        page, last = self._pages[-1], len(self._pages) - 1
        if _is_raw(page):
            step = max(1, page.imagelength // 256)
            for y in range(0, page.imagelength, step):
                yield self._raw_rows(page, 0, y, page.imagewidth, 1)
            return
        total = len(page.dataoffsets)
        for index in range(0, total, max(1, total // 64)):
            segment = self._segment(last, index)
            if segment is not None:
                yield segment

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._cache.clear()
            self._cached = 0
        self._shut()

    def _shut(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._file.close()


def _is_raw(page: Any) -> bool:
    """Whether pixels lie in the file as they are, so that rows need no decoding."""
    plain = int(page.compression) == 1 and int(page.predictor) == 1 and int(page.fillorder) == 1
    contiguous = not page.is_tiled and int(page.planarconfig) == 1
    return plain and contiguous and page.bitspersample in {8, 16, 32} and page.dtype is not None


def _jpeg_tables(page: Any) -> dict[str, Any]:
    """Return what the decoder of JPEG tiles wants besides their bytes."""
    if int(page.compression) not in {6, 7, 34892, 33007}:
        return {}
    return {"jpegtables": page.jpegtables, "jpegheader": page.jpegheader}


def _segment_shape(page: Any) -> tuple[int, int]:
    if page.is_tiled:
        return int(page.tilelength), int(page.tilewidth)
    return min(int(page.rowsperstrip), int(page.imagelength)), int(page.imagewidth)


def _grid(page: Any, window: Rectangle, plane: int) -> Iterator[tuple[int, int, int]]:
    """Top, left and index of each tile or strip that a window touches."""
    x, y, width, height = window
    rows, columns = _segment_shape(page)
    across, down = math.ceil(page.imagewidth / columns), math.ceil(page.imagelength / rows)
    for row in range(y // rows, (y + height - 1) // rows + 1):
        for column in range(x // columns, (x + width - 1) // columns + 1):
            yield row * rows, column * columns, (plane * down + row) * across + column
