"""Annotations without a server: a folder with one sub-folder a class, or slides with GeoJSON beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from shapely import Point

from algorithms.toolkit.annotations.base import Annotation, Annotations, Pixels, Prediction, Selection, Way
from algorithms.toolkit.annotations.landmark_table import TABLE, read_table
from algorithms.toolkit.annotations.windows import check_inside, crop_of
from algorithms.toolkit.errors import DataError, ParameterError, SlideError
from algorithms.toolkit.geometry.geojson import read_geojson
from algorithms.toolkit.slides import Slide, open_slide

PICTURES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}
#: Folders of crops written by older versions name files IMAGE_ANNOTATION.png.
DUMPED = re.compile(r"(.+)_\d+")


class FileAnnotations(Annotations):
    """Crops of a folder, or annotations of slides.

    Parameters
    ----------
    data : Path, optional
        Folder with one sub-folder a class; pictures directly in it have no class. Or pictures and `landmarks.csv`.
    slides : sequence of Path
        Each with NAME.geojson or NAME.EXTENSION.geojson beside it.
    """

    def __init__(self, data: Path | None, slides: Sequence[Path]) -> None:
        self._data, self._slides = data, list(slides)
        self._open: dict[str, Slide] = {}

    def select(self, selection: Selection) -> list[Annotation]:
        """Return what is there; a server's filters have no meaning here."""
        for name in ("projects", "images", "users", "terms", "excluded"):
            if getattr(selection, name):
                msg = (
                    f"filters by {name} name things of a server: leave them out, or name a server with --cytomine_host"
                )
                raise ParameterError(msg)
        if self._data is not None and (self._data / TABLE).is_file():
            found = self._landmarks(self._data)
        elif self._data is not None:
            found = self._in_folder(self._data, selection.labelled)
        elif self._slides:
            found = [item for path in self._slides for item in self._on_slide(path, selection.labelled)]
        else:
            raise DataError("nothing to work on: name a folder with --data, or slides with --slide")
        if not found:
            what = "annotation with a class" if selection.labelled else "picture or annotation"
            msg = f"no {what} in {self._data or ', '.join(map(str, self._slides))}"
            raise DataError(msg)
        return found

    def crop(self, annotation: Annotation, zoom: int, alpha: bool) -> Pixels:
        """Read a picture whole, or the window of an annotation."""
        if annotation.geometry is not None:
            return crop_of(self._slide(Path(annotation.url)), annotation.geometry, zoom, alpha=alpha)
        return read_picture(Path(annotation.url), alpha)

    def names(self) -> Mapping[str, str]:
        """Return nothing: any class may be."""
        return {}

    def publish(self, predictions: Sequence[Prediction], way: Way) -> None:
        """Nothing to send: every run writes files."""

    def close(self) -> None:
        """Close the slides."""
        while self._open:
            self._open.popitem()[1].close()

    def _in_folder(self, folder: Path, labelled: bool) -> list[Annotation]:
        if not folder.is_dir():
            msg = f"--data {folder}: no such folder"
            raise DataError(msg)
        found = [] if labelled else [_picture(path, folder, ()) for path in pictures_of(folder)]
        for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
            crops = [_picture(path, folder, (inner.name,)) for path in pictures_of(inner)]
            if labelled and not crops:
                msg = f"class {inner.name!r} is empty: put pictures into {inner}, or remove that folder"
                raise DataError(msg)
            found += crops
        return found

    def _landmarks(self, folder: Path) -> list[Annotation]:
        """Read the points of a table, in the order of the images and of the table's columns."""
        table = read_table(folder / TABLE)
        absent = sorted(name for name in table if not (folder / name).is_file())
        if absent:
            msg = f"{folder / TABLE}: {absent[0]} is not in the folder; add the image, or delete its line"
            raise DataError(msg)
        found = []
        for name in sorted(table):
            slide = self._slide(folder / name)
            size = (slide.width, slide.height)
            for term, point in table[name].items():
                check_inside(Point(point), size, f"landmark {term} of {name}")
                found.append(
                    Annotation(f"{term} of {name}", name, "", (term,), Point(point), url=str(folder / name), size=size)
                )
            self._open.pop(str(folder / name)).close()
        return found

    def _on_slide(self, path: Path, labelled: bool) -> list[Annotation]:
        if not path.is_file():
            msg = f"no such file: {path}"
            raise DataError(msg)
        shapes = [path.with_name(f"{stem}.geojson") for stem in (path.name, path.stem)]
        shapes = [shape for shape in shapes if shape.is_file()]
        if not shapes:
            msg = f"{path}: no annotations; write them to {path.stem}.geojson beside it"
            raise DataError(msg)
        slide = self._slide(path)
        found = []
        for number, feature in enumerate(read_geojson(shapes[0])):
            if labelled and feature.classification is None:
                continue
            name = f"{shapes[0].name} annotation {number + 1}"
            check_inside(feature.geometry, (slide.width, slide.height), name)
            labels = () if feature.classification is None else (feature.classification,)
            size = (slide.width, slide.height)
            found.append(Annotation(name, path.name, "", labels, feature.geometry, url=str(path), size=size))
        return found

    def _slide(self, path: Path) -> Slide:
        if str(path) not in self._open:
            self._open[str(path)] = open_slide(path)
        return self._open[str(path)]


def read_picture(path: Path, alpha: bool) -> Pixels:
    """Read a picture as RGB; its alpha channel is not looked at, or with `alpha` laid over white."""
    import cv2

    found = cv2.imread(str(path), cv2.IMREAD_UNCHANGED if alpha else cv2.IMREAD_COLOR_RGB)
    if found is None:
        msg = f"{path}: not a readable picture"
        raise SlideError(msg)
    if not alpha:
        return np.asarray(found, np.uint8)
    if found.dtype != np.uint8 or found.ndim == 2 or found.shape[2] == 3:
        return read_picture(path, alpha=False)
    solid = found[:, :, 3:] > 0
    return np.where(solid, found[:, :, 2::-1], np.uint8(255))


def pictures_of(folder: Path) -> list[Path]:
    """Return the pictures of a folder by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)


def _picture(path: Path, folder: Path, labels: tuple[str, ...]) -> Annotation:
    dumped = DUMPED.fullmatch(path.stem)
    name = str(path.relative_to(folder))
    return Annotation(name, dumped.group(1) if dumped else name, "", labels, url=str(path))
