"""Tiled pyramidal TIFF from any slide, written as a stream: a band of tiles of each level is all that is in memory.

The full resolution is read once. Each band, halved, goes on to the next level; encoded tiles of the smaller levels
wait in a scratch file until the full level is written. Levels follow each other as reduced pages, which OpenSlide,
libvips, QuPath and this program read.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, Literal

import cv2
import imagecodecs
import numpy as np
import tifffile

from algorithms.toolkit.slides.base import Pixels, Slide

Compression = Literal["jpeg", "deflate"]
WORKERS = os.cpu_count() or 1


def write_pyramid(
    slide: Slide, path: str | Path, compression: Compression = "jpeg", quality: int = 85, tile: int = 256
) -> Path:
    """Write a slide as a tiled pyramid, each level half of the one before, down to one tile.

    Parameters
    ----------
    slide : Slide
    path : str or Path
        The file to write; it appears when it is complete.
    compression : "jpeg" or "deflate"
        Deflate keeps every pixel.
    quality : int
        Of JPEG, 1 to 100.
    tile : int
        Side of the tiles, a multiple of 16.

    Raises
    ------
    SlideError
        When the slide can not be read.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    try:
        with (
            tempfile.TemporaryFile(dir=path.parent) as spool,
            ThreadPoolExecutor(WORKERS) as pool,
            tifffile.TiffWriter(part, bigtiff=slide.width * slide.height > 1 << 29) as file,
        ):
            levels = _plan(slide, tile, _Encoder(compression, quality, pool), spool)
            _write(file, slide, levels, compression)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


class _Encoder:
    def __init__(self, compression: Compression, quality: int, pool: ThreadPoolExecutor) -> None:
        self.compression, self.quality, self.pool = compression, quality, pool

    def row(self, band: Pixels, tile: int) -> list[bytes]:
        """Encode a band of rows as tiles; what lacks to whole tiles repeats the edge, which compresses best."""
        height, width, _ = band.shape
        padded = np.pad(band, ((0, tile - height), (0, -width % tile), (0, 0)), mode="edge")
        cut = (np.ascontiguousarray(padded[:, x : x + tile]) for x in range(0, width, tile))
        return list(self.pool.map(self._one, cut))

    def _one(self, pixels: Pixels) -> bytes:
        if self.compression == "deflate":
            return bytes(imagecodecs.zlib_encode(pixels.tobytes(), level=6))
        # Stains are told apart by their colour: it keeps its full resolution.
        return bytes(imagecodecs.jpeg8_encode(pixels, level=self.quality, subsampling="444"))


class _Level:
    """One reduced level: rows come in, encoded tiles go to the scratch file, halved rows go to the next level."""

    def __init__(self, size: tuple[int, int], tile: int, encoder: _Encoder, spool: IO[bytes]) -> None:
        self.width, self.height = size
        self.tile = tile
        self.below: _Level | None = None
        self._encoder, self._spool = encoder, spool
        self._rows: list[Pixels] = []
        self._waiting = 0
        self._places: list[tuple[int, int]] = []

    def add(self, rows: Pixels) -> None:
        """Take rows, from top to bottom; rows beyond the level's height fall away."""
        self._rows.append(rows)
        self._waiting += len(rows)
        while self._waiting >= self.tile:
            self._flush(self.tile)

    def finish(self) -> None:
        """Take what is left as the last, lower row of tiles."""
        if self._waiting:
            self._flush(self._waiting)
        if self.below is not None:
            self.below.finish()

    def tiles(self) -> Iterator[bytes]:
        """Encoded tiles, row by row."""
        for place, length in self._places:
            self._spool.seek(place)
            yield self._spool.read(length)

    def pass_on(self, band: Pixels) -> None:
        """Give a band, halved, to the next level."""
        if self.below is not None:
            size = (self.below.width, len(band) // 2)
            if size[1]:
                even = np.ascontiguousarray(band[: 2 * size[1], : 2 * size[0]])
                self.below.add(np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.uint8))

    def _flush(self, count: int) -> None:
        joined = np.concatenate(self._rows)
        band, rest = joined[:count], joined[count:]
        self._rows, self._waiting = [rest], len(rest)
        for data in self._encoder.row(band, self.tile):
            place = self._spool.seek(0, os.SEEK_END)
            self._spool.write(data)
            self._places.append((place, len(data)))
        self.pass_on(band)


def _plan(slide: Slide, tile: int, encoder: _Encoder, spool: IO[bytes]) -> list[_Level]:
    sizes = [slide.zoom_size(0)]
    while max(sizes[-1]) > tile:
        sizes.append(slide.zoom_size(len(sizes)))
    levels = [_Level(size, tile, encoder, spool) for size in sizes]
    for level, below in pairwise(levels):
        level.below = below
    return levels


def _write(file: tifffile.TiffWriter, slide: Slide, levels: list[_Level], compression: Compression) -> None:
    def full() -> Iterator[bytes]:
        top = levels[0]
        for y in range(0, top.height, top.tile):
            band = slide.read(0, y, top.width, min(top.tile, top.height - y))
            top.pass_on(band)  # before the last tile goes out: nobody asks for more after it
            yield from top._encoder.row(band, top.tile)  # noqa: SLF001 - of this file

    for number, level in enumerate(levels):
        if number == 1:
            level.finish()
        factor = level.width / slide.width
        options: dict[str, Any] = {}
        if slide.mpp is not None:
            options = {
                "resolution": tuple(1e4 / size * factor for size in slide.mpp),
                "resolutionunit": "CENTIMETER",
            }
        if number == 0 and slide.magnification is not None:
            options["description"] = f"AppMag = {slide.magnification:g}"
        file.write(
            full() if number == 0 else level.tiles(),
            shape=(level.height, level.width, 3),
            dtype=np.uint8,
            tile=(level.tile, level.tile),
            photometric="ycbcr" if compression == "jpeg" else "rgb",
            planarconfig="contig",
            subsampling=(1, 1) if compression == "jpeg" else None,
            compression=compression,
            subfiletype=int(number > 0),
            metadata=None,
            **options,
        )
