"""What a subwindow is: its size, where it may lie, how it is resampled and in which colours it is described."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from algorithms.toolkit.errors import ParameterError


class Colour(IntEnum):
    """Colours of a feature vector, with the codes of the historical parameter, in 8 bits.

    HSV: hue 0 to 255 for the whole circle, saturation and value 0 to 255. TRGB: every channel of a window minus its
    mean over its standard deviation, 32 grey levels a deviation around 128. GRAY: the mean of the three channels.
    """

    RGB = 0
    TRGB = 1
    HSV = 2
    GRAY = 3

    @property
    def channels(self) -> int:
        """Values a pixel."""
        return 1 if self is Colour.GRAY else 3


class Interpolation(IntEnum):
    """Filters, with the codes of the historical parameter; all but the first average over the area when shrinking."""

    NEAREST = 1
    BILINEAR = 2
    CUBIC = 3
    ANTIALIAS = 4


@dataclass(frozen=True)
class WindowSpec:
    """How random subwindows are drawn and described.

    Attributes
    ----------
    width, height : int
        Size of the described window in pixels.
    min_size, max_size : float
        Limits of a window's side as a fraction of the image's smaller side.
    fixed_size : bool
        Cut windows of exactly `width` x `height`; an image smaller than that is resized as a whole.
    interpolation : Interpolation
    colour : Colour
    transpose : bool
        Turn and mirror every window at random, by one of the eight symmetries of the square (of the rectangle: four).
    exact : bool
        Resample large windows in one step, to the bit as Pillow does. Otherwise windows four times as large as their
        result or more are cut from the image halved (once, twice, ...), which Pillow does too where it is given a
        `reducing_gap` of 2: a third of the work, and values that differ by about one grey level.
    max_angle : float
        Rotate every window by a random angle up to this many degrees; pixels are then averaged over their area
        whatever the filter (nearest excepted), and what lies outside the image repeats its border.
    """

    width: int = 16
    height: int = 16
    min_size: float = 0.5
    max_size: float = 1.0
    fixed_size: bool = False
    interpolation: Interpolation = Interpolation.BILINEAR
    colour: Colour = Colour.HSV
    transpose: bool = False
    max_angle: float = 0.0
    exact: bool = False

    def __post_init__(self) -> None:
        """Refuse sizes that describe no window."""
        if self.width < 1 or self.height < 1:
            msg = f"a window of {self.width} x {self.height} pixels is empty: width and height must be at least 1"
            raise ParameterError(msg)
        if not 0 <= self.min_size <= self.max_size <= 1:
            msg = f"sizes must satisfy 0 <= min_size <= max_size <= 1, got {self.min_size} and {self.max_size}"
            raise ParameterError(msg)
        if not 0 <= self.max_angle <= 180:
            msg = f"max_angle must lie between 0 and 180 degrees, got {self.max_angle}"
            raise ParameterError(msg)

    @property
    def n_features(self) -> int:
        """Length of a feature vector: pixels in rows, channels interleaved."""
        return self.width * self.height * self.colour.channels
