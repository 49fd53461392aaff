"""Landmarks as one CSV file for a folder of images: `id;TERM_x;TERM_y;...`, y down, -1 where one is missing."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from algorithms.toolkit.errors import DataError

#: The name that a folder's table has.
TABLE = "landmarks.csv"
Point = tuple[float, float]


def write_table(path: Path, terms: Sequence[str], rows: Mapping[str, Mapping[str, Point]]) -> None:
    """Write the points of every image (by its id or file name) by the names of their terms."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["id", *(f"{term}_{axis}" for term in terms for axis in "xy")])
        for name, points in rows.items():
            cells = [f"{value:.6g}" for term in terms for value in points.get(term, (-1.0, -1.0))]
            table.writerow([name, *cells])


def read_table(path: Path) -> dict[str, dict[str, Point]]:
    """Return the points that are there, by image and term.

    Raises
    ------
    DataError
        When the file is no such table, or an image has two rows.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file, delimiter=";") if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: not a readable table ({error})"
        raise DataError(msg) from error
    terms = _terms(path, rows[0] if rows else [])
    found: dict[str, dict[str, Point]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 1 + 2 * len(terms):
            msg = f"{path}, line {number}: {len(row)} cells, but the header has {1 + 2 * len(terms)}"
            raise DataError(msg)
        if row[0] in found:
            msg = f"{path}, line {number}: {row[0]} has a row already; one image has one point a term"
            raise DataError(msg)
        found[row[0]] = _points(path, number, terms, row[1:])
    return found


def _terms(path: Path, header: Sequence[str]) -> list[str]:
    terms = [name.removesuffix("_x") for name in header[1::2]]
    wanted = ["id", *(f"{term}_{axis}" for term in terms for axis in "xy")]
    if not terms or list(header) != wanted or len(set(terms)) < len(terms):
        msg = f"{path}: the first line must be id;TERM_x;TERM_y;..., each term once, not {';'.join(header)!r}"
        raise DataError(msg)
    return terms


def _points(path: Path, number: int, terms: Sequence[str], cells: Sequence[str]) -> dict[str, Point]:
    points: dict[str, Point] = {}
    for term, x, y in zip(terms, cells[::2], cells[1::2], strict=True):
        try:
            point = float(x), float(y)
        except ValueError as error:
            msg = f"{path}, line {number}: {term} has no number ({error}); a missing landmark is -1;-1"
            raise DataError(msg) from error
        if not all(map(math.isfinite, point)):
            msg = f"{path}, line {number}: {term} is not finite; a missing landmark is -1;-1"
            raise DataError(msg)
        if point != (-1.0, -1.0):
            points[term] = point
    return points
