"""Subwindows of images as feature vectors of 8-bit values.

Windows are drawn as in Marée et al., Pattern Recognition Letters 2016, section 2.1. Each has a random stream of its own
made from (seed, image, window), so neither threads nor order nor batches change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.errors import DataError, ParameterError
from algorithms.toolkit.subwindows.spec import Colour, Interpolation, WindowSpec

if TYPE_CHECKING:
    from algorithms.toolkit.subwindows.boxes import Geometry
    from algorithms.toolkit.subwindows.extract_kernels import Scales

#: Windows up to so many times their described size find their weights made.
_USUAL = 8
#: So many images, of together so many bytes, are given to the compiled code at once: a call costs as much as a window.
_TOGETHER, _TOGETHER_BYTES = 32, 4_000_000

Image = NDArray[np.uint8]


def random_windows(
    images: Sequence[Image],
    count: int,
    spec: WindowSpec,
    seed: int,
    *,
    first_image: int = 0,
    workers: int | None = None,
) -> NDArray[np.uint8]:
    """Draw and describe `count` windows of every image.

    Parameters
    ----------
    images : sequence of ndarray of uint8, (H, W), (H, W, 3) or (H, W, 4)
        Alpha is not looked at.
    first_image : int
        Number of the first image in the data set, when these are only some of it.
    workers : int, optional
        Threads; all cores when absent.

    Returns
    -------
    ndarray of uint8, (len(images) * count, spec.n_features)
        The windows of an image are neighbours.

    Raises
    ------
    DataError
        If an image is empty or not of 8 bits, or no window of the form fits into it.
    """
    out = np.empty((len(images) * count, spec.n_features), np.uint8)
    _fill(images, count, spec, seed, first_image, workers, out)
    return out


def stream_windows(
    images: Iterable[Image], count: int, spec: WindowSpec, seed: int, *, budget: int, workers: int | None = None
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the windows of `random_windows` in batches of at most `budget` bytes, whatever the number of images.

    Yields
    ------
    tuple of int and ndarray of uint8
        Number of the batch's first image and the windows, (images of the batch * count, spec.n_features); the next
        batch overwrites them.

    Raises
    ------
    ParameterError
        If not even the windows of one image fit into the budget.
    """
    share = budget // (count * spec.n_features)
    if share < 1:
        msg = (
            f"the windows of one image take {count * spec.n_features} bytes, more than the budget of {budget}: "
            "allow more memory or draw fewer windows"
        )
        raise ParameterError(msg)
    room = np.empty((0, spec.n_features), np.uint8)
    first = 0
    for batch in _batches(images, share):
        if len(room) < len(batch) * count:
            room = np.empty((len(batch) * count, spec.n_features), np.uint8)
        out = room[: len(batch) * count]
        _fill(batch, count, spec, seed, first, workers, out)
        yield first, out
        first += len(batch)


def windows_at(image: Image, boxes: NDArray[np.integer[Any]], spec: WindowSpec) -> NDArray[np.uint8]:
    """Describe given windows of an image.

    Parameters
    ----------
    image : ndarray of uint8, (H, W), (H, W, 3) or (H, W, 4)
    boxes : ndarray of int, (n, 4)
        x0, y0, x1, y1 of every window, inside the image; see `grid_boxes`.

    Returns
    -------
    ndarray of uint8, (n, spec.n_features)

    Raises
    ------
    DataError
        If a box is empty or leaves the image.
    """
    from algorithms.toolkit.subwindows.extract_kernels import extract_boxes

    picture = three_channels(image, "the image")
    boxes = np.ascontiguousarray(boxes, np.int64).reshape(-1, 4)
    height, width = picture.shape[:2]
    wrong = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > (width, height)).any(axis=1)
    wrong |= (boxes[:, 2:] <= boxes[:, :2]).any(axis=1)
    if wrong.any():
        first = boxes[np.flatnonzero(wrong)[0]].tolist()
        msg = f"window {first} leaves the image of {width} x {height} pixels or is empty"
        raise DataError(msg)
    out = np.empty((len(boxes), spec.n_features), np.uint8)
    form = _geometry(spec)
    scales = _scales(form.kind, form.width, form.height)
    extract_boxes(picture, boxes, np.zeros((len(boxes), 2)), form, scales, out)
    return out


