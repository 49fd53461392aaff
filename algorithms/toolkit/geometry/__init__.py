"""Masks to polygons and back, the one flip of the y axis, union across tiles, GeoJSON."""

from algorithms.toolkit.geometry.coordinates import from_cytomine, to_cytomine
from algorithms.toolkit.geometry.rasterize import mask_from_polygon
from algorithms.toolkit.geometry.union import union_touching
from algorithms.toolkit.geometry.validity import make_valid_polygons
from algorithms.toolkit.geometry.vectorize import polygons_from_labels, polygons_from_mask

__all__ = [
    "from_cytomine",
    "make_valid_polygons",
    "mask_from_polygon",
    "polygons_from_labels",
    "polygons_from_mask",
    "to_cytomine",
    "union_touching",
]
