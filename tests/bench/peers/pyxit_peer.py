"""Peer of bench_classification.py: pyxit 1.1.5. Argument: FOLDER of crops, one sub-folder a class.

``extract`` on a line extracts 100 windows of every crop and prints the seconds; the first line warms its processes up.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
from pyxit.estimator import COLORSPACE_HSV, INTERPOLATION_BILINEAR, PyxitClassifier
from sklearn.ensemble import ExtraTreesClassifier


def main(folder):
    files = sorted(str(path) for path in folder.glob("*/*.png"))
    labels = np.array([int(Path(path).parent.name) for path in files])
    forest = ExtraTreesClassifier(10, max_features=28, min_samples_split=10, n_jobs=2, random_state=0)
    pyxit = PyxitClassifier(
        forest, n_subwindows=100, min_size=0.1, max_size=1.0, target_width=16, target_height=16, n_jobs=2,
        interpolation=INTERPOLATION_BILINEAR, colorspace=COLORSPACE_HSV, random_state=0,
    )  # fmt: skip
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        windows, _ = pyxit.extract_subwindows(np.array(files), labels)
        seconds = time.perf_counter() - started
        if windows.shape != (100 * len(files), 768):
            raise ValueError(windows.shape)
        print(seconds, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
