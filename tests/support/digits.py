"""digits.png of OpenCV's documentation: 5,000 digits, the published split, and the settings found for it."""

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.params import Settings
from algorithms.toolkit.forests import ExtraTrees
from algorithms.toolkit.subwindows import Colour, WindowSpec

CACHE = Path(__file__).resolve().parents[2] / ".cache/data"
PACKAGE = "opencv-doc"
INSIDE = "./usr/share/doc/opencv-doc/examples/data/digits.png"

#: Where the search begins: grey pictures, and as many windows and trees as half a minute allows.
START = Settings(
    n_windows=80,
    windows=WindowSpec(16, 16, min_size=0.5, max_size=1.0, colour=Colour.GRAY),
    forest=ExtraTrees(n_trees=50, seed=42),
)
#: What the search found on the training half (`python -m tests.support.digits`, some minutes).
SETTINGS = replace(
    START,
    windows=replace(START.windows, min_size=0.75, max_angle=20.0),
    forest=replace(START.forest, min_samples_split=100),
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


def main() -> None:
    """Search the settings on the training half alone, then look at the test half once."""
    from algorithms.classification.evaluate import search
    from algorithms.classification.train import fit, predict_proba

    train, test, labels = halves(digits_file())
    found, trials = search(list(train), labels, START)
    for trial in trials:
        print(f"{trial.accuracy:.2%}  {trial.parameter}: {trial.change}")
    model = fit(train, labels, found)
    wrong = model.classes[predict_proba(model, test).argmax(axis=1)] != labels
    print(f"{found}\nerror on the test half: {wrong.mean():.2%}; as in SETTINGS: {found == SETTINGS}")


if __name__ == "__main__":
    main()
