"""Classification against pyxit 1.1.5 on the same crops and parameters, both with two cores; the digits' error."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from algorithms.classification.params import Settings
from algorithms.classification.train import fit, predict_proba
from algorithms.toolkit.forests import ExtraTrees
from algorithms.toolkit.subwindows import WindowSpec, random_windows
from tests.bench.measure import seconds
from tests.bench.peer_process import PeerProcess
from tests.bench.record import Measurement
from tests.support.digits import SETTINGS, digits_file, halves

_SPEC = WindowSpec(16, 16, min_size=0.1, max_size=1.0)
_SETTINGS = Settings(
    n_windows=100, windows=_SPEC, forest=ExtraTrees(10, max_features=28, min_samples_split=10, seed=0), workers=2
)
_RUNS = 5
_PEER = "pyxit 1.1.5, s"


def _read(folder: Path) -> tuple[list[NDArray[np.uint8]], NDArray[np.str_]]:
    """Read the crops from their files, as pyxit does."""
    files = sorted(folder.glob("*/*.png"))
    with ThreadPoolExecutor(2) as pool:
        pictures = list(pool.map(lambda path: imagecodecs.png_decode(path.read_bytes()), files))
    return pictures, np.array([path.parent.name for path in files])  # type: ignore[return-value]


class _Files(Sequence[NDArray[np.uint8]]):
    """The crops of a folder, each read when it is asked for, in whichever thread asks."""

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(folder.glob("*/*.png"))

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, place: int) -> NDArray[np.uint8]:  # type: ignore[override]
        return np.asarray(imagecodecs.png_decode(self._paths[place].read_bytes()))


def _extract(folder: Path) -> NDArray[np.uint8]:
    return random_windows(_read(folder)[0], 100, _SPEC, 0, workers=2)


@contextmanager
def _peer() -> Iterator[tuple[Path, PeerProcess]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with PeerProcess("forests", "crops_peer", folder):
            pass
        with PeerProcess("pyxit", "pyxit_peer", folder) as peer:
            yield folder, peer


def _ratio(peer: PeerProcess, line: str, ours: Callable[[], object], runs: int) -> tuple[float, float]:
    """Return the median ratio peer / ours of alternating runs, and the peer's median seconds."""
    peer.ask(line)
    ours()
    rows = [(peer.seconds(line), seconds(ours)) for _ in range(runs)]
    return statistics.median(theirs / own for theirs, own in rows), statistics.median(theirs for theirs, _ in rows)


def extraction() -> list[Measurement]:
    """Measure the extraction of 40,000 windows, files to feature vectors."""
    with _peer() as (folder, peer):
        if _extract(folder).shape != (40_000, 768):
            raise ValueError("the windows are not those that were asked for")
        _compare_with_exact(folder)
        ratio, theirs = _ratio(peer, "extract", lambda: _extract(folder), _RUNS)
    return [Measurement("classification.extraction_speedup", ratio, "x", ">= 25", _PEER, theirs)]


def _compare_with_exact(folder: Path) -> None:
    """Hold windows resampled in 16 bits, which are the default, against those that equal Pillow's to the bit."""
    pictures, labels = _read(folder)
    right = []
    for exact in (False, True):
        settings = replace(_SETTINGS, windows=replace(_SPEC, exact=exact))
        found = predict_proba(fit(pictures[::2], labels[::2], settings), pictures[1::2])
        right.append(float((np.unique(labels)[found.argmax(axis=1)] == labels[1::2]).mean()))
    print(f"bench: of 200 crops not learned from, {right[0]:.1%} are right; with exact windows {right[1]:.1%}")
    if right[0] < right[1] - 0.02:
        raise ValueError("fast windows cost accuracy")


def whole() -> list[Measurement]:
    """Measure training and prediction from files to forest and from files to probabilities, and their memory."""
    with _peer() as (folder, peer):
        pictures, labels = _read(folder)
        model = fit(pictures, labels, _SETTINGS)
        right = (model.classes[predict_proba(model, pictures).argmax(axis=1)] == labels).mean()
        if right < 0.9:
            raise ValueError(f"only {right:.0%} of what was learned is recognised")
        train = _ratio(peer, "train", lambda: fit(*_read(folder), _SETTINGS), 3)
        predict = _ratio(peer, "predict", lambda: predict_proba(model, _Files(folder)), 3)
        theirs = float(peer.ask("memory"))
        own = float(subprocess.run([sys.executable, "-m", __name__, folder], check=True, stdout=subprocess.PIPE).stdout)
    return [
        Measurement("classification.train_speedup", train[0], "x", ">= 8", _PEER, train[1]),
        Measurement("classification.predict_speedup", predict[0], "x", ">= 20", _PEER, predict[1]),
        Measurement("classification.memory_ratio", own / theirs, "x", "<= 0.334", "pyxit 1.1.5, MB", theirs),
    ]


def digits() -> list[Measurement]:
    """Measure the error on the published test half of digits.png."""
    train, test, labels = halves(digits_file())
    model = fit(train, labels, SETTINGS)
    wrong = model.classes[predict_proba(model, test).argmax(axis=1)] != labels
    return [Measurement("classification.digits_error_pct", 100 * float(wrong.mean()), "%", "<= 3.0", "HOG + SVM", 3.68)]


BENCHES = {
    ("classification.extraction_speedup",): extraction,
    ("classification.train_speedup", "classification.predict_speedup", "classification.memory_ratio"): whole,
    ("classification.digits_error_pct",): digits,
}


def _memory(folder: Path) -> float:
    """Return by how many MB training and prediction raise the peak; kernels are compiled and loaded before."""
    small = [np.zeros((40, 40, 3), np.uint8) + np.uint8(number) for number in range(4)]
    predict_proba(fit(small, np.array(["a", "b", "a", "b"]), _SETTINGS), small)
    before = _peak()
    pictures, labels = _read(folder)
    predict_proba(fit(pictures, labels, _SETTINGS), pictures)
    return _peak() - before


def _peak() -> float:
    """Return the largest memory of this program in MB; `getrusage` would count that of the program that started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(_memory(Path(sys.argv[1])))
