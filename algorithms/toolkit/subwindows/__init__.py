"""Random and regular subwindows of images, described by 8-bit values; compiled, imported without numba."""

from algorithms.toolkit.subwindows.extract import grid_boxes, random_windows, stream_windows, three_channels, windows_at
from algorithms.toolkit.subwindows.spec import Colour, Interpolation, WindowSpec

__all__ = [
    "Colour",
    "Interpolation",
    "WindowSpec",
    "grid_boxes",
    "random_windows",
    "stream_windows",
    "three_channels",
    "windows_at",
]
