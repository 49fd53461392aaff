"""Slides coming in: a file becomes an uploaded file, an abstract image with its slice, and image instances."""

from __future__ import annotations

import mimetypes
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.core_server import ids
from router.core_server.context import Call
from router.core_server.crud import create_row, render_one
from router.core_server.domain_data import PROPERTY
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.images import ABSTRACT_IMAGE, ABSTRACT_SLICE, IMAGE_INSTANCE
from router.core_server.resource import Row
from router.core_server.rights import project_contributed
from router.core_server.slide_archives import is_archive, unpack
from router.core_server.storages import DEPLOYED, UPLOADED_FILE, slide_folder
from router.core_server.uploads import base_name

routes = Routes()

#: What Cytomine calls pyramidal formats; clients pass it back to ask for tiles.
MIMES = {
    "svs": "openslide/svs",
    "ndpi": "openslide/ndpi",
    "mrxs": "openslide/mrxs",
    "scn": "openslide/scn",
    "vms": "openslide/vms",
    "dcm": "openslide/dicom",
    "bif": "openslide/bif",
    "tif": "image/pyrtiff",
    "tiff": "image/pyrtiff",
}


@dataclass(frozen=True)
class SlideFacts:
    """What a slide file says about itself."""

    width: int
    height: int
    mpp: tuple[float, float] | None
    magnification: float | None
    bits: int
    channels: int
    tile_size: int
    macro: bool


@dataclass(frozen=True)
class Target:
    """Where a slide goes: storage, projects, and the properties of its abstract image."""

    storage: int
    projects: tuple[int, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


def examine(call: Call, path: Path) -> SlideFacts:
    """Read a slide's facts and one tile, so that a damaged file is refused before it is stored."""
    with call.core.slides.lend(path) as slide:
        slide.thumbnail(64)
        return SlideFacts(
            slide.width,
            slide.height,
            slide.mpp,
            slide.magnification,
            slide.bits,
            slide.channels,
            slide.tile_size,
            "macro" in slide.associated(),
        )


def bring_in(call: Call, name: str, place: Callable[[Path], None], target: Target) -> tuple[Row, Row, list[Row]]:
    """Store a slide for good, or leave nothing behind.

    Parameters
    ----------
    call : Call
        Who brings it.
    name : str
        The file's name; its ending tells the format.
    place : callable
        Puts the file at the path it is given.
    target : Target
        Where it goes.

    Returns
    -------
    Row, Row, list of Row
        Uploaded file, abstract image, image instances.
    """
    folder = call.core.settings.slides / ids.token()
    path = folder / name
    folder.mkdir()
    try:
        place(path)
        if is_archive(path):
            path = unpack(path)
        facts = examine(call, path)
        with call.core.db.write() as call.sql:
            return _register(call, name, path, facts, target)
    except BaseException:
        call.core.slides.forget(path)
        shutil.rmtree(folder)
        raise


def _register(call: Call, name: str, path: Path, facts: SlideFacts, target: Target) -> tuple[Row, Row, list[Row]]:
    extension = path.suffix.lstrip(".").lower()
    mime = MIMES.get(extension) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    wire_path = path.relative_to(call.core.settings.slides).as_posix()
    body = {
        "originalFilename": name,
        "filename": name,
        "ext": extension,
        "contentType": mime,
        "size": slide_folder(call, wire_path).joinpath(name).stat().st_size,
        "status": DEPLOYED,
        "storage": target.storage,
        "projects": list(target.projects),
    }
    uploaded = create_row(call, UPLOADED_FILE, body)
    call.sql.run("UPDATE uploadedfile SET path = ? WHERE id = ?", (wire_path, uploaded["id"]))
    across, down = facts.mpp or (None, None)
    optics = {
        "originalFilename": name,
        "uploadedFile": uploaded["id"],
        "contentType": mime,
        "width": facts.width,
        "height": facts.height,
        "physicalSizeX": across,
        "physicalSizeY": down,
        "magnification": facts.magnification,
        "bitPerSample": facts.bits,
        "samplePerPixel": facts.channels,
        "extrinsicChannels": 1,
        "colorspace": "rgb" if facts.channels >= 3 else "grayscale",
        "tileSize": facts.tile_size,
    }
    image = create_row(call, ABSTRACT_IMAGE, optics)
    call.sql.run("UPDATE abstractimage SET macro = ? WHERE id = ?", (int(facts.macro), image["id"]))
    create_row(call, ABSTRACT_SLICE, {"uploadedFile": uploaded["id"], "image": image["id"], "mime": mime})
    for key, value in target.properties.items():
        domain = {"domainClassName": ABSTRACT_IMAGE.java, "domainIdent": image["id"]}
        create_row(call, PROPERTY, {**domain, "key": key, "value": value})
    instances = [create_row(call, IMAGE_INSTANCE, {"baseImage": image["id"], "project": p}) for p in target.projects]
    uploaded = call.row("uploadedfile", uploaded["id"], "UploadedFile")
    return uploaded, call.row("abstractimage", image["id"], "AbstractImage"), instances


def storage_of(call: Call, ident: int | None) -> int:
    """Return the storage named, or the caller's first."""
    if ident is None:
        ident = call.sql.value("SELECT id FROM storage WHERE user = ? ORDER BY id", (call.caller.person,))
    row = call.sql.one("SELECT * FROM storage WHERE id = ?", (ident,))
    if row is None:
        raise NotFound.of("Storage", ident)
    if row["user"] != call.caller.person and not call.caller.admin:
        msg = f"storage {ident} belongs to somebody else"
        raise WrongArgument(msg)
    return int(row["id"])


def _properties(arguments: dict[str, Any]) -> dict[str, str]:
    keys = [key for key in str(arguments.get("keys") or "").split(",") if key]
    values = str(arguments.get("values") or "").split(",")
    if keys and len(keys) != len(values):
        raise WrongArgument("keys and values must name as many properties")
    return dict(zip(keys, values, strict=False))


@routes.add("POST", "/upload", file=True, mode="own")
def upload(call: Call) -> Any:
    """Take a slide into a storage and into projects; what is damaged or unknown is a 400 and leaves nothing."""
    received = call.received
    if received is None:
        raise WrongArgument("the body holds no file: send a multipart part named files[]")
    for name, value in received.form.items():
        call.args.setdefault(name, value)
    name = base_name(received.name)
    with call.core.db.read() as call.sql:
        storage = storage_of(call, call.args.integer("storage", call.args.integer("idStorage")))
        projects = call.args.ids("projects", "idProject") or []
        for project in projects:
            project_contributed(call, project)
    uploaded, image, instances = bring_in(
        call, name, lambda path: _move(received.path, path), Target(storage, tuple(projects), _properties(call.args))
    )
    with call.core.db.read() as call.sql:
        answer: dict[str, Any] = {"status": 200, "name": name, "size": received.size, "images": []}
        answer["uploadedFile"] = render_one(call, UPLOADED_FILE, uploaded)
        if call.args.flag("sync"):
            answer["images"] = [
                {
                    "image": render_one(call, ABSTRACT_IMAGE, image),
                    "imageInstances": [render_one(call, IMAGE_INSTANCE, instance) for instance in instances],
                }
            ]
        return [answer]


def _move(source: Path, target: Path) -> None:
    source.replace(target)
