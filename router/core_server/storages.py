"""Storages and the files that people upload into them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from router.core_server.context import Call
from router.core_server.errors import NotFound
from router.core_server.http import Routes
from router.core_server.resource import Field, Resource, Row, Rule
from router.core_server.rights import seen

#: Core's states of an uploaded file.
STATUS = {
    0: "UPLOADED",
    10: "DETECTING FORMAT",
    11: "ERROR FORMAT",
    20: "EXTRACTING DATA",
    21: "ERROR EXTRACTION",
    30: "CONVERTING",
    31: "ERROR CONVERSION",
    40: "DEPLOYING",
    41: "ERROR DEPLOYMENT",
    100: "DEPLOYED",
    102: "EXTRACTED",
    104: "CONVERTED",
}
DEPLOYED = 100

routes = Routes()


def _own(call: Call, row: Row, old: Row | None) -> None:
    if old is None:
        row["user"] = call.caller.person


_OWNED = Rule("storage.user = :me", "storage.user = :me", "storage.user = :me")

STORAGE = Resource(
    table="storage",
    java="be.cytomine.image.server.Storage",
    label="Storage",
    paths=("storage",),
    rule=_OWNED,
    fields=(
        Field("name", required=True, max_length=255),
        Field("user", "ref", ref="secuser", fixed=True),
    ),
    prepare=_own,
)

IN_OWN_STORAGE = "EXISTS (SELECT 1 FROM storage s WHERE s.id = {storage} AND s.user = :me)"


def _complete_files(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        image = call.sql.one("SELECT id FROM abstractimage WHERE uploadedFile = ?", (row["id"],))
        item |= {
            "statusText": STATUS.get(row["status"], "UPLOADED"),
            "image": image and image["id"],
            "nbChildren": call.sql.value("SELECT count(*) FROM uploadedfile WHERE parent = ?", (row["id"],)),
            "thumbURL": f"{call.base}/api/abstractimage/{image['id']}/thumb.png?maxSize=256" if image else None,
        }
        item["projects"] = item["projects"] or []


def _only_asked(call: Call) -> tuple[str, dict[str, Any]]:
    parent = call.args.integer("parent")
    if parent is not None:
        return "parent = :parent", {"parent": parent}
    if call.args.flag("onlyRoots") or call.args.flag("onlyRootsWithDetails"):
        return "parent IS NULL", {}
    return "1", {}


def _forget_files(call: Call, row: Row) -> None:
    if row["path"]:
        folder = slide_folder(call, row["path"])
        call.sql.after_commit.append(lambda: shutil.rmtree(folder, ignore_errors=True))


UPLOADED_FILE = Resource(
    table="uploadedfile",
    java="be.cytomine.image.UploadedFile",
    label="UploadedFile",
    paths=("uploadedfile",),
    rule=Rule(
        IN_OWN_STORAGE.format(storage="uploadedfile.storage"),
        IN_OWN_STORAGE.format(storage="uploadedfile.storage"),
        IN_OWN_STORAGE.format(storage="uploadedfile.storage"),
    ),
    fields=(
        Field("originalFilename", required=True, max_length=255),
        Field("filename"),
        Field("ext"),
        Field("contentType"),
        Field("size", "int", default=0),
        Field("path", derived=True),
        Field("isArchive", "bool", default=0, derived=True),
        Field("status", "int", default=0),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", fixed=True),
        Field("parent", "ref", ref="uploadedfile"),
        Field("storage", "ref", ref="storage", required=True),
        Field("projects", "json"),
    ),
    order="id DESC",
    prepare=_own,
    complete=_complete_files,
    narrow=_only_asked,
    removing=_forget_files,
)

RESOURCES = (STORAGE, UPLOADED_FILE)


def slide_folder(call: Call, path: str) -> Path:
    """Return the folder that holds all of the slide with wire path `path`; NotFound as `slide_path`."""
    root = call.core.settings.slides.resolve()
    return root / slide_path(call, path).relative_to(root).parts[0]


def slide_path(call: Call, path: str) -> Path:
    """Return where the slide with wire path `path` lies on disk.

    Raises
    ------
    NotFound
        When it is no file inside the folder of slides.
    """
    root = call.core.settings.slides.resolve()
    full = (root / path).resolve()
    if not full.is_relative_to(root) or full == root:
        msg = f"Image not found with path : {path}"
        raise NotFound(msg)
    return full


def send_slide(call: Call, uploaded: int | None) -> Response:
    """Return the original file as a download."""
    row = call.sql.one("SELECT * FROM uploadedfile WHERE id = ?", (uploaded,))
    if row is None or not row["path"]:
        msg = f"UploadedFile {uploaded} has no file"
        raise NotFound(msg)
    path = slide_folder(call, row["path"]) / row["originalFilename"]
    if not path.is_file():
        msg = f"the file of UploadedFile {uploaded} is gone from the server's disk"
        raise NotFound(msg)
    return FileResponse(path, filename=row["originalFilename"], media_type="application/octet-stream")


@routes.add("GET", "uploadedfile/{id:int}/download")
def download(call: Call) -> Response:
    """Send an uploaded file."""
    return send_slide(call, seen(call, UPLOADED_FILE, call.id)["id"])
