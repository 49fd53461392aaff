"""Commands that bring slides and annotations in and out, on the data folder itself, while the server runs or not.

``import --data DIR --project NAME slide.svs ... annotations.geojson --image slide.svs`` and
``export --data DIR --project NAME --output annotations.geojson``. GeoJSON has its origin top-left, as QuPath has;
CSV holds image, term, user and WKT in Cytomine's coordinates (origin bottom-left).
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import shapely
from starlette.requests import Request

from router.core_server import ids
from router.core_server.annotations import add_annotations
from router.core_server.app import open_core
from router.core_server.auth import caller_of
from router.core_server.context import Call, Core, Settings
from router.core_server.crud import create_row
from router.core_server.db import Sql
from router.core_server.errors import CoreError, NotFound, WrongArgument
from router.core_server.imports import Target, bring_in, storage_of
from router.core_server.ontologies import ONTOLOGY, TERM
from router.core_server.projects import PROJECT
from router.core_server.resource import Row
from router.core_server.wire import Arguments

#: Annotations stored in one go.
BATCH = 5000
TABLES = {".geojson", ".json", ".csv"}


def parser() -> argparse.ArgumentParser:
    """Return the command line of both commands."""
    arguments = argparse.ArgumentParser(prog="python -m router.core_server", description=__doc__)
    commands = arguments.add_subparsers(dest="command", required=True)
    bring = commands.add_parser("import", help="slides and annotations in")
    bring.add_argument("files", nargs="+", type=Path, help="slides, .geojson, .csv")
    bring.add_argument("--image", help="image that annotations belong to: file name or id")
    take = commands.add_parser("export", help="annotations out")
    take.add_argument("--output", type=Path, required=True, help="file to write: .geojson or .csv")
    take.add_argument("--image", help="only this image: file name or id")
    for command in (bring, take):
        command.add_argument("--data", type=Path, required=True, help="the server's folder")
        command.add_argument("--project", required=True, help="name or id; import creates a missing one")
    return arguments


def main(argv: Sequence[str]) -> None:
    """Run a command; what goes wrong ends it with one line."""
    options = parser().parse_args(argv)
    core, _ = open_core(Settings(options.data.resolve(), job_url=""))
    try:
        if options.command == "import":
            _bring(core, options)
        else:
            print(f"{_take(core, options)} annotations written to {options.output}")
    except (CoreError, OSError) as error:
        sys.exit(f"{options.command} failed: {error}")
    finally:
        core.slides.close()
        core.db.close()


def _call(core: Core, sql: Sql) -> Call:
    admin = sql.one("SELECT * FROM secuser WHERE username = 'admin'")
    if admin is None:
        raise NotFound("the database has no account admin")
    return Call(core, cast("Request", None), sql, {}, Arguments(), known=caller_of(sql, admin))


def _named(sql: Sql, table: str, column: str, name: str) -> Row | None:
    query = f'SELECT * FROM "{table}" WHERE "{column}" = ? OR CAST(id AS TEXT) = ?'  # noqa: S608 - our own names
    return sql.one(query, (name, name))


def _project(call: Call, name: str) -> Row:
    row = _named(call.sql, "project", "name", name)
    if row is not None:
        return row
    ontology = _named(call.sql, "ontology", "name", name)
    if ontology is None:
        ontology = create_row(call, ONTOLOGY, {"name": name})
    call.body = {}
    return create_row(call, PROJECT, {"name": name, "ontology": ontology["id"]})


def _bring(core: Core, options: argparse.Namespace) -> None:
    with core.db.write() as sql:
        call = _call(core, sql)
        project = _project(call, options.project)
        storage = storage_of(call, None)
    for path in options.files:
        if path.suffix.lower() in TABLES:
            print(f"{path}: {_bring_annotations(core, project, path, options.image)} annotations")
            continue
        with core.db.read() as sql:
            call = _call(core, sql)
        _, image, _ = bring_in(call, path.name, lambda place, path=path: _link(path, place),  # type: ignore[misc]
                               Target(storage, (project["id"],)))  # fmt: skip
        print(f"{path}: {image['width']} x {image['height']} pixels")


def _link(source: Path, target: Path) -> None:
    """Put a slide in place without copying it, where the file system can; of an MRXS its folder comes along."""
    try:
        os.link(source.resolve(strict=True), target)
    except OSError:
        shutil.copyfile(source, target)
    pixels = source.with_suffix("")
    if source.suffix.lower() == ".mrxs" and pixels.is_dir():
        target.with_suffix("").mkdir()
        for part in pixels.iterdir():
            _link(part, target.with_suffix("") / part.name)


def _image(sql: Sql, project: int, name: str | None) -> Row:
    rows = sql.all(
        "SELECT i.id, i.instanceFilename, a.height FROM imageinstance i JOIN abstractimage a ON a.id = i.baseImage"
        " WHERE i.project = :project AND (:name IS NULL OR i.instanceFilename = :name OR CAST(i.id AS TEXT) = :name)",
        {"project": project, "name": name},
    )
    if len(rows) != 1:
        msg = f"{len(rows)} images of the project fit {name or 'no name'}: give one with --image"
        raise WrongArgument(msg)
    return rows[0]


def _bring_annotations(core: Core, project: Row, path: Path, image: str | None) -> int:
    total = 0
    with core.db.write() as sql:
        call = _call(core, sql)
        bodies: list[dict[str, Any]] = []
        for name, shape, term in _read(sql, project, path, image):
            body: dict[str, Any] = {"location": shape, "image": _image(sql, project["id"], name)["id"]}
            if term:
                body["term"] = _term(call, project, term)
            bodies.append(body)
        for start in range(0, len(bodies), BATCH):
            added, errors = add_annotations(call, bodies[start : start + BATCH])
            for error, body in errors:
                msg = f"{path}: {error} ({str(body.get('location'))[:60]})"
                raise WrongArgument(msg)
            total += len(added)
    return total


def _read(sql: Sql, project: Row, path: Path, image: str | None) -> Iterator[tuple[str | None, str, str | None]]:
    if path.suffix.lower() == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                yield image or line.get("image") or None, str(line.get("wkt")), line.get("term") or None
        return
    from algorithms.toolkit.errors import AlgorithmError
    from algorithms.toolkit.geometry import to_cytomine
    from algorithms.toolkit.geometry.geojson import read_geojson

    height = _image(sql, project["id"], image)["height"]
    try:
        features = read_geojson(path)
    except AlgorithmError as error:
        raise WrongArgument(str(error)) from error
    for feature in features:
        yield image, to_cytomine(feature.geometry, height).wkt, feature.classification


def _term(call: Call, project: Row, name: str) -> int:
    pair = (project["ontology"], name)
    found = call.sql.value("SELECT id FROM term WHERE ontology = ? AND name = ?", pair)
    if found is None:
        found = create_row(call, TERM, {"name": name, "ontology": project["ontology"], "color": "#ff0000"})["id"]
    return int(found)


def _take(core: Core, options: argparse.Namespace) -> int:
    with core.db.read() as sql:
        project = _named(sql, "project", "name", options.project)
        if project is None:
            msg = f"no project {options.project}"
            raise NotFound(msg)
        image = _image(sql, project["id"], options.image)["id"] if options.image else None
        rows = sql.all(
            "SELECT n.wkb, n.area, u.username, i.instanceFilename AS image, a.height, t.name AS term, t.color"
            " FROM annotation n JOIN secuser u ON u.id = n.user JOIN imageinstance i ON i.id = n.image"
            " JOIN abstractimage a ON a.id = i.baseImage LEFT JOIN term t ON t.id ="
            " (SELECT term FROM annotationterm x WHERE x.annotation = n.id ORDER BY x.id LIMIT 1)"
            " WHERE n.project = :project AND n.kind <> 'reviewed' AND (:image IS NULL OR n.image = :image)"
            " ORDER BY n.id",
            {"project": project["id"], "image": image},
        )
        if options.output.suffix.lower() == ".csv":
            return _write_csv(options.output, rows)
        if len({row["image"] for row in rows}) > 1:
            raise WrongArgument("GeoJSON holds one image: choose it with --image")
        return _write_geojson(options.output, rows)


def _write_csv(path: Path, rows: list[Row]) -> int:
    part = path.with_name(f"{path.name}.{ids.token()}.part")
    with part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "term", "user", "area", "wkt"])
        for row in rows:
            wkt = shapely.to_wkt(shapely.from_wkb(row["wkb"]), rounding_precision=-1)
            writer.writerow([row["image"], row["term"] or "", row["username"], row["area"], wkt])
    part.replace(path)
    return len(rows)


def _write_geojson(path: Path, rows: list[Row]) -> int:
    from algorithms.toolkit.geometry import from_cytomine
    from algorithms.toolkit.geometry.geojson import Feature, write_geojson

    def feature(row: Row) -> Feature:
        shape: Any = shapely.from_wkb(row["wkb"])
        return Feature(from_cytomine(shape, row["height"]), row["term"], _rgb(row["color"]))

    return write_geojson(path, map(feature, rows))


def _rgb(color: str | None) -> tuple[int, int, int] | None:
    text = (color or "").lstrip("#")
    try:
        value = int(text, 16)
    except ValueError:
        return None
    return (value >> 16 & 255, value >> 8 & 255, value & 255) if len(text) == 6 else None
