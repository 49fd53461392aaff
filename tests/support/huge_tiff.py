"""A tiled pyramidal BigTIFF as large as one likes: every tile of a level is the same encoded JPEG."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

TILE = 256


def _jpeg(seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).resize((TILE, TILE), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def write_huge_tiff(path: Path, width: int, height: int) -> Path:
    """Write the file: halved levels down to one tile, offsets that all point at the level's one tile."""
    sizes = [(width, height)]
    while max(sizes[-1]) > TILE:
        sizes.append((max(1, sizes[-1][0] // 2), max(1, sizes[-1][1] // 2)))
    with path.open("wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        link = 8
        for level, size in enumerate(sizes):
            tags, start = _level(file, level, size)
            file.seek(link)
            file.write(struct.pack("<Q", start))
            file.seek(0, io.SEEK_END)
            file.write(struct.pack("<Q", len(tags)) + b"".join(tags))
            link = file.tell()
            file.write(struct.pack("<Q", 0))
    return path


def _level(file: io.BufferedWriter, level: int, size: tuple[int, int]) -> tuple[list[bytes], int]:
    """Write a level's tile and tables; its tags, and where its directory will stand."""
    tile = _jpeg(level)
    at = file.tell()
    file.write(tile)
    count = -(-size[0] // TILE) * -(-size[1] // TILE)
    offsets = file.tell()
    file.write(np.full(count, at, "<u8").tobytes())
    lengths = file.tell()
    file.write(np.full(count, len(tile), "<u8").tobytes())

    def short(tag: int, *values: int) -> bytes:
        return struct.pack("<HHQ", tag, 3, len(values)) + struct.pack("<4H", *values, *[0] * (4 - len(values)))

    def long(tag: int, value: int) -> bytes:
        return struct.pack("<HHQQ", tag, 4, 1, value)

    def table(tag: int, where: int, value: int) -> bytes:
        return struct.pack("<HHQQ", tag, 16, count, where if count > 1 else value)

    tags = [
        long(254, int(level > 0)), long(256, size[0]), long(257, size[1]), short(258, 8, 8, 8), short(259, 7),
        short(262, 6), short(277, 3), short(284, 1), short(322, TILE), short(323, TILE), table(324, offsets, at),
        table(325, lengths, len(tile)), short(530, 2, 2),
    ]  # fmt: skip
    return tags, file.tell()