def grid_boxes(width: int, height: int, size: tuple[int, int], step: int) -> NDArray[np.int64]:
    """Return windows of `size` (width, height) every `step` pixels, (n, 4), row by row.

    The last column and row lie against the border, so every pixel is covered when ``step <= size``.

    Raises
    ------
    DataError
        If the window is larger than the image.
    """
    if size[0] > width or size[1] > height:
        msg = f"a window of {size[0]} x {size[1]} does not fit into an image of {width} x {height} pixels"
        raise DataError(msg)
    if step < 1:
        msg = f"the step of the grid must be at least 1 pixel, got {step}"
        raise ParameterError(msg)
    x = np.append(np.arange(0, width - size[0], step), width - size[0])
    y = np.append(np.arange(0, height - size[1], step), height - size[1])
    top, left = (axis.ravel() for axis in np.meshgrid(y, x, indexing="ij"))
    return np.stack([left, top, left + size[0], top + size[1]], axis=1).astype(np.int64)


def three_channels(image: NDArray[Any], name: str) -> Image:
    """Return an image as contiguous (H, W, 3): grey repeated, alpha dropped.

    Raises
    ------
    DataError
        If it is empty, not of 8 bits, or of another number of channels.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or 0 in image.shape:
        msg = f"{name} must be a picture of 8-bit values, got {image.dtype} of shape {image.shape}"
        raise DataError(msg)
    picture = image[:, :, None] if image.ndim == 2 else image
    if picture.shape[2] in (1, 2):
        picture = np.repeat(picture[:, :, :1], 3, axis=2)
    elif picture.shape[2] not in (3, 4):
        msg = f"{name} has {picture.shape[2]} channels: only grey, RGB and RGBA pictures are read"
        raise DataError(msg)
    return np.require(picture[:, :, :3], requirements=["C", "W"])


def _fill(
    images: Sequence[Image],
    count: int,
    spec: WindowSpec,
    seed: int,
    first: int,
    workers: int | None,
    out: NDArray[np.uint8],
) -> None:
    """Let threads write the windows of the images into their rows of `out`."""
    from algorithms.toolkit.compiled import worker_count
    from algorithms.toolkit.subwindows.extract_kernels import extract_random

    form, key = _geometry(spec), np.uint64(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
    scales = _scales(form.kind, form.width, form.height)

    def extract(places: range) -> None:
        """Describe the windows of some images; small ones go to the compiled code together."""
        pictures: list[Image] = []
        for place in places:
            pictures.append(three_channels(images[place], f"image {first + place}"))
            _check_fit(pictures[-1], spec, first + place)
            if place + 1 == places.stop or sum(one.size for one in pictures) > _TOGETHER_BYTES:
                begin = place + 1 - len(pictures)
                flat = np.concatenate([one.ravel() for one in pictures]) if len(pictures) > 1 else pictures[0].ravel()
                sizes = np.array([one.shape[:2] for one in pictures], np.int64)
                rows = out[begin * count : (place + 1) * count]
                extract_random(flat, sizes, count, form, key, first + begin, scales, rows)
                pictures = []

    threads = worker_count(workers)
    share = max(1, min(_TOGETHER, len(images) // (4 * threads)))
    parts = [range(start, min(start + share, len(images))) for start in range(0, len(images), share)]
    if threads == 1:
        for places in parts:
            extract(places)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(extract, parts))


def _check_fit(picture: Image, spec: WindowSpec, number: int) -> None:
    """Refuse an image into which the smallest window of this form does not fit."""
    height, width = picture.shape[:2]
    side = spec.min_size * min(width, height)
    other = side * spec.height / spec.width if width < height else side * spec.width / spec.height
    if not spec.fixed_size and other > max(width, height):
        msg = (
            f"image {number} of {width} x {height} pixels: a window of form {spec.width} x {spec.height} and min_size "
            f"{spec.min_size} does not fit; choose a smaller min_size"
        )
        raise DataError(msg)


def _geometry(spec: WindowSpec) -> Geometry:
    from algorithms.toolkit.subwindows.boxes import Geometry

    return Geometry(
        spec.width,
        spec.height,
        float(spec.min_size),
        float(spec.max_size),
        bool(spec.fixed_size),
        int(Interpolation(spec.interpolation)),
        int(Colour(spec.colour)),
        bool(spec.transpose),
        float(spec.max_angle),
        bool(spec.exact),
    )


@lru_cache(maxsize=16)
def _scales(kind: int, width: int, height: int) -> Scales:
    """Weights for the usual windows, made once: making them takes as long as using them."""
    from algorithms.toolkit.subwindows.extract_kernels import scales

    return scales(kind, width, height, _USUAL)


def _batches(images: Iterable[Image], share: int) -> Iterator[list[Image]]:
    batch: list[Image] = []
    for image in images:
        batch.append(image)
        if len(batch) == share:
            yield batch
            batch = []
    if batch:
        yield batch
