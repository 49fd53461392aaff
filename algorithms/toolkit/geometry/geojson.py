"""GeoJSON that QuPath opens by drag and drop, written feature by feature.

Coordinates are full-resolution pixels with the origin top-left. Rings are closed, a MultiPolygon has several parts,
and the colour of a class stands in its `classification`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import shapely
from shapely.geometry.base import BaseGeometry

from algorithms.toolkit.errors import GeometryError

#: Files above this are refused: they are read whole.
MAX_BYTES = 2 << 30


@dataclass(frozen=True)
class Feature:
    """One annotation: its geometry, its class with a colour (red, green, blue), and numbers about it."""

    geometry: BaseGeometry
    classification: str | None = None
    color: tuple[int, int, int] | None = None
    measurements: Mapping[str, float] = field(default_factory=dict)


def write_geojson(path: str | Path, features: Iterable[Feature]) -> int:
    """Write features one by one to a file (compressed where its name ends in .gz); return how many.

    The file appears under its name when it is complete.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    count = 0
    try:
        with _text(path, part) as file:
            file.write('{"type": "FeatureCollection", "features": [')
            for feature in features:
                file.write(",\n" if count else "\n")
                file.write(_encode(feature))
                count += 1
            file.write("\n]}\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def read_geojson(path: str | Path) -> list[Feature]:
    """Read the annotations of a file that QuPath or this program wrote.

    Raises
    ------
    GeometryError
        When the file is no GeoJSON, or is too large.
    """
    path = Path(path)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            msg = f"{path}: larger than {MAX_BYTES >> 30} GB; split it"
            raise GeometryError(msg)
        return [_decode(item) for item in _items(json.loads(text))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, shapely.GEOSException) as error:
        msg = f"{path}: not a readable GeoJSON file ({error})"
        raise GeometryError(msg) from error


def _encode(feature: Feature) -> str:
    geometry = feature.geometry
    if isinstance(geometry, shapely.MultiPolygon) and len(geometry.geoms) == 1:
        geometry = geometry.geoms[0]
    properties: dict[str, Any] = {"objectType": "annotation", "isLocked": False}
    if feature.classification is not None:
        properties["classification"] = {"name": feature.classification}
        if feature.color is not None:
            properties["classification"]["color"] = list(feature.color)
    if feature.measurements:
        properties["measurements"] = dict(feature.measurements)
    shape = shapely.to_geojson(geometry)
    return f'{{"type": "Feature", "geometry": {shape}, "properties": {json.dumps(properties)}}}'


def _decode(item: Mapping[str, Any]) -> Feature:
    properties = item.get("properties") or {}
    classification = properties.get("classification") or {}
    found = classification.get("color")
    color = (int(found[0]), int(found[1]), int(found[2])) if isinstance(found, Sequence) else None
    measured = properties.get("measurements") or {}
    geometry = shapely.from_geojson(json.dumps(item["geometry"]))
    return Feature(geometry, classification.get("name"), color, measured if isinstance(measured, Mapping) else {})


def _items(document: Any) -> Sequence[Mapping[str, Any]]:
    """Features of a collection, of a plain list (QuPath writes both), or a single one."""
    if isinstance(document, list):
        return document
    found = document["features"] if document["type"] == "FeatureCollection" else [document]
    return found if isinstance(found, list) else []


@contextmanager
def _text(path: Path, part: Path) -> Iterator[IO[str]]:
    if path.suffix == ".gz":
        with gzip.open(part, "wt", encoding="utf-8", compresslevel=6) as packed:
            yield packed
    else:
        with part.open("w", encoding="utf-8") as plain:
            yield plain
