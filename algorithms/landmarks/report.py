"""The report of a run: figures, and predicted and true points over the images."""

from __future__ import annotations

import platform
import resource
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from algorithms.landmarks.data import LandmarkSet
from algorithms.landmarks.evaluate import Evaluation, Summary, Trial, summarise
from algorithms.landmarks.pyramid import Grey
from algorithms.toolkit.reports import Section, picture_uri, write_page

#: Images of a report, and their longest side.
SHOWN, SIDE = 12, 480
TRUE, FOUND = (0, 170, 60), (230, 60, 20)
LIBRARIES = ("numpy", "numba", "opencv-python-headless")


def validation_sections(data: LandmarkSet, result: Evaluation, distances: Sequence[float]) -> list[Section]:
    """Show errors of all landmarks, of each, of each image, and the worst images."""
    whole = summarise(result.errors, distances)
    head = ("landmark", "points", "mean, px", "95 %", "median, px", *(f"within {d:g} px" for d in distances))
    rows = [["all", *_cells(whole)]]
    rows += [[name, *_cells(summarise(result.errors[:, k], distances))] for k, name in enumerate(data.names)]
    text = (
        f"The mean error is {whole.mean:.2f} px at zoom level {data.zoom} (95 % interval {whole.low:.2f} to "
        f"{whole.high:.2f}), the median {whole.median:.2f} px, of {whole.number} landmarks in images that were not "
        "learned from."
    )
    order = np.argsort(-_means(result.errors), kind="stable")
    images = [[data.sources[i].name, *(f"{e:.1f}" for e in result.errors[i])] for i in order]
    return [
        Section("Errors", text, head, rows),
        Section("Images, worst first", head=("image", *data.names), rows=images),
        pictures_section("Worst images", data.sources, data.scores, result.found, order, data.points),
        *(search_section(trials, f"Search in fold {k + 1}") for k, trials in enumerate(result.trials)),
    ]


def pictures_section(  # noqa: PLR0917 - what is drawn
    title: str,
    sources: Sequence[Any],
    scores: Sequence[Grey],
    found: NDArray[np.float64],
    order: Sequence[int] | NDArray[np.int64],
    truth: NDArray[np.float64] | None = None,
) -> Section:
    """Show points over images: found ones as orange crosses, true ones as green circles, a line between both."""
    pictures = [
        (picture_uri(drawn(scores[i], found[i], None if truth is None else truth[i])), sources[i].name)
        for i in order[:SHOWN]
    ]
    text = "Crosses are predicted points" + ("." if truth is None else ", circles true ones.")
    return Section(title, text, pictures=pictures, small=True)


def drawn(grey: Grey, found: NDArray[np.float64], truth: NDArray[np.float64] | None) -> NDArray[np.uint8]:
    """Return a small picture (h, w, 3) of an image with its points (L, 2); NaN is not drawn."""
    scale = min(1.0, SIDE / max(grey.shape))
    size = max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale))
    picture = cv2.cvtColor(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2RGB)
    for k, point in enumerate(found):
        true = None if truth is None or np.isnan(truth[k, 0]) else _pixel(truth[k], scale)
        here = None if np.isnan(point[0]) else _pixel(point, scale)
        if true is not None:
            cv2.circle(picture, true, 5, TRUE, 1, cv2.LINE_AA)
        if here is not None:
            cv2.drawMarker(picture, here, FOUND, cv2.MARKER_CROSS, 9, 1, cv2.LINE_AA)
        if here is not None and true is not None:
            cv2.line(picture, here, true, FOUND, 1, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)


def search_section(trials: Sequence[Trial], title: str = "Search") -> Section:
    """Show what the search tried."""
    rows = [[t.parameter, ", ".join(f"{k} = {v}" for k, v in t.change.items()), f"{t.error:.2f}"] for t in trials]
    return Section(title, "Mean error of inner cross-validation.", ("parameter", "value", "mean error, px"), rows)


def data_section(data: LandmarkSet) -> Section:
    """Show what was learned from, and what did not count."""
    counts = (~np.isnan(data.points[:, :, 0])).sum(axis=0)
    rows = [[name, int(count), len(data.sources) - int(count)] for name, count in zip(data.names, counts, strict=True)]
    text = f"{len(data.sources)} images."
    if data.doubled:
        text += f" {len(data.doubled)} did not count, as a later one has the same term: {'; '.join(data.doubled[:50])}."
    return Section("Landmarks", text, ("landmark", "images", "missing"), rows)


def run_section(shown: Mapping[str, Any], began: float) -> Section:
    """Show parameters, versions, time and memory."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows: list[list[object]] = [[name, value] for name, value in shown.items() if value is not None]
    rows += [[name, version(name)] for name in LIBRARIES]
    rows += [["Python", platform.python_version()]]
    text = f"{time.monotonic() - began:.1f} s, at most {peak:.0f} MB of memory."
    return Section("Run", text, ("parameter or library", "value"), rows)


def write(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write the report."""
    write_page(path, title, sections)


def _means(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(errors)
    return np.where(known, errors, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)


def _cells(summary: Summary) -> list[object]:
    rates = [f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})" for rate in summary.success]
    interval = f"{summary.low:.2f} to {summary.high:.2f}"
    return [summary.number, f"{summary.mean:.2f}", interval, f"{summary.median:.2f}", *rates]


def _pixel(point: NDArray[np.float64], scale: float) -> tuple[int, int]:
    return int(point[0] * scale), int(point[1] * scale)
