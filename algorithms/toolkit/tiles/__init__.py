"""A slide in tiles: the grid, the background, the tissue, the workers."""

from algorithms.toolkit.tiles.grid import Tile, tile_grid
from algorithms.toolkit.tiles.tissue import TissueMask, find_tissue
from algorithms.toolkit.tiles.workers import map_in_order

__all__ = ["Tile", "TissueMask", "find_tissue", "map_in_order", "tile_grid"]
