"""From the samples that a TIFF page stores to RGB of 8 bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import SlideError
from algorithms.toolkit.slides.base import Pixels

#: PhotometricInterpretation
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
#: Compressions whose decoder gives RGB for stored YCbCr: JPEG (old, new, lossy), JPEG 2000, WebP, JPEG XR, JPEG XL.
DECODED_TO_RGB = {6, 7, 34892, 33003, 33004, 33005, 34712, 50001, 34933, 34934, 50002, 52546}
#: ExtraSamples: alpha that is, or is not, multiplied into the colours
ASSOCIATED, UNASSOCIATED = 1, 2


@dataclass(frozen=True)
class Colour:
    """How to turn (rows, columns, samples) of one file into RGB, or RGBA where the file has alpha."""

    photometric: int
    low: float
    high: float
    palette: Pixels | None
    alpha: bool

    @classmethod
    def of(cls, name: str, page: Any, sample: Callable[[], Iterable[NDArray[Any]]]) -> Colour:
        """Read the rule from a page; `sample` yields a few of its pixels.

        A file of 16 bits or of floats rarely uses its whole range (a camera of 12 bits fills 16): 16-bit values are
        scaled by the smallest power of two that holds the sampled maximum, floats by the sampled range.
        """
        photometric = int(page.photometric)
        stored_ycbcr = photometric == YCBCR and int(page.compression) not in DECODED_TO_RGB
        if photometric not in {WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR} or stored_ycbcr:
            msg = f"{name}: TIFF colour space {page.photometric!r} is not supported; convert the file to RGB"
            raise SlideError(msg)
        if page.dtype is None or page.dtype.kind not in "uif" + "b":
            msg = f"{name}: TIFF samples of {page.bitspersample} bits are not supported; convert them to 8 or 16 bits"
            raise SlideError(msg)
        palette = None
        if photometric == PALETTE:
            palette = (np.asarray(page.colormap).T >> 8).astype(np.uint8)
        low, high = 0.0, 1.0
        if palette is None and page.dtype != np.uint8:
            low, high = _range(page, sample())
        extra = [int(kind) for kind in page.extrasamples]
        colours = 3 if photometric in {RGB, YCBCR} else 1
        alpha = extra[:1] in ([ASSOCIATED], [UNASSOCIATED]) and page.samplesperpixel > colours
        return cls(photometric, low, high, palette, alpha)

    def apply(self, samples: NDArray[Any]) -> Pixels:
        """Turn (rows, columns, samples) into (rows, columns, 3 or 4) of 8 bits."""
        if self.palette is not None:
            return self.palette[np.minimum(samples[..., 0], len(self.palette) - 1)]
        values = samples if samples.dtype == np.uint8 else self._to_bytes(samples)
        if self.photometric == WHITE_IS_ZERO:
            values = 255 - values
        count = values.shape[2]
        if count < 3:
            colours = np.repeat(values[..., :1], 3, axis=2)
            return np.concatenate([colours, values[..., 1:2]], axis=2) if self.alpha else colours
        if self.photometric == BLACK_IS_ZERO and not self.alpha:
            return np.repeat(values[..., :1], 3, axis=2)
        return values[..., : 4 if self.alpha and count > 3 else 3]

    def _to_bytes(self, samples: NDArray[Any]) -> Pixels:
        scale = 255.0 / (self.high - self.low)
        scaled = (samples.astype(np.float32) - np.float32(self.low)) * np.float32(scale)
        return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _range(page: Any, pieces: Iterable[NDArray[Any]]) -> tuple[float, float]:
    """Values that become 0 and 255."""
    if page.dtype.kind == "b" or page.bitspersample < 8:
        return 0.0, float(2**page.bitspersample - 1)
    low, high = np.inf, -np.inf
    for piece in pieces:
        finite = piece[np.isfinite(piece)] if page.dtype.kind == "f" else piece
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    if not np.isfinite(high):
        return 0.0, 1.0
    if page.dtype.kind == "u":
        return 0.0, float(2 ** max(8, int(high).bit_length()) - 1)
    return low, high if high > low else low + 1.0
