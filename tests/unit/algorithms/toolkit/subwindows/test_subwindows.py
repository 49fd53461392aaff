"""Subwindows: Pillow's arithmetic, pyxit's rule for drawing, streams that nothing disturbs."""

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.subwindows import (
    Colour,
    Interpolation,
    WindowSpec,
    grid_boxes,
    random_windows,
    stream_windows,
    three_channels,
    windows_at,
)
from tests.support.forest_data import masked_picture

PICTURE = masked_picture(1, 120)[0][:, :110]
NOISE = np.random.default_rng(0).integers(0, 256, (90, 130, 3)).astype(np.uint8)
PILLOW = {
    Interpolation.NEAREST: Image.Resampling.NEAREST,
    Interpolation.BILINEAR: Image.Resampling.BILINEAR,
    Interpolation.CUBIC: Image.Resampling.BICUBIC,
    Interpolation.ANTIALIAS: Image.Resampling.LANCZOS,
}


def rgb(**changes):
    return WindowSpec(**{"colour": Colour.RGB, **changes})


def random_boxes(picture, n, seed, *, square):
    random = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    side = random.integers(1, min(height, width) + 1, n)
    other = side if square else random.integers(1, height + 1, n)
    x, y = (random.random((2, n)) * (width - side + 1, height - other + 1)).astype(int)
    return np.stack([x, y, x + side, y + other], axis=1)


@pytest.mark.parametrize("kind", list(Interpolation))
@pytest.mark.parametrize("picture", [PICTURE, NOISE], ids=["smooth", "noise"])
def test_square_windows_equal_pillow_to_the_bit(kind, picture):
    boxes = random_boxes(picture, 300, 5, square=True)
    expected = [Image.fromarray(picture).crop(box).resize((16, 16), PILLOW[kind]) for box in boxes.tolist()]
    got = windows_at(picture, boxes, rgb(interpolation=kind, exact=True))
    assert (got == np.stack([np.asarray(window).ravel() for window in expected])).all()


@pytest.mark.parametrize("kind", list(Interpolation))
def test_other_windows_equal_pillow_passing_across_then_down(kind):
    boxes = random_boxes(NOISE, 200, 6, square=False)
    expected = []
    for box in boxes.tolist():
        window = Image.fromarray(NOISE).crop(box)
        across = window.resize((20, window.height), PILLOW[kind])
        expected.append(np.asarray(across.resize((20, 11), PILLOW[kind])).ravel())
    assert (
        windows_at(NOISE, boxes, rgb(width=20, height=11, interpolation=kind, exact=True)) == np.stack(expected)
    ).all()


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize(("width", "height"), [(16, 16), (12, 8), (16, 24)])
def test_what_is_not_exact_is_close(colour, width, height):
    boxes = random_boxes(PICTURE, 400, 7, square=width == height)
    boxes = boxes[(boxes[:, 2] - boxes[:, 0] > 4) & (boxes[:, 3] - boxes[:, 1] > 4)]
    form = {"width": width, "height": height, "colour": colour}
    fast, exact = (windows_at(PICTURE, boxes, WindowSpec(**form, exact=which)).astype(int) for which in (False, True))
    gap = np.abs(fast - exact)
    if colour is Colour.HSV:
        gap = np.minimum(gap, 255 - gap)  # hue is a circle
    assert gap.mean() < 3.0
    # halving moves a window's corner by less than its 32nd part: what is there stays there
    small = (boxes[:, 2] - boxes[:, 0] < 4 * width) | (boxes[:, 3] - boxes[:, 1] < 4 * height)
    if colour in {Colour.RGB, Colour.GRAY}:
        assert gap[small].max() <= 3


def test_flat_colours_stay_what_they_are_and_symmetries_are_the_same():
    flat = np.full((100, 130, 3), (10, 200, 255), np.uint8)
    boxes = random_boxes(flat, 200, 8, square=True)
    assert (windows_at(flat, boxes, rgb()).reshape(-1, 3) == (10, 200, 255)).all()
    turned = [random_windows([PICTURE], 500, rgb(transpose=True, exact=which), 3).astype(int) for which in (0, 1)]
    assert np.abs(turned[0] - turned[1]).mean() < 4
    assert np.abs(turned[0] - np.roll(turned[1], 3, axis=0)).mean() > 12


