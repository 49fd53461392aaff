"""The object finder: the masked Gaussian of a large block, and 100,000 objects found, merged and uploaded."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

import cv2
import numpy as np
import tifffile

from algorithms.object_finder.threshold import masked_gaussian_mean
from tests.bench.measure import best_of, seconds
from tests.bench.record import Measurement
from tests.support.core import EmbeddedCore
from tests.support.finder import Finder

#: Discs a row and column, and the distance of their centres: a slide of 7,616 pixels.
SIDE, PITCH = 317, 24


def gauss() -> list[Measurement]:
    """Mean of block 951 on a thumbnail of 2048 x 1536 with a mask of valid pixels."""
    rng = np.random.default_rng(951)
    grey = rng.integers(0, 256, (1536, 2048)).astype(np.uint8)
    valid = np.ones(grey.shape, np.bool_)
    valid[:300, :500] = False
    best = 1000 * best_of(lambda: masked_gaussian_mean(grey, valid, 951))
    opencv = 1000 * best_of(
        lambda: cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 951, 5), 2
    )
    return [Measurement("object_finder.gauss951_ms", best, "ms", "<= 150", "OpenCV, without a mask", opencv)]


def many_objects() -> list[Measurement]:
    """100,489 discs, read from an embedded Core window by window, and uploaded to it."""
    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        disc = np.full((PITCH, PITCH), 235, np.uint8)
        cv2.circle(disc, (PITCH // 2, PITCH // 2), 7, 90, -1)
        image = np.repeat(np.tile(disc, (SIDE, SIDE))[..., None], 3, axis=2)
        slide = folder / "discs.tif"
        tifffile.imwrite(slide, image, photometric="rgb", tile=(256, 256), compression="deflate")
        core = EmbeddedCore(folder / "core", "127.0.0.1")
        finder = Finder(core, slide)
        try:
            software = finder.register("object_finder")
            options = ("--cytomine_id_predicted_term", str(finder.term), "--cytomine_min_area", "50")
            took = seconds(lambda: finder.run("objects", software, *options))
            found = finder.summary(folder / "results", finder.jobs()[0])["slides"][0]["found"]
            stored = finder.count(finder.jobs()[0])
        finally:
            finder.close()
            core.stop()
            logging.disable(logging.NOTSET)
    if not found == stored == SIDE**2:
        msg = f"{SIDE**2} discs, {found} found, {stored} in the Core"
        raise AssertionError(msg)
    return [Measurement("object_finder.objects_100k_s", took, "s", "<= 60")]


BENCHES = {
    ("object_finder.gauss951_ms",): gauss,
    ("object_finder.objects_100k_s",): many_objects,
}
