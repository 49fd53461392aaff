"""Peer of bench_classification.py: pyxit 1.1.5. Argument: FOLDER of crops, one sub-folder a class.

``extract``, ``train`` or ``predict`` on a line does that with 100 windows of every crop and prints the seconds (the
first line warms its processes up); ``memory`` prints the growth of its own peak memory since its imports, in MB.
"""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
from pyxit.estimator import COLORSPACE_HSV, INTERPOLATION_BILINEAR, PyxitClassifier
from sklearn.ensemble import ExtraTreesClassifier


def peak():
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(folder):
    at_start = peak()
    files = np.array(sorted(str(path) for path in folder.glob("*/*.png")))
    labels = np.array([int(Path(path).parent.name) for path in files])
    forest = ExtraTreesClassifier(10, max_features=28, min_samples_split=10, n_jobs=2, random_state=0)
    pyxit = PyxitClassifier(
        forest, n_subwindows=100, min_size=0.1, max_size=1.0, target_width=16, target_height=16, n_jobs=2,
        interpolation=INTERPOLATION_BILINEAR, colorspace=COLORSPACE_HSV, random_state=0,
    )  # fmt: skip
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "memory":
            print(peak() - at_start, flush=True)
            continue
        started = time.perf_counter()
        if line.strip() == "extract":
            result = pyxit.extract_subwindows(files, labels)[0]
            wanted = (100 * len(files), 768)
        elif line.strip() == "train":
            result, wanted = pyxit.fit(files, labels).base_estimator.estimators_, (10,)
        else:
            result, wanted = pyxit.predict_proba(files), (len(files), 4)
        seconds = time.perf_counter() - started
        if np.shape(result) != wanted:
            raise ValueError(np.shape(result))
        print(seconds, flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]))
