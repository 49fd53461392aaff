"""Samples of tissue on a thumbnail: what is darker than the glass around it (algorithms.md 6.1).

After the published Segment-CV-AdaptThres-Sample: an adaptive threshold with a neighbourhood of half the picture, a
closing, regions with holes along the edges of pixels, a least area.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from shapely import Polygon

from algorithms.object_finder.threshold import adaptive_threshold
from algorithms.toolkit.geometry import polygons_from_mask

#: Side of the square that erosion and dilation move.
ELEMENT = 5


@dataclass(frozen=True)
class TissueParameters:
    """How to find tissue.

    Attributes
    ----------
    max_image_size : int
        Longest side of the thumbnail, in pixels.
    block : int
        Side of the neighbourhood, in pixels of the thumbnail; odd.
    constant : float
        Grey levels by which glass is brighter than the mean around it minus this.
    erosions, dilations : int
        Steps of the closing: tissue first grows, then shrinks.
    min_area_percent : float
        Least area of a sample, in percent of the slide.
    """

    max_image_size: int = 2048
    block: int = 951
    constant: float = 5
    erosions: int = 3
    dilations: int = 3
    min_area_percent: float = 5


def find_tissue(pixels: NDArray[np.uint8], parameters: TissueParameters, size: tuple[int, int]) -> list[Polygon]:
    """Outline the samples on a thumbnail.

    Parameters
    ----------
    pixels : (height, width, 3 or 4) uint8
        The whole slide, RGB or RGBA; transparent pixels were never scanned and take part in nothing.
    parameters : TissueParameters
    size : (int, int)
        Width and height of the slide at full resolution.

    Returns
    -------
    list of Polygon
        In full-resolution pixels, origin top-left.
    """
    mask = tissue_mask(pixels, parameters)
    height, width = mask.shape
    polygons = polygons_from_mask(mask, scale=(size[0] / width, size[1] / height))
    least = int(parameters.min_area_percent / 100 * size[0] * size[1])
    return [polygon for polygon in polygons if polygon.area > least]


def tissue_mask(pixels: NDArray[np.uint8], parameters: TissueParameters) -> NDArray[np.bool_]:
    """Return where the tissue is, (height, width) bool."""
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY), np.uint8)
    valid = pixels[..., 3] > 0 if pixels.shape[2] == 4 else None
    white = adaptive_threshold(grey, valid, parameters.block, parameters.constant).astype(np.uint8)
    square = np.ones((ELEMENT, ELEMENT), np.uint8)
    white = np.asarray(cv2.erode(white, square, iterations=parameters.erosions))
    white = np.asarray(cv2.dilate(white, square, iterations=parameters.dilations))
    tissue: NDArray[np.bool_] = white == 0
    return tissue if valid is None else tissue & valid
