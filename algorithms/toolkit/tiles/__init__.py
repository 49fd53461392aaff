"""A slide in tiles: the grid, the background, the workers."""

from algorithms.toolkit.tiles.grid import Tile, tile_grid
from algorithms.toolkit.tiles.workers import map_in_order

__all__ = ["Tile", "map_in_order", "tile_grid"]
