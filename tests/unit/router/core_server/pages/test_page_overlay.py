"""Annotation tiles: what is drawn where, compared pixel by pixel with what the shapes say."""

import cv2
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from router.core_server.pages.overlay import EDGE, FILL, Tile

HEIGHT = 1000  # of the slide


def picture(tile: Tile) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(tile.png(), np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def test_nothing_is_transparent() -> None:
    image = picture(Tile((0, 0), HEIGHT, 1.0, (64, 32)))

    assert image.shape == (32, 64, 4)
    assert not image[..., 3].any()


def test_a_polygon_is_filled_where_it_lies_and_its_hole_is_not() -> None:
    tile = Tile((100, 200), HEIGHT, 1.0, (100, 100))
    outer, hole = shapely.box(110, HEIGHT - 290, 190, HEIGHT - 210), shapely.box(140, HEIGHT - 260, 160, HEIGHT - 240)

    tile.trace([outer.difference(hole)], "#ff0000")
    image = picture(tile)

    assert image[25, 25, 3] == FILL  # inside the ring
    assert image[50, 50, 3] == 0  # in the hole
    assert image[4, 50, 3] == 0  # outside
    assert image[10, 50, 3] > FILL  # on the outline
    assert tuple(image[25, 25, :3]) == (0, 0, 255)  # blue, green, red


def test_overlapping_polygons_do_not_cut_holes_into_each_other() -> None:
    tile = Tile((0, 0), HEIGHT, 1.0, (100, 100))
    boxes = [shapely.box(10, HEIGHT - 90, 90, HEIGHT - 10), shapely.box(30, HEIGHT - 70, 70, HEIGHT - 30)]

    tile.trace(boxes, "#00ff00")

    assert picture(tile)[50, 50, 3] == FILL


@pytest.mark.parametrize("down", [1, 2, 4])
def test_zoomed_out_shapes_lie_at_the_same_place(down: int) -> None:
    tile = Tile((0, 0), HEIGHT, 1 / down, (HEIGHT // down, HEIGHT // down))

    tile.trace([shapely.box(400, HEIGHT - 700, 600, HEIGHT - 500)], "#0000ff")
    rows, columns = np.nonzero(picture(tile)[..., 3] > EDGE // 2)  # without the soft rim of the outline

    assert columns.min() * down == pytest.approx(400, abs=2 * down)
    assert columns.max() * down == pytest.approx(600, abs=2 * down)
    assert rows.min() * down == pytest.approx(500, abs=2 * down)
    assert rows.max() * down == pytest.approx(700, abs=2 * down)


def test_small_boxes_are_painted_at_least_one_pixel_and_none_is_lost() -> None:
    tile = Tile((0, 0), HEIGHT, 0.1, (100, 100))
    centres = np.arange(50, 1000, 100, dtype=float)
    edges = np.stack([centres - 2, centres + 2, HEIGHT - centres - 2, HEIGHT - centres + 2], axis=1)

    assert tile.small(edges).all()
    tile.paint_boxes(edges, "#ff00ff")
    alpha = picture(tile)[..., 3]

    assert [alpha[int(c // 10), int(c // 10)] for c in centres] == [EDGE] * len(centres)


def test_points_are_not_small_but_marked() -> None:
    tile = Tile((0, 0), HEIGHT, 0.1, (100, 100))

    assert not tile.small(np.array([[500.0, 500.0, 500.0, 500.0]])).any()
    tile.trace([shapely.Point(500, 500)], "#ff0000")
    alpha = picture(tile)[..., 3]

    assert alpha[50, 50] > FILL
    assert alpha[40:60, 40:60].any()
    assert not alpha[:40].any()


def test_the_window_reaches_marks_that_stick_in_from_outside() -> None:
    left, bottom, right, top = Tile((100, 200), HEIGHT, 0.5, (50, 50)).window

    assert left < 100
    assert right > 200
    assert bottom < HEIGHT - 300
    assert top > HEIGHT - 200


def test_lines_are_drawn_open() -> None:
    tile = Tile((0, 0), HEIGHT, 1.0, (100, 100))

    tile.trace([shapely.LineString([(10, HEIGHT - 10), (90, HEIGHT - 10), (90, HEIGHT - 90)])], "#ff0000")
    alpha = picture(tile)[..., 3]

    assert alpha[10, 50] > 0
    assert alpha[50, 90] > 0
    assert alpha[50, 50] == 0  # the way back from the last corner to the first is not drawn
