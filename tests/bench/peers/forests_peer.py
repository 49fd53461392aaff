"""Peer of bench_forests.py: scikit-learn, onnxruntime and treelite on one forest. Arguments: FOLDER TREES WINDOWS.

Writes the forest and the windows into FOLDER; then ``NAME`` on a line predicts and prints the seconds, and
``check NAME`` also writes the probabilities.
"""

import pickle
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
import treelite
from skimage import data
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import ExtraTreesClassifier

PICTURES = [data.astronaut(), data.immunohistochemistry(), data.coffee(), data.rocket()]


def windows(n, seed):
    """Return `n` windows of 16 x 16 pixels of four photographs, reduced from 16 to 64 pixels, and which photograph."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, n)
    found = np.empty((n, 768), np.uint8)
    for place, label in enumerate(labels):
        picture, side = PICTURES[label], random.integers(16, 64)
        y, x = random.integers(0, picture.shape[0] - side), random.integers(0, picture.shape[1] - side)
        grid = np.arange(16) * side // 16
        found[place] = picture[y + grid][:, x + grid].ravel()
    return found, labels


def main(folder, trees, count):
    learn, labels = windows(8000, 0)
    new, _ = windows(count, 1)
    forest = ExtraTreesClassifier(trees, max_features=28, random_state=0, n_jobs=2)
    forest.fit(learn.astype(np.float32), labels)
    (folder / "forest.pickle").write_bytes(pickle.dumps(forest))
    np.save(folder / "windows.npy", new)
    new = new.astype(np.float32)
    kind = [("x", FloatTensorType([None, 768]))]
    graph = convert_sklearn(forest, initial_types=kind, options={id(forest): {"zipmap": False}})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options)
    model = treelite.sklearn.import_model(forest)
    peers = {
        "scikit-learn": lambda: forest.predict_proba(new),
        "onnxruntime": lambda: session.run(None, {"x": new})[1],
        "treelite": lambda: treelite.gtil.predict(model, new, nthread=2),
    }
    print("ready", flush=True)
    for line in sys.stdin:
        name = line.split()[-1]
        started = time.perf_counter()
        found = peers[name]()
        seconds = time.perf_counter() - started
        if line.startswith("check"):
            np.save(folder / f"{name}.npy", np.asarray(found).reshape(count, -1))
        print(seconds, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
