"""Slides of any format, read window by window at any zoom level."""

from algorithms.toolkit.slides.base import Level, Slide
from algorithms.toolkit.slides.open import open_slide

__all__ = ["Level", "Slide", "open_slide"]
