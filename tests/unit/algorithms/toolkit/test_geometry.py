"""Masks and polygons: identity there and back, whatever the mask; tiles joined as if there were none."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from algorithms.toolkit.errors import GeometryError
from algorithms.toolkit.geometry import (
    from_cytomine,
    make_valid_polygons,
    mask_from_polygon,
    polygons_from_labels,
    polygons_from_mask,
    to_cytomine,
    union_touching,
)
from algorithms.toolkit.geometry.geojson import Feature, read_geojson, write_geojson
from algorithms.toolkit.geometry.rings import concatenate
from algorithms.toolkit.geometry.seams import join_at_seams
from algorithms.toolkit.geometry.simplify import simplify
from algorithms.toolkit.geometry.trace import trace
from algorithms.toolkit.tiles import tile_grid

Mask = NDArray[np.bool_]
masks = st.tuples(st.integers(1, 14), st.integers(1, 14)).flatmap(lambda shape: arrays(np.bool_, shape))


@given(masks)
@settings(deadline=None)
def test_mask_to_polygons_to_mask_is_identity(mask: Mask) -> None:
    polygons = polygons_from_mask(mask)
    assert all(polygon.is_valid for polygon in polygons)
    assert sum(polygon.area for polygon in polygons) == mask.sum()
    drawn = sum((mask_from_polygon(p, 0, 0, mask.shape[1], mask.shape[0]).astype(int) for p in polygons), 0 * mask)
    assert np.array_equal(drawn, mask)
    regions, _ = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    assert len(polygons) == regions - 1


@given(masks, st.integers(2, 6))
@settings(deadline=None)
def test_joined_tiles_equal_the_whole(mask: Mask, side: int) -> None:
    tiles = tile_grid(mask.shape[1], mask.shape[0], side)
    pieces = []
    for tile in tiles:
        part = mask[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width].astype(np.uint8)
        _, labels = cv2.connectedComponents(part, connectivity=4)
        found = trace(np.asarray(labels, np.int32))
        pieces.append(type(found)(found.points + np.int32([tile.x, tile.y]), *list(vars(found).values())[1:]))
    seams_x, seams_y = (np.unique([tile[axis] for tile in tiles])[1:] for axis in (0, 1))
    joined = join_at_seams(concatenate(pieces), seams_x, seams_y).polygons()
    assert all(polygon.is_valid for polygon in joined)

    def normal(polygons: list[shapely.Polygon]) -> list[str]:
        return sorted(shapely.normalize(polygon).wkt for polygon in polygons)

    assert normal(joined) == normal(polygons_from_mask(mask))


def test_holes_offset_and_scale() -> None:
    ring = np.ones((3, 4), np.uint8)
    ring[1, 1] = 0
    (polygon,) = polygons_from_mask(ring, offset=(10, 20), scale=(2, 4))
    assert polygon.bounds == (20, 80, 28, 92)
    assert [hole.bounds[0] == 22 for hole in polygon.interiors] == [True]
    assert polygon.area == 11 * 8


def test_labels_side_by_side_stay_apart() -> None:
    polygons, names = polygons_from_labels(np.array([[1, 1, 2], [0, 2, 2]], np.int32))
    assert [(p.area, int(name)) for p, name in zip(polygons, names, strict=True)] == [(2, 1), (3, 2)]


def test_a_window_of_a_polygon_follows_pixel_centres() -> None:
    circle = shapely.Point(100, 100).buffer(40, quad_segs=64)
    mask = mask_from_polygon(circle, 10, 12, 20, 18, scale=4)
    yy, xx = np.mgrid[12:30, 10:30]
    inside = shapely.contains_xy(circle, (xx + 0.5) * 4, (yy + 0.5) * 4)
    assert np.array_equal(mask, inside)
    assert not mask_from_polygon(shapely.Point(1, 1), 0, 0, 3, 3).any()


def test_the_flip_is_its_own_inverse() -> None:
    shape = shapely.box(10, 20, 30, 50).difference(shapely.box(12, 22, 14, 24))
    flipped = to_cytomine(shape, 100)
    assert flipped.bounds == (10, 50, 30, 80)
    assert from_cytomine(flipped, 100).equals(shape)


def test_union_by_contact_and_by_distance() -> None:
    corner = [shapely.box(0, 0, 1, 1), shapely.box(1, 1, 2, 2)]
    assert len(union_touching(corner)) == 2
    edge = [shapely.box(0, 0, 1, 1), shapely.box(9, 9, 10, 10), shapely.box(1, 0, 2, 1), shapely.box(2, 0, 3, 1)]
    assert [p.area for p in union_touching(edge)] == [3, 1]
    apart = [shapely.box(0, 0, 10, 10), shapely.box(13, 0, 20, 10)]
    assert len(union_touching(apart, distance=2)) == 2
    (closed,) = union_touching(apart, distance=4)
    assert closed.area == pytest.approx(200)
    assert len(union_touching(apart, distance=4, min_length=100)) == 2


def test_repair_keeps_areas_only() -> None:
    collection = shapely.GeometryCollection([shapely.Point(0, 0), shapely.MultiPolygon([shapely.box(0, 0, 2, 2)])])
    assert [p.area for p in make_valid_polygons(collection)] == [4]
    assert make_valid_polygons(shapely.box(0, 0, 1, 1), min_area=1) == []


def test_simplified_outlines_stay_valid_and_close() -> None:
    rng = np.random.default_rng(3)
    mask = cv2.blur(rng.random((300, 300)).astype(np.float32), (25, 25)) > 0.5
    for polygon in polygons_from_mask(mask):
        if shapely.get_num_coordinates(polygon) > 200:
            simpler = simplify(polygon, 100)
            assert simpler.is_valid
            assert len(simpler.interiors) <= len(polygon.interiors)
            assert shapely.get_num_coordinates(simpler) <= 100 * (1 + len(polygon.interiors))
            assert simpler.symmetric_difference(polygon).area < 0.1 * polygon.area


@pytest.mark.parametrize("name", ["a.geojson", "a.geojson.gz"])
def test_geojson_is_what_qupath_opens(name: str, tmp_path: Path) -> None:
    holed = shapely.box(0, 0, 4, 4).difference(shapely.box(1, 1, 2, 2))
    features = [
        Feature(shapely.MultiPolygon([holed]), "Tumour", (255, 0, 1), {"Area": 15.0}),
        Feature(shapely.box(0, 0, 1, 1)),
    ]
    assert write_geojson(tmp_path / name, iter(features)) == 2
    assert [file.name for file in tmp_path.iterdir()] == [name]
    first, second = read_geojson(tmp_path / name)
    assert isinstance(first.geometry, shapely.Polygon)
    assert (first.classification, first.color, first.measurements) == ("Tumour", (255, 0, 1), {"Area": 15.0})
    assert second.classification is None
    if name.endswith("json"):
        document = json.loads((tmp_path / name).read_text())
        item = document["features"][0]
        assert document["type"] == "FeatureCollection"
        assert item["properties"]["objectType"] == "annotation"
        assert item["properties"]["isLocked"] is False
        assert all(ring[0] == ring[-1] for ring in item["geometry"]["coordinates"])
    write_geojson(tmp_path / "empty.geojson", [])
    assert read_geojson(tmp_path / "empty.geojson") == []


def test_what_is_no_geojson_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text("[1, 2]")
    with pytest.raises(GeometryError, match=r"a\.geojson"):
        read_geojson(tmp_path / "a.geojson")
