"""Single objects on tiles of any zoom level, joined across tiles (algorithms.md 6.2).

Every tile is read with a margin as wide as the threshold looks, levels that concern the whole slide come from windows
of their own, and pieces are joined along the seams of tiles: so the objects do not depend on the size of the tiles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from algorithms.object_finder.threshold import Grey, Mask, mean_threshold, otsu_level
from algorithms.toolkit.geometry import union_touching
from algorithms.toolkit.geometry.rings import Rings, concatenate
from algorithms.toolkit.geometry.seams import join_at_seams
from algorithms.toolkit.geometry.simplify import simplify
from algorithms.toolkit.geometry.trace import trace
from algorithms.toolkit.tiles import Tile, map_in_order, tile_grid
from algorithms.toolkit.tiles.sampling import background_level, grey_histogram

Filter = Literal["adaptive", "binary", "otsu"]
#: x, y, width, height of a window of the zoom level to RGB.
Read = Callable[[int, int, int, int], NDArray[np.uint8]]

#: The adaptive filter: dark is this much below the mean of this block.
BLOCK, CONSTANT = 71, 3
#: The binary filter: dark is below this.
DARK = 128


@dataclass(frozen=True)
class ObjectParameters:
    """How to find objects.

    Attributes
    ----------
    filter : "adaptive", "binary" or "otsu"
        Darker than the mean of 71 x 71 pixels minus 3; darker than 128; darker than Otsu's level of the slide.
    zoom : int
        The slide is down-sampled by 2**zoom.
    bright : bool
        Look for bright objects on a dark ground instead, such as fluorescence.
    tile_size, tile_overlap : int
        In pixels of the zoom level. A tile is read with as much of its neighbours as the overlap says (at least 35, for
        the adaptive filter), and gives the objects of its own part.
    background_contrast : int
        Grey levels by which an object's pixels differ from the slide's background at least; 0 turns the rule off.
    min_area, max_area : float
        Area of an object after joining, in full-resolution pixels, both exclusive.
    union_distance, union_min_length : float
        Objects at a seam that do not share an edge are joined all the same when they are at most this far apart, and,
        each grown by half of it, overlap by an outline longer than this (full-resolution pixels; 0 joins no others).
    simplify_above, max_points : int
        Outlines with more corners than the first are simplified to at most the second, a ring.
    """

    filter: Filter = "adaptive"
    zoom: int = 0
    bright: bool = False
    tile_size: int = 512
    tile_overlap: int = 0
    background_contrast: int = 10
    min_area: float = 1000
    max_area: float = 10_000_000
    union_distance: float = 0
    union_min_length: float = 0
    simplify_above: int = 1000
    max_points: int = 1000


@dataclass(frozen=True)
class Levels:
    """Grey levels of the whole slide: of Otsu's parting, and below which a pixel is not background."""

    otsu: int
    ground: float


