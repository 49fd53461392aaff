"""Classification against pyxit 1.1.5 on the same crops and parameters, both with two cores."""

from __future__ import annotations

import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.subwindows import WindowSpec, random_windows
from tests.bench.measure import seconds
from tests.bench.peer_process import PeerProcess
from tests.bench.record import Measurement

_SPEC = WindowSpec(16, 16, min_size=0.1, max_size=1.0)
_RUNS = 5


def _extract(folder: Path) -> NDArray[np.uint8]:
    """Read the crops from their files, as pyxit does, and describe 100 windows of each."""
    with ThreadPoolExecutor(2) as pool:
        pictures = list(
            pool.map(lambda path: cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), sorted(folder.glob("*/*.png")))
        )
    return random_windows(pictures, 100, _SPEC, 0, workers=2)


def extraction() -> list[Measurement]:
    """Measure the extraction of 40,000 windows, files to feature vectors."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with PeerProcess("forests", "crops_peer", folder):
            pass
        with PeerProcess("pyxit", "pyxit_peer", folder) as peer:
            peer.ask("extract")
            if _extract(folder).shape != (40_000, 768):
                raise ValueError("the windows are not those that were asked for")
            rows = [(peer.seconds("extract"), seconds(lambda: _extract(folder))) for _ in range(_RUNS)]
    ratio = statistics.median(theirs / ours for theirs, ours in rows)
    peer_seconds = statistics.median(theirs for theirs, _ in rows)
    return [Measurement("classification.extraction_speedup", ratio, "x", ">= 25", "pyxit 1.1.5, s", peer_seconds)]


BENCHES = {("classification.extraction_speedup",): extraction}