def test_hsv_is_the_usual_one_in_eight_bits():
    colours = np.random.default_rng(1).integers(0, 256, (40, 25, 3)).astype(np.uint8)
    colours[:10] = colours[:10, :, :1]
    colours[0, 0], colours[0, 1] = 0, 255
    boxes = np.array([[0, 0, 25, 40]])
    got = windows_at(colours, boxes, WindowSpec(width=25, height=40, colour=Colour.HSV)).reshape(-1, 3)
    expected = [colorsys.rgb_to_hsv(*(pixel / 255)) for pixel in colours.reshape(-1, 3)]
    gap = np.abs(got - np.array(expected) * 255)
    assert np.minimum(gap, [255, 999, 999] - gap)[:, 0].max() <= 0.51
    assert gap[:, 1:].max() <= 0.51


def test_trgb_standardises_every_channel():
    plain = windows_at(NOISE, np.array([[3, 4, 35, 36]]), rgb(exact=True)).reshape(-1, 3).astype(float)
    got = windows_at(NOISE, np.array([[3, 4, 35, 36]]), WindowSpec(colour=Colour.TRGB, exact=True)).reshape(-1, 3)
    assert np.abs(got - np.clip(128 + 32 * (plain - plain.mean(0)) / plain.std(0), 0, 255)).max() <= 0.51
    flat = windows_at(np.full((30, 30, 3), 77, np.uint8), np.array([[0, 0, 30, 30]]), WindowSpec(colour=Colour.TRGB))
    assert (flat == 128).all()


def test_grey_is_the_mean_of_the_channels():
    plain = windows_at(NOISE, np.array([[3, 4, 35, 36]]), rgb()).reshape(-1, 3).astype(float)
    got = windows_at(NOISE, np.array([[3, 4, 35, 36]]), WindowSpec(colour=Colour.GRAY))
    assert got.shape == (1, 256)
    assert (got[0] == np.rint(plain.mean(axis=1))).all()


