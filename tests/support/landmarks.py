"""Landmarks to learn from: frames of openfield where they are, and drawn images of any size."""

from __future__ import annotations

import csv
import shutil
import sys
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.params import Settings
from algorithms.landmarks.pyramid import Grey, grey_of, z_scores
from algorithms.toolkit.annotations.landmark_table import write_table

#: Beside the checkout; its README says what it is.
FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "openfield"
#: What nested tuning chose on openfield (see the README of `algorithms/landmarks`).
BEST = Settings(method="cascade", passes=4, angle=180.0, step=2)


@cache
def openfield() -> tuple[list[Grey], NDArray[np.float64], list[str]]:
    """Return z-scores of 116 frames, their points (116, 4, 2) and the names of the landmarks.

    Raises
    ------
    FileNotFoundError
        When the data are not beside the checkout.
    """
    if not (FOLDER / "landmarks.csv").is_file():
        msg = f"openfield is not in {FOLDER}"
        raise FileNotFoundError(msg)
    with (FOLDER / "landmarks.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    points = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows[3:]]).reshape(-1, 4, 2)
    scores = [z_scores(grey_of(np.asarray(cv2.imread(str(FOLDER / Path(row[0]).name)), np.uint8))) for row in rows[3:]]
    return scores, points, rows[1][1::2]


def drawn_images(
    number: int, width: int, height: int, landmarks: int, seed: int = 0
) -> tuple[list[NDArray[np.uint8]], NDArray[np.float64]]:
    """Return RGB images (H, W, 3) with one figure a landmark, each of its own size and grey, and points (n, L, 2)."""
    rng = np.random.default_rng(seed)
    across = int(np.ceil(np.sqrt(landmarks)))
    cell = np.array([width / across, height / across])
    images, points = [], np.empty((number, landmarks, 2))
    noise = cv2.GaussianBlur(rng.normal(0, 30, (height, width)), (0, 0), 4)
    for image in range(number):
        grey = 150 + np.roll(noise, int(rng.integers(0, width)), axis=1)
        for mark in range(landmarks):
            middle = (np.array([mark % across, mark // across]) + 0.5) * cell
            x, y = np.rint(middle + rng.uniform(-0.1, 0.1, 2) * cell).astype(int).tolist()
            points[image, mark] = x, y
            radius = int(3 + cell.min() / 12 + 2 * (mark % 3))
            cv2.circle(grey, (x, y), radius, 20.0 + 200 * (mark % 2), -1)
            cv2.line(grey, (x, y), (x + 2 * radius * (mark % 5 - 2), y - 2 * radius), 60.0 + 20 * mark % 180, 2)
        images.append(np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2))
    return images, points


def write_openfield(folder: Path) -> None:
    """Write the frames and `landmarks.csv` as the algorithm reads a folder."""
    _, points, names = openfield()
    folder.mkdir(parents=True, exist_ok=True)
    frames = sorted(FOLDER.glob("*.png"))
    for frame in frames:
        shutil.copy(frame, folder / frame.name)
    rows = {
        frame.name: {name: (float(x), float(y)) for name, (x, y) in zip(names, own, strict=True) if not np.isnan(x)}
        for frame, own in zip(frames, points, strict=True)
    }
    write_table(folder / "landmarks.csv", names, rows)


if __name__ == "__main__":
    write_openfield(Path(sys.argv[1]))
