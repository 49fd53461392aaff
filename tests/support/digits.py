"""digits.png of OpenCV's documentation: 5,000 digits, the published split, and the settings found for it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.params import Settings
from algorithms.toolkit.forests import ExtraTrees
from algorithms.toolkit.subwindows import Colour, WindowSpec

CACHE = Path(__file__).resolve().parents[2] / ".cache/data"
PACKAGE = "opencv-doc"
INSIDE = "./usr/share/doc/opencv-doc/examples/data/digits.png"

#: Found by cross-validation on the training half (README of algorithms/classification), with more windows and trees.
SETTINGS = Settings(
    n_windows=80,
    windows=WindowSpec(16, 16, min_size=0.75, max_size=1.0, colour=Colour.GRAY, max_angle=15),
    forest=ExtraTrees(n_trees=50, min_samples_split=30, seed=42),
    learner="linear_svc",
    roots=True,
    cost=0.1,
)


class DigitsUnavailable(Exception):
    """The picture can not be fetched; the message says why."""


def digits_file() -> Path:
    """Return the picture, fetched once with apt from Debian's package of OpenCV's documentation."""
    path = CACHE / "digits.png"
    if path.is_file():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            subprocess.run(["apt-get", "download", PACKAGE], cwd=folder, check=True, capture_output=True, timeout=300)
            (package,) = folder.glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", package, folder / "x"], check=True, capture_output=True, timeout=120)
            shutil.copyfile(folder / "x" / INSIDE, part := path.with_suffix(".part"))
            part.replace(path)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            message = f"DIGITS.PNG IS NOT THERE: `apt-get download {PACKAGE}` failed ({error})"
            raise DigitsUnavailable(message) from error
    return path


def halves(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.str_]]:
    """Return training pictures, test pictures, (2500, 20, 20) each, and the labels of either."""
    import cv2

    sheet = np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), np.uint8)
    digits = sheet.reshape(50, 20, 100, 20).transpose(0, 2, 1, 3)
    train, test = (np.ascontiguousarray(half.reshape(-1, 20, 20)) for half in (digits[:, :50], digits[:, 50:]))
    return train, test, np.repeat(np.array(list("0123456789")), 250)
