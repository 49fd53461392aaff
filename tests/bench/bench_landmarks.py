"""Landmarks: prediction against the published procedure on the same forest, errors on openfield, time of training."""

from __future__ import annotations

import ctypes
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.evaluate import cross_validate, make_folds
from algorithms.landmarks.model import LandmarkModel
from algorithms.landmarks.mset import find_mset
from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import Grey, build_pyramid, grey_of, z_scores
from algorithms.landmarks.sampling import make_features
from algorithms.landmarks.train import fit
from tests.bench.measure import alternate
from tests.bench.record import Measurement
from tests.support.landmarks import BEST, drawn_images, openfield

_WIDTH, _HEIGHT, _CHUNK = 600, 500, 100_000
_SETTINGS = Settings()  # sub, D = 5, w = 8, T = 50, 50,000 draws
_PLAIN = "plain numpy and scikit-learn"


def plain_features(scores: Grey, positions: NDArray[np.int64], depth: int, half: int) -> NDArray[np.float32]:
    """Return `sub` features (n, 4 w^2 D) as published: windows of padded, down-sampled images less the position."""
    height, width = scores.shape
    columns = []
    dy, dx = (axis.ravel() for axis in np.meshgrid(np.arange(2 * half), np.arange(2 * half), indexing="ij"))
    for level in range(depth):
        size = max(1, width >> level), max(1, height >> level)
        small = scores if level == 0 else cv2.resize(scores, size, interpolation=cv2.INTER_AREA)
        padded = np.pad(small.astype(np.float32), half, constant_values=128)
        places = positions >> level  # the window begins w before the position, which the padding adds
        columns.append(padded[places[:, 1, None] + dy, places[:, 0, None] + dx])
    features = np.concatenate(columns, axis=1)
    features -= scores[positions[:, 1], positions[:, 0], None]
    return features


