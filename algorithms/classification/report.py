"""The report of a run, a page that a person looks at."""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.classification.data import DataSet
from algorithms.classification.evaluate import Evaluation, Trial
from algorithms.classification.model import ClassificationModel
from algorithms.toolkit.metrics import Rate, Scores
from algorithms.toolkit.reports import Section, picture_uri, write_page
from algorithms.toolkit.reports.plots import calibration_plot, confusion_plot, curve_plot, heat_plot

#: Crops of a confused pair, their longest side, and rows of a list that are shown.
SHOWN, SIDE, ROWS = 6, 128, 50
LIBRARIES = ("cytomine-software-router", "numpy", "numba", "scikit-learn", "scipy", "opencv-python-headless")


def validation_sections(data: DataSet, found: Evaluation) -> list[Section]:
    """Show accuracy, confusion matrix, classes, calibration, and what is confused most."""
    names = [data.called(name) for name in found.classes]
    scores = found.scores
    folds = [[number + 1, f"{rate:.1%}", count] for number, (rate, count) in enumerate(found.folds)]
    classes = [[names[i], *_class_row(scores, i)] for i in range(len(names))]
    head = ("class", "annotations", "precision", "95 %", "recall", "95 %", "F1")
    text = (
        f"{_percent(scores.accuracy)} of {scores.accuracy.total} annotations are recognised "
        f"(95 % interval {_interval(scores.accuracy)}); the mean over classes is {scores.balanced_accuracy:.1%}."
    )
    error = f"Mean distance of confidence and share: {scores.calibration_error:.3f}."
    return [
        Section("Accuracy", text, ("fold", "accuracy", "tested"), folds),
        Section("Confusion matrix", pictures=[(confusion_plot(scores.confusion, names), "rows are true classes")]),
        Section("Classes", head=head, rows=classes),
        Section("Calibration", error, pictures=[(calibration_plot(scores.calibration), "size is the number")]),
        *_confused(data, found, names),
    ]


def search_section(trials: Sequence[Trial]) -> Section:
    """Show what the search tried."""
    rows = [[t.parameter, ", ".join(f"{k} = {v}" for k, v in t.change.items()), f"{t.accuracy:.2%}"] for t in trials]
    return Section("Search", "Accuracy by inner cross-validation.", ("parameter", "value", "accuracy"), rows)


def curve_section(points: Sequence[tuple[int, float]]) -> Section:
    """Show the learning curve."""
    x, y = [float(count) for count, _ in points], [rate for _, rate in points]
    rows = [[count, f"{rate:.1%}"] for count, rate in points]
    picture = curve_plot(x, y, ("training images", "accuracy"))
    return Section("Learning curve", "On the first fold.", ("images", "accuracy"), rows, [(picture, "learning curve")])


def model_section(model: ClassificationModel) -> Section:
    """Show the size of the forest, and which pixels of a window it looks at."""
    windows, forest = model.settings.windows, model.forest
    weights = forest.importances.reshape(windows.height, windows.width, -1).sum(axis=2)
    text = f"{forest.n_trees} trees, {forest.n_leaves} leaves, {len(model.classes)} classes."
    return Section("Model", text, pictures=[(heat_plot(weights), "importance of the pixels of a window")])


def data_section(data: DataSet) -> Section:
    """Show what was learned from, and what was left out."""
    names, counts = np.unique(data.labels, return_counts=True)
    rows = [[data.called(name), count] for name, count in zip(names, counts, strict=True)]
    left_out = [f"{name} ({reason})" for name, reason in data.crops.skipped]
    left_out += [f"{name} (several of the classes)" for name in data.ambiguous]
    text = f"{len(data.labels)} annotations."
    if left_out:
        text += f" {len(left_out)} were left out: {'; '.join(left_out[:ROWS])}"
        text += "; and others." if len(left_out) > ROWS else "."
    return Section("Annotations", text, ("class", "annotations"), rows)


def run_section(shown: Mapping[str, Any], began: float) -> Section:
    """Show parameters, versions, time and memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)
    rows: list[list[object]] = [[name, value] for name, value in shown.items() if value is not None]
    rows += [[name, version(name)] for name in LIBRARIES if _installed(name)]
    rows += [["Python", platform.python_version()]]
    text = f"{time.monotonic() - began:.1f} s, at most {peak:.0f} MB of memory."
    return Section("Run", text, ("parameter or library", "value"), rows)


def write(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the report."""
    write_page(path, title, sections)


def _confused(data: DataSet, found: Evaluation, names: Sequence[str]) -> list[Section]:
    """Show crops of the pairs that are confused most, the surest errors first."""
    sections = []
    chosen, sure = found.proba.argmax(axis=1), found.proba.max(axis=1)
    for true, wrong, count in found.scores.confused(5):
        places = np.flatnonzero(found.tested & (found.truth == true) & (chosen == wrong))
        places = places[np.argsort(-sure[places], kind="stable")][:SHOWN]
        pictures = [
            (picture_uri(_small(data.crops[int(i)])), f"{data.crops.annotations[i].name}, {sure[i]:.0%}")
            for i in places
        ]
        title = f"{names[true]} taken for {names[wrong]}: {count}"
        sections.append(Section(title, pictures=pictures, small=True))
    return sections


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    scale = min(1.0, SIDE / max(pixels.shape[:2]))
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels[:, :, :3], size, interpolation=cv2.INTER_AREA), np.uint8)


def _class_row(scores: Scores, number: int) -> list[object]:
    one = scores.by_class[number]
    rates = [cell for rate in (one.precision, one.recall) for cell in (_percent(rate), _interval(rate))]
    return [one.recall.total, *rates, f"{one.f1:.3f}"]


def _percent(rate: Rate) -> str:
    return f"{rate.value:.1%}" if rate.total else "-"


def _interval(rate: Rate) -> str:
    return f"{rate.low:.1%} to {rate.high:.1%}" if rate.total else "-"


def _installed(name: str) -> bool:
    from importlib.metadata import PackageNotFoundError

    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True