def corner_picture():
    """Return a picture whose 32 x 32 blocks tell where they are."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:32, 32:], picture[32:, :32], picture[32:, 32:] = 60, 120, 240
    return picture


def test_transposition_applies_all_eight_symmetries_alike():
    spec = rgb(width=2, height=2, transpose=True, min_size=1.0, interpolation=Interpolation.NEAREST)
    got = random_windows([corner_picture()], 4000, spec, 1).reshape(-1, 2, 2, 3)[..., 0]
    square = np.array([[0, 60], [120, 240]])
    symmetries = [np.rot90(form, turns) for form in (square, square.T) for turns in range(4)]
    counts = [(got == symmetry).all(axis=(1, 2)).sum() for symmetry in symmetries]
    assert sum(counts) == 4000
    assert min(counts) > 400


def test_rectangles_are_only_mirrored():
    spec = rgb(width=4, height=2, transpose=True, min_size=1.0, interpolation=Interpolation.NEAREST)
    got = random_windows([corner_picture()[:32]], 400, spec, 1).reshape(-1, 2, 4, 3)[..., 0]
    assert {tuple(window[0]) for window in got} == {(0, 0, 60, 60), (60, 60, 0, 0)}


def test_rotation_turns_about_the_centre_by_up_to_the_angle():
    wave = 128 + 100 * np.sin((np.arange(101) - 50) / 9)
    picture = np.tile(wave[None, :, None], (101, 1, 3)).astype(np.uint8)
    spec = rgb(width=33, height=33, min_size=0.5, max_size=0.5, max_angle=30.0)
    windows = random_windows([picture], 300, spec, 2).reshape(-1, 33, 33, 3)[..., 0].astype(float)
    down, across = np.gradient(windows, axis=(1, 2))
    angles = np.degrees(np.arctan2((across * down).sum((1, 2)), (across * across).sum((1, 2))))
    assert np.abs(angles).max() < 36
    assert angles.max() > 15
    assert angles.min() < -15
    assert abs(angles.mean()) < 5


def test_small_rotation_is_close_to_none():
    still = random_windows([PICTURE], 200, rgb(), 3).astype(int)
    turned = random_windows([PICTURE], 200, rgb(max_angle=1e-3), 3).astype(int)
    assert np.abs(still - turned).mean() < 4


def test_sizes_and_places_follow_the_rule():
    picture = np.zeros((100, 80, 3), np.uint8)
    picture[:, :, 0], picture[:, :, 1] = np.arange(80), np.arange(100)[:, None]
    windows = random_windows([picture], 3000, rgb(min_size=0.25, max_size=0.75, width=40, height=40), 1)
    windows = windows.reshape(-1, 40, 40, 3).astype(float)
    side = (windows[:, 20, 39, 0] - windows[:, 20, 0, 0]) * 40 / 39
    assert 18 <= side.min() <= 23
    assert 57 <= side.max() <= 61.5
    assert abs(side.mean() - 40) < 1
    centre_y = windows[:, :, 20, 1].mean(axis=1)
    assert abs(centre_y.mean() - 49.5) < 2


def test_fixed_size_cuts_and_resizes_only_what_is_too_small():
    spec = rgb(fixed_size=True, width=20, height=20)
    small = NOISE[:15, :40]
    cut, resized = random_windows([NOISE, small], 50, spec, 1).reshape(2, 50, 20, 20, 3)
    strips = np.lib.stride_tricks.sliding_window_view(NOISE, (20, 20, 3))[:, :, 0]
    assert all((strips == window).all(axis=(2, 3, 4)).any() for window in cut)
    whole = np.asarray(Image.fromarray(small).resize((40, 20), PILLOW[Interpolation.BILINEAR]).resize((20, 20), 2))
    assert np.abs(resized.astype(int) - whole).max() <= 2


@settings(max_examples=20, deadline=None)
@given(workers=st.integers(1, 3), first=st.integers(0, 3), count=st.integers(1, 7))
def test_windows_depend_on_seed_image_and_number_alone(workers, first, count):
    pictures = [PICTURE, NOISE, NOISE[:50], PICTURE[:, :40]]
    spec = WindowSpec(transpose=True, max_angle=10.0)
    whole = random_windows(pictures, 7, spec, 5, workers=1).reshape(4, 7, -1)
    some = random_windows(pictures[first:], count, spec, 5, first_image=first, workers=workers)
    assert (some.reshape(4 - first, count, -1) == whole[first:, :count]).all()
    assert (random_windows(pictures, 7, spec, 6).reshape(4, 7, -1) != whole).any()


def test_streaming_stays_inside_its_budget_and_changes_nothing():
    pictures = [PICTURE, NOISE, NOISE[:50], PICTURE[:, :40], NOISE[:40]]
    spec = WindowSpec()
    budget = 2 * 10 * spec.n_features + 5
    parts = []
    for first, batch in stream_windows(iter(pictures), 10, spec, 5, budget=budget):
        assert first == 2 * len(parts)
        assert batch.nbytes <= budget
        parts.append(batch.copy())
    assert (np.concatenate(parts) == random_windows(pictures, 10, spec, 5)).all()
    with pytest.raises(ParameterError, match="budget"):
        next(stream_windows(pictures, 10, spec, 5, budget=100))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 15))
def test_grid_covers_the_image(width, height, w, h, step):
    if w > width or h > height:
        with pytest.raises(DataError, match="does not fit"):
            grid_boxes(width, height, (w, h), step)
        return
    covered = np.zeros((height, width), int)
    boxes = grid_boxes(width, height, (w, h), step)
    for x0, y0, x1, y1 in boxes:
        assert (x1 - x0, y1 - y0) == (w, h)
        covered[y0:y1, x0:x1] += 1
    assert covered[0, 0]
    assert covered[-1, -1]
    assert step > min(w, h) or covered.all()
    assert len(np.unique(boxes, axis=0)) == len(boxes)


def test_pictures_of_other_forms():
    grey = PICTURE[:, :, 0]
    alpha = np.dstack([PICTURE, np.zeros((120, 110, 1), np.uint8)])
    assert (three_channels(grey, "it") == grey[:, :, None]).all()
    assert (three_channels(alpha, "it") == PICTURE).all()
    frozen = PICTURE.copy()
    frozen.flags.writeable = False
    assert (random_windows([frozen, alpha], 5, rgb(), 1) == random_windows([PICTURE, PICTURE], 5, rgb(), 1)).all()


@pytest.mark.parametrize("wrong", [PICTURE.astype(np.float32), PICTURE[:0], np.zeros((3, 3, 5), np.uint8)])
def test_wrong_pictures_are_refused_by_number(wrong):
    with pytest.raises(DataError, match="image 8"):
        random_windows([PICTURE, wrong], 2, rgb(), 1, first_image=7)


def test_windows_outside_or_without_a_place_are_refused():
    with pytest.raises(DataError, match="leaves the image"):
        windows_at(PICTURE, np.array([[100, 0, 111, 10]]), rgb())
    with pytest.raises(DataError, match="min_size"):
        random_windows([PICTURE], 2, rgb(width=16, height=48, min_size=0.9), 1)


@pytest.mark.parametrize(
    "wrong", [{"width": 0}, {"min_size": 0.9, "max_size": 0.5}, {"max_size": 1.5}, {"max_angle": -1.0}], ids=str
)
def test_impossible_specifications_are_refused(wrong):
    with pytest.raises(ParameterError):
        WindowSpec(**wrong)
