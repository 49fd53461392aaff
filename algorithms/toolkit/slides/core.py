"""A slide that a Core serves: windows through its REST, behind the same interface as a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Protocol

import numpy as np
from PIL import Image

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.base import Level, Pixels, Slide
from algorithms.toolkit.slides.resample import resize
from router.errors import CoreError, CoreUnavailable

#: A window or thumbnail above this is not a picture of what was asked for.
MAX_BYTES = 512 << 20
PAUSES = (0.5, 1, 2, 4)


class Download(Protocol):
    """The part of the connection to a Core that reads bytes."""

    def download(self, uri: str, target: BytesIO, limit: int) -> int:
        """Write what lies at /api/`uri` to `target`."""


class CoreSlide(Slide):
    """An image instance; every window is a PNG, so that results equal those on the file.

    Parameters
    ----------
    api : Download
        The connection, safe to use from several threads.
    facts : mapping
        The image instance as the Core lists it.
    """

    def __init__(self, api: Download, facts: Mapping[str, Any]) -> None:
        self._api, self._id = api, int(facts["id"])
        self.name = str(facts.get("instanceFilename") or facts.get("originalFilename") or self._id)
        width, height = int(facts.get("width") or 0), int(facts.get("height") or 0)
        if width <= 0 or height <= 0:
            msg = f"{self.name}: the server does not know the size of image {self._id}; was it read at all?"
            raise SlideError(msg)
        zooms = range(max(0, (max(width, height) - 1).bit_length() - 8) + 1)
        self.levels = tuple(Level(max(1, width >> z), max(1, height >> z), float(1 << z)) for z in zooms)
        across, down = facts.get("physicalSizeX"), facts.get("physicalSizeY")
        self.mpp = (float(across), float(down)) if across and down else None
        self.magnification = float(facts["magnification"]) if facts.get("magnification") else None
        self.format = "cytomine"

    def _pixels(self, level: int, x: int, y: int, width: int, height: int) -> Pixels:
        window = f"window-{x << level}-{y << level}-{width << level}-{height << level}.png"
        return self._fetch(f"imageinstance/{self._id}/{window}?zoom={level}&bits=8", (width, height))

    def thumbnail_with_alpha(self, max_size: int) -> Pixels:
        """Read the server's own thumbnail; RGBA where the server tells which pixels are valid."""
        size = self.thumbnail_size(max_size)
        return self._fetch(f"imageinstance/{self._id}/thumb.png?maxSize={max_size}&bits=8", size)

    def _fetch(self, uri: str, size: tuple[int, int]) -> Pixels:
        data = BytesIO()
        for pause in (*PAUSES, None):
            data.seek(0)
            data.truncate()
            try:
                self._api.download(uri, data, MAX_BYTES)
                break
            except CoreError as error:
                if pause is None or not isinstance(error, CoreUnavailable):
                    msg = f"{self.name}: the server can not show this image ({error})"
                    raise SlideError(msg) from error
                time.sleep(pause)
        try:
            picture = Image.open(data)
            mode = "RGBA" if picture.mode in {"RGBA", "LA"} else "RGB"
            pixels = np.asarray(picture.convert(mode))
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            msg = f"{self.name}: the server sent no readable picture for {uri} ({error})"
            raise SlideError(msg) from error
        return resize(pixels, size)  # servers differ in how they round

    def close(self) -> None:
        """Nothing is open; the connection belongs to whoever made it."""