def plain_point(fitted: Any, scores: Grey, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """Score all draws, in chunks of 100,000, and return the medians of those with the highest probability."""
    parts = []
    for start in range(0, len(drawn), _CHUNK):
        features = plain_features(scores, drawn[start : start + _CHUNK], _SETTINGS.depth, _SETTINGS.window)
        parts.append(fitted.predict_proba(features)[:, 1])
    proba = np.concatenate(parts)
    return np.asarray(np.median(drawn[proba == proba.max()], axis=0))


def _task() -> tuple[Any, Grey, NDArray[np.int64]]:
    """Train scikit-learn's forest on 20 images; return it with another image and the positions drawn on it."""
    from sklearn.ensemble import ExtraTreesClassifier

    from algorithms.landmarks.sampling import clamped, disc, ring

    images, points = drawn_images(21, _WIDTH, _HEIGHT, 4)
    rng = np.random.default_rng(0)
    features, labels = [], []
    for image, own in zip(images[:-1], points[:-1], strict=True):
        near = disc(own[0], _SETTINGS)
        positions = np.concatenate([near, ring(own[0], 3 * len(near), _SETTINGS, rng)])
        positions = clamped(positions, _WIDTH, _HEIGHT)
        features.append(plain_features(z_scores(grey_of(image)), positions, _SETTINGS.depth, _SETTINGS.window))
        labels.append(np.repeat([1, 0], [len(near), 3 * len(near)]))
    fitted = ExtraTreesClassifier(_SETTINGS.trees, random_state=0, n_jobs=2)
    fitted.fit(np.concatenate(features), np.concatenate(labels))
    relative = points[:-1, 0] / (_WIDTH, _HEIGHT)
    drawn = rng.multivariate_normal(relative.mean(axis=0), np.cov(relative.T), _SETTINGS.draws)
    positions = clamped(np.rint(drawn * (_WIDTH, _HEIGHT)).astype(np.int64), _WIDTH, _HEIGHT)
    return fitted, z_scores(grey_of(images[-1])), positions


def _ours(fitted: Any) -> Callable[[Grey, NDArray[np.int64]], NDArray[np.float64]]:
    from algorithms.toolkit.forests.sklearn_import import from_sklearn

    forest, features = from_sklearn(fitted), make_features(_SETTINGS)

    def find(scores: Grey, drawn: NDArray[np.int64]) -> NDArray[np.float64]:
        return find_mset(build_pyramid(scores, _SETTINGS.depth), features, forest, drawn)[0]

    return find


def prediction() -> list[Measurement]:
    """Measure one landmark of one image, from its z-scores to the point, and by how much each raises the peak."""
    fitted, scores, drawn = _task()
    find = _ours(fitted)
    if not np.array_equal(find(scores, drawn), plain_point(fitted, scores, drawn)):
        raise ValueError("the points differ")
    own, plain, ratio = alternate(lambda: find(scores, drawn), lambda: plain_point(fitted, scores, drawn))
    print(f"landmarks: ours {1000 * own:.1f} ms, {_PLAIN} {1000 * plain:.0f} ms", file=sys.stderr)
    speedup = Measurement("landmarks.predict_speedup", 1 / ratio, "x", ">= 30", f"{_PLAIN}, s", plain)
    own, plain = (_in_own_process("memory", side) for side in ("ours", "plain"))
    return [
        speedup,
        Measurement("landmarks.memory_ratio", own / plain, "x", "<= 0.1", f"{_PLAIN}, MB", plain),
    ]


def _openfield(settings: Settings, way: str) -> float:
    """Return the mean error in pixels over five folds."""
    scores, points, names = openfield()
    folds = make_folds(way, 5, ["openfield"] * len(scores), seed=0)
    errors = cross_validate(scores, points, names, settings, folds).errors
    for name, own in zip(names, errors.T, strict=True):
        gross = int((own > 20).sum())
        print(f"openfield, {way}, {settings.method}: {name} mean {np.nanmean(own):.2f} px, ", end="", file=sys.stderr)
        print(f"median {statistics.median(own[~np.isnan(own)]):.2f} px, {gross} above 20 px", file=sys.stderr)
    return float(np.nanmean(errors))


def plain_mset() -> list[Measurement]:
    """Measure plain MSET over folds of frames."""
    error = _openfield(Settings(), "image")
    return [Measurement("landmarks.openfield_mset_px", error, "px", "<= 6", "nearest frame copied, px", 24)]


def best() -> list[Measurement]:
    """Measure the best method over folds of frames."""
    error = _openfield(BEST, "image")
    return [Measurement("landmarks.openfield_best_px", error, "px", "<= 3.5", "a person, px", 2.7)]


def blocks() -> list[Measurement]:
    """Measure the best method over contiguous blocks of frames."""
    error = _openfield(BEST, "block")
    return [Measurement("landmarks.openfield_blocks_px", error, "px", "<= 5", "nearest frame copied, px", 32)]


def training() -> list[Measurement]:
    """Measure training on 100 images of 1,500 x 1,500 with 20 landmarks; it may take 2 GB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.zip"
        seconds, megabytes = _in_own_process("train", str(path)), float(path.with_suffix(".mb").read_text())
        model = LandmarkModel.load(path)
    if len(model.forests) != 20 or megabytes > 2048:
        msg = f"{len(model.forests)} landmarks were learned in {megabytes:.0f} MB"
        raise ValueError(msg)
    return [Measurement("landmarks.train_100_s", seconds, "s", "<= 300", "its memory, MB", megabytes)]


BENCHES = {
    ("landmarks.predict_speedup", "landmarks.memory_ratio"): prediction,
    ("landmarks.openfield_mset_px",): plain_mset,
    ("landmarks.openfield_best_px",): best,
    ("landmarks.openfield_blocks_px",): blocks,
    ("landmarks.train_100_s",): training,
}


def _in_own_process(what: str, argument: str) -> float:
    words = [sys.executable, "-m", __name__, what, argument]
    return float(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _memory(side: str) -> float:
    """Return by how many MB a prediction raises the peak; kernels are compiled and loaded before, by one draw."""
    fitted, scores, drawn = _task()
    find = _ours(fitted) if side == "ours" else lambda *task: plain_point(fitted, *task)
    find(scores, drawn[:1])
    ctypes.CDLL(None).malloc_trim(0)  # what training left would hide what is taken now
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _peak("VmHWM")
    find(scores, drawn)
    return _peak("VmHWM") - before


def _train(path: Path) -> float:
    """Train, write the model and the peak of memory; return the seconds."""
    import time

    images, points = drawn_images(100, 1500, 1500, 20)
    scores = [z_scores(grey_of(images.pop(0))) for _ in range(len(images))]
    warm, marks = drawn_images(2, 64, 64, 1)
    fit([z_scores(grey_of(image)) for image in warm], marks, ["warm"], Settings(trees=1))
    Path("/proc/self/clear_refs").write_text("5")
    began = time.perf_counter()
    fit(scores, points, [f"mark {k}" for k in range(20)], _SETTINGS).save(path)
    seconds = time.perf_counter() - began
    path.with_suffix(".mb").write_text(str(_peak("VmHWM")))
    return seconds


def _peak(name: str) -> float:
    """Return the largest memory of this program in MB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(_memory(sys.argv[2]) if sys.argv[1] == "memory" else _train(Path(sys.argv[2])))
