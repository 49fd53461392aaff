"""Plots for reports, as data URIs; matplotlib is imported when the first one is drawn."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.reports.page import data_uri

#: Blue that is told apart from its ground by everybody.
LINE = "#1f5fa8"


def confusion_plot(confusion: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Draw a confusion matrix, each row in shares of its class; numbers are counts."""
    size = len(classes)
    side = min(12.0, 2.2 + 0.55 * size)
    figure = _figure(side, side)
    axes = figure.add_subplot()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xticks=range(size), yticks=range(size), xlabel="predicted", ylabel="true")
    axes.set_xticklabels(classes, rotation=45, ha="right")
    axes.set_yticklabels(classes)
    for row, column in np.ndindex(size, size) if size <= 25 else ():
        if confusion[row, column]:
            dark = shares[row, column] > 0.5
            axes.text(column, row, str(confusion[row, column]), ha="center", va="center", color="w" if dark else "k")
    return _svg(figure)


def calibration_plot(table: NDArray[np.float64]) -> str:
    """Draw how often predictions of a confidence are right."""
    figure = _figure(4.2, 4.2)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#aaa", linestyle="--")
    axes.plot(table[:, 0], table[:, 1], color=LINE)
    axes.scatter(table[:, 0], table[:, 1], s=10 + 90 * table[:, 2] / max(table[:, 2].max(), 1), color=LINE)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="share that is right")
    return _svg(figure)


def curve_plot(x: Sequence[float], y: Sequence[float], names: tuple[str, str]) -> str:
    """Draw one curve."""
    figure = _figure(5, 3.6)
    axes = figure.add_subplot()
    axes.plot(x, y, color=LINE, marker="o")
    axes.set(xlabel=names[0], ylabel=names[1])
    axes.grid(color="#eee")
    return _svg(figure)


def heat_plot(values: NDArray[np.float64]) -> str:
    """Draw a matrix of weights as a picture."""
    figure = _figure(3.6, 3)
    axes = figure.add_subplot()
    figure.colorbar(axes.imshow(values, cmap="viridis", vmin=0))
    axes.set(xticks=[], yticks=[])
    return _svg(figure)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _svg(figure: Any) -> str:
    import matplotlib as mpl

    data = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "report", "svg.fonttype": "path"}):
        figure.savefig(data, format="svg", metadata={"Date": None})
    return data_uri(data.getvalue(), "image/svg+xml")
