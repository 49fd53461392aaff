"""Prediction kernels against scikit-learn, onnxruntime and treelite on the same forest, all with two threads."""

from __future__ import annotations

import pickle
import statistics
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from algorithms.toolkit.forests.predict import predict_proba
from algorithms.toolkit.forests.sklearn_import import from_sklearn
from tests.bench.measure import seconds
from tests.bench.peer_process import PeerProcess
from tests.bench.record import Measurement

_PEERS = ("scikit-learn", "onnxruntime", "treelite")
_RUNS = 7


def _compare(trees: int, count: int) -> dict[str, tuple[float, float, str]]:
    """Return, for 8-bit and for float32 windows: median ratio best peer / ours, that peer's seconds, its name."""
    with tempfile.TemporaryDirectory() as name, PeerProcess("forests", "forests_peer", name, trees, count) as peer:
        folder = Path(name)
        forest = from_sklearn(pickle.loads((folder / "forest.pickle").read_bytes()))
        windows = {"uint8": np.load(folder / "windows.npy")}
        windows["float32"] = windows["uint8"].astype(np.float32)
        for other in _PEERS:
            peer.ask(f"check {other}")
            for values in windows.values():
                ours = predict_proba(forest, values, 2)
                np.testing.assert_allclose(ours, np.load(folder / f"{other}.npy"), atol=1e-5)
        rows = []
        for _ in range(_RUNS):
            theirs = {other: peer.seconds(other) for other in _PEERS}
            ours = {kind: seconds(partial(predict_proba, forest, values, 2)) for kind, values in windows.items()}
            rows.append((theirs, ours))
    best = min(_PEERS, key=lambda other: statistics.median(theirs[other] for theirs, _ in rows))
    return {
        kind: (
            statistics.median(theirs[best] / ours[kind] for theirs, ours in rows),
            statistics.median(theirs[best] for theirs, _ in rows),
            f"{best}, {trees} trees, s",
        )
        for kind in windows
    }


def predict_vs_best() -> list[Measurement]:
    """Measure on 10 and 500 trees; the smaller ratio counts."""
    found = [_compare(10, 20_000), _compare(500, 2_000)]
    lines = []
    for kind, name, goal in (("uint8", "predict_vs_best", ">= 1"), ("float32", "predict_float32_vs_best", "")):
        ratio, peer_seconds, peer = min(result[kind] for result in found)
        lines.append(Measurement(f"forests.{name}", ratio, "x", goal, peer, peer_seconds))
    return lines


BENCHES = {("forests.predict_vs_best", "forests.predict_float32_vs_best"): predict_vs_best}