def find_objects(
    read: Read, size: tuple[int, int], parameters: ObjectParameters, workers: int | None = None
) -> Iterator[tuple[float, list[Polygon]]]:
    """Find objects tile by tile; those that reach a seam come last, joined.

    Parameters
    ----------
    read : callable
        Reads a window of the zoom level; called from several threads.
    size : (int, int)
        Width and height of the zoom level.
    parameters : ObjectParameters
    workers : int, optional
        Threads.

    Yields
    ------
    float
        Share of the tiles that are done.
    list of Polygon
        New objects in full-resolution pixels, origin top-left.
    """

    def grey(x: int, y: int, width: int, height: int) -> Grey:
        return to_grey(read(x, y, width, height), parameters.bright)

    levels = slide_levels(grey, size, parameters)
    tiles = tile_grid(*size, parameters.tile_size)
    margin = max(parameters.tile_overlap, BLOCK // 2)

    def pieces(tile: Tile) -> tuple[list[Polygon], Rings]:
        x, y, width, height = tile.with_margin(margin, size)
        mask = dark_mask(grey(x, y, width, height), levels, parameters)
        own = mask[tile.y - y : tile.y - y + tile.height, tile.x - x : tile.x - x + tile.width]
        return regions_of_tile(own, tile, size, parameters)

    cut: list[Rings] = []
    for number, (whole, open_ended) in enumerate(map_in_order(pieces, tiles, workers), start=1):
        cut.append(open_ended)
        yield number / len(tiles), whole
    seams_x, seams_y = (np.unique([tile[axis] for tile in tiles])[1:] for axis in (0, 1))
    yield 1.0, join_pieces(cut, seams_x, seams_y, parameters)


def regions_of_tile(
    mask: Mask, tile: Tile, size: tuple[int, int], parameters: ObjectParameters
) -> tuple[list[Polygon], Rings]:
    """Outline the regions of a tile's mask.

    Returns
    -------
    list of Polygon
        Objects of the right size that lie within the tile, in full-resolution pixels.
    Rings
        Regions at a seam, in pixels of the zoom level.
    """
    count, found, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(mask).view(np.uint8), connectivity=4)
    labels, stats = np.asarray(found, np.int32), np.asarray(stats)
    left, top, width, height, pixels = stats.T
    reach = math.ceil(parameters.union_distance / 2**parameters.zoom)
    at_seam = ((left <= reach) & (tile.x > 0)) | ((top <= reach) & (tile.y > 0))
    at_seam |= (left + width + reach >= tile.width) & (tile.x + tile.width < size[0])
    at_seam |= (top + height + reach >= tile.height) & (tile.y + tile.height < size[1])
    kept = at_seam | _right_size(pixels * 4.0**parameters.zoom, parameters)
    kept[0] = False  # the background
    numbers = np.where(kept, np.arange(count), 0).astype(np.int32)
    rings = trace(numbers[labels])  # what is dropped anyway is not even traced
    open_ended = at_seam[rings.owners]
    whole = rings.select(~open_ended).polygons((tile.x, tile.y), 2**parameters.zoom)
    pieces = rings.select(open_ended)
    shifted = pieces.points + np.array([tile.x, tile.y], np.int32)
    return _spare_corners(whole, parameters), replace(pieces, points=shifted)


def join_pieces(
    pieces: list[Rings], seams_x: NDArray[np.int64], seams_y: NDArray[np.int64], parameters: ObjectParameters
) -> list[Polygon]:
    """Join the regions at seams, and keep the objects of the right size."""
    joined = join_at_seams(concatenate(pieces), seams_x, seams_y)
    scale = 2**parameters.zoom
    if parameters.union_distance == 0:
        kept = _right_size(joined.region_areas() * float(scale) ** 2, parameters)
        return _spare_corners(joined.select(kept[joined.owners]).polygons(scale=scale), parameters)
    near = union_touching(joined.polygons(scale=scale), parameters.union_distance, parameters.union_min_length)
    kept = _right_size(shapely.area(np.asarray(near, dtype=object)), parameters)
    return _spare_corners([shape for shape, chosen in zip(near, kept, strict=True) if chosen], parameters)


def to_grey(pixels: NDArray[np.uint8], bright: bool) -> Grey:
    """Turn RGB into grey on which objects are dark."""
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY), np.uint8)
    return 255 - grey if bright else grey


def slide_levels(grey: Callable[[int, int, int, int], Grey], size: tuple[int, int], p: ObjectParameters) -> Levels:
    """Measure the grey levels that hold for the whole slide."""
    if p.filter != "otsu" and p.background_contrast == 0:
        return Levels(0, np.inf)
    histogram = grey_histogram(grey, size)
    level = otsu_level(histogram)
    ground = background_level(histogram, level) - p.background_contrast if p.background_contrast else np.inf
    return Levels(level, ground)


def dark_mask(grey: Grey, levels: Levels, parameters: ObjectParameters) -> Mask:
    """Return which pixels belong to objects, (height, width) bool."""
    dark: Mask
    if parameters.filter == "adaptive":
        dark = mean_threshold(grey, BLOCK, CONSTANT)
    elif parameters.filter == "binary":
        dark = grey < DARK
    else:
        dark = grey <= levels.otsu
    if np.isfinite(levels.ground):
        # The noise of blank glass is darker than its own mean half of the time, but never much darker than glass.
        dark &= np.asarray(cv2.blur(grey, (3, 3))) < levels.ground
    return dark


def _right_size(areas: NDArray[np.float64], p: ObjectParameters) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = (areas > p.min_area) & (areas < p.max_area)
    return kept


def _spare_corners(found: list[Polygon], p: ObjectParameters) -> list[Polygon]:
    corners = shapely.get_num_coordinates(np.asarray(found, dtype=object))
    return [
        simplify(shape, p.max_points) if count > p.simplify_above else shape
        for shape, count in zip(found, np.atleast_1d(corners), strict=True)
    ]
