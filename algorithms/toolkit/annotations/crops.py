"""Crops of many annotations, read once: in memory as far as the budget goes, the rest in files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np

from algorithms.toolkit.annotations.base import Annotation, Annotations, Pixels
from algorithms.toolkit.errors import DataError, SlideError
from algorithms.toolkit.tiles import map_in_order

#: Part of the memory budget that crops may take.
CROPS_SHARE = 0.1
#: Crops that are read at a time.
READERS = 8


@dataclass(frozen=True, eq=False)
class Crops(Sequence[Pixels]):
    """Pictures of annotations, in their order.

    Attributes
    ----------
    annotations : list of Annotation
        Those that could be read.
    skipped : list of (str, str)
        Name of every annotation that could not, and why.
    """

    annotations: list[Annotation]
    skipped: list[tuple[str, str]]
    _kept: list[Pixels | Path]

    @overload
    def __getitem__(self, place: int) -> Pixels: ...
    @overload
    def __getitem__(self, place: slice) -> list[Pixels]: ...
    def __getitem__(self, place: int | slice) -> Pixels | list[Pixels]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        found = self._kept[place]
        return np.load(found) if isinstance(found, Path) else found

    def __len__(self) -> int:
        return len(self._kept)


def load_crops(
    source: Annotations,
    annotations: Sequence[Annotation],
    folder: Path,
    *,
    zoom: int,
    alpha: bool,
    budget: int,
    progress: Callable[[float], None],
) -> Crops:
    """Read the crops of annotations; one that can not be read is left out and listed.

    Parameters
    ----------
    folder : Path
        Where crops go that do not fit into memory.
    budget : int
        Bytes of memory for everything; crops may take a tenth.
    progress : callable
        Takes the share that is done.

    Raises
    ------
    DataError
        When none could be read.
    """

    def read(annotation: Annotation) -> Pixels | SlideError:
        try:
            return source.crop(annotation, zoom, alpha)
        except SlideError as error:
            return error

    readable: list[Annotation] = []
    kept: list[Pixels | Path] = []
    skipped: list[tuple[str, str]] = []
    room = int(budget * CROPS_SHARE)
    for number, found in enumerate(map_in_order(read, annotations, READERS)):
        annotation = annotations[number]
        if isinstance(found, SlideError):
            skipped.append((annotation.name, str(found)))
        else:
            room -= found.nbytes
            readable.append(annotation)
            kept.append(found if room >= 0 else _spill(folder, number, found))
        progress((number + 1) / len(annotations))
    if not kept:
        msg = f"none of {len(annotations)} crops can be read; the first, {skipped[0][0]}: {skipped[0][1]}"
        raise DataError(msg)
    return Crops(readable, skipped, kept)


def _spill(folder: Path, number: int, pixels: Pixels) -> Path:
    path = folder / f"crop-{number}.npy"
    np.save(path, pixels)
    return path
