"""Plain pictures, PNG and JPEG: these formats have no windows, so one is decoded once, up to a bounded size."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.base import Level, Pixels, Slide

#: Pictures above this are refused: they would have to be decoded whole.
MAX_PIXELS = 200_000_000


class PillowSlide(Slide):
    """One picture; decoded at the first read and kept."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._lock = threading.Lock()
        self._decoded: Pixels | None = None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                self._picture = Image.open(path, formats=("PNG", "JPEG"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            msg = f"{path.name}: not a readable PNG or JPEG picture ({error})"
            raise SlideError(msg) from error
        width, height = self._picture.size
        if width * height > MAX_PIXELS:
            self._picture.close()
            msg = (
                f"{path.name}: {width} x {height} pixels can not be read in windows from a PNG or JPEG; "
                "convert it to a pyramidal TIFF"
            )
            raise SlideError(msg)
        self.levels = (Level(width, height, 1.0),)
        self.format = str(self._picture.format).lower()
        self.channels = len(self._picture.getbands())
        self.bits = 16 if self._picture.mode.startswith("I") else 8

    def _pixels(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:  # noqa: ARG002 - there is one
        return self._whole()[y : y + height, x : x + width]

    def _whole(self) -> Pixels:
        with self._lock:
            if self._decoded is None:
                self._decoded = self._decode()
            return self._decoded

    def _decode(self) -> Pixels:
        transparent = self._picture.mode in {"RGBA", "LA", "PA"} or "transparency" in self._picture.info
        try:
            if self._picture.mode.startswith("I"):
                grey = (np.asarray(self._picture, np.uint32) >> 8).clip(0, 255).astype(np.uint8)
                return np.repeat(grey[..., None], 3, axis=2)
            return np.asarray(self._picture.convert("RGBA" if transparent else "RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            msg = f"{self.name}: damaged picture ({error}); copy the file again"
            raise SlideError(msg) from error

    def close(self) -> None:
        """Close the file and forget its pixels."""
        with self._lock:
            self._decoded = None
            self._picture.close()
