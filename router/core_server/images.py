"""Abstract images, image instances and their slices."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from router.core_server.context import Call
from router.core_server.crud import listed, render, render_one
from router.core_server.errors import Forbidden, NotFound
from router.core_server.http import Routes
from router.core_server.resource import Field, Kind, Listing, Resource, Row, Rule
from router.core_server.rights import contributor, manager, member, project_seen, seen
from router.core_server.storages import send_slide

#: What an image instance says about its pixels comes from its abstract image.
OPTICS = (
    Field("width", "int"),
    Field("height", "int"),
    Field("depth", "int", default=1),
    Field("duration", "int", default=1),
    Field("channels", "int", default=1),
    Field("extrinsicChannels", "int", default=1),
    Field("physicalSizeX", "float"),
    Field("physicalSizeY", "float"),
    Field("physicalSizeZ", "float"),
    Field("fps", "float"),
    Field("magnification", "float"),
    Field("bitPerSample", "int", alias="bitDepth"),
    Field("samplePerPixel", "int"),
    Field("colorspace"),
    Field("tileSize", "int", default=256),
)

routes = Routes()


def halvings(width: int | None, height: int | None) -> int:
    """Return how often an image is halved until both sides fit into one tile of 256 pixels."""
    zoom, side = 0, max(width or 1, height or 1)
    while side > 256:
        side, zoom = -(-side // 2), zoom + 1
    return zoom


def _complete_abstract(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    project = call.args.integer("project")
    for row, item in zip(rows, written, strict=True):
        url = f"{call.base}/api/abstractimage/{row['id']}"
        axes = "".join(
            axis
            for axis, count in zip("XYCZT", (2, 2, row["channels"], row["depth"], row["duration"]), strict=True)
            if (count or 1) > 1
        )
        item |= {
            "filename": row["originalFilename"],
            "dimensions": axes,
            "zoom": halvings(row["width"], row["height"]),
            "thumb": f"{url}/thumb.png?maxSize=512",
            "preview": f"{url}/thumb.png?maxSize=1024",
            "macroURL": f"{url}/associated/macro.png?maxWidth=512" if row["macro"] else None,
        }
        if project is not None:
            used = "SELECT 1 FROM imageinstance WHERE project = ? AND baseImage = ?"
            item["inProject"] = call.sql.value(used, (project, row["id"])) is not None


def _own_upload(row: str) -> str:
    return (
        f"{row}.user = :me OR EXISTS (SELECT 1 FROM uploadedfile u JOIN storage s ON s.id = u.storage"
        f" WHERE u.id = {row}.uploadedFile AND s.user = :me)"
    )


_SEEN_ABSTRACT = (
    "({own} OR EXISTS (SELECT 1 FROM imageinstance i JOIN member m ON m.project = i.project"
    " WHERE i.baseImage = {image} AND m.user = :me))"
)


def _own(call: Call, row: Row, old: Row | None) -> None:
    if old is None:
        row["user"] = call.caller.person
    if row["uploadedFile"]:
        uploaded = call.row("uploadedfile", row["uploadedFile"], "UploadedFile")
        row |= {"path": uploaded["path"], "contentType": row["contentType"] or uploaded["contentType"]}


ABSTRACT_IMAGE = Resource(
    table="abstractimage",
    java="be.cytomine.image.AbstractImage",
    label="AbstractImage",
    paths=("abstractimage",),
    rule=Rule(
        _SEEN_ABSTRACT.format(own=_own_upload("abstractimage"), image="abstractimage.id"),
        _own_upload("abstractimage"),
        _own_upload("abstractimage"),
    ),
    fields=(
        Field("originalFilename", required=True, alias="filename", max_length=255),
        Field("uploadedFile", "ref", ref="uploadedfile"),
        Field("path", derived=True),
        Field("contentType"),
        *OPTICS,
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True),
        Field("macro", "bool", default=0, derived=True, hidden=True),
    ),
    prepare=_own,
    complete=_complete_abstract,
)

ABSTRACT_SLICE = Resource(
    table="abstractslice",
    java="be.cytomine.image.AbstractSlice",
    label="AbstractSlice",
    paths=("abstractslice",),
    unique=(("image", "channel", "zStack", "time"),),
    rule=Rule(
        "EXISTS (SELECT 1 FROM abstractimage a WHERE a.id = image AND "
        + _SEEN_ABSTRACT.format(own=_own_upload("a"), image="a.id")
        + ")",
        f"EXISTS (SELECT 1 FROM abstractimage a WHERE a.id = image AND ({_own_upload('a')}))",
        f"EXISTS (SELECT 1 FROM abstractimage a WHERE a.id = image AND ({_own_upload('a')}))",
    ),
    lists=(
        Listing("abstractimage/{abstractimage:int}/abstractslice", "image = :abstractimage", "abstractimage"),
        Listing("uploadedfile/{uploadedfile:int}/abstractslice", "uploadedFile = :uploadedfile", "uploadedfile"),
    ),
    fields=(
        Field("uploadedFile", "ref", ref="uploadedfile"),
        Field("image", "ref", ref="abstractimage", required=True),
        Field("path", derived=True),
        Field("mime", default="image/pyrtiff"),
        Field("channel", "int", default=0),
        Field("zStack", "int", default=0),
        Field("time", "int", default=0),
        Field("rank", "int", default=0),
        Field("channelName"),
        Field("channelColor"),
    ),
    prepare=lambda call, row, _old: row.update(path=call.row("abstractimage", row["image"], "AbstractImage")["path"]),
)


def _prepare_instance(call: Call, row: Row, old: Row | None) -> None:
    base = call.row("abstractimage", row["baseImage"], "AbstractImage")
    project_seen(call, row["project"])
    if old is None:
        seen(call, ABSTRACT_IMAGE, base["id"])
        row["user"] = call.caller.person
    row["instanceFilename"] = row["instanceFilename"] or base["originalFilename"]
    # a project may correct the scale; what equals the abstract image's is not kept twice
    for name in ("physicalSizeX", "physicalSizeY", "physicalSizeZ", "fps", "magnification"):
        if row[name] == base[name]:
            row[name] = None


def add_slices(call: Call, row: Row) -> None:
    """Give an image instance its slices; an abstract image without any gets its reference slice."""
    base = "SELECT * FROM abstractslice WHERE image = ?"
    slices = call.sql.all(base, (row["baseImage"],))
    if not slices:
        image = call.row("abstractimage", row["baseImage"], "AbstractImage")
        plain: Row = ABSTRACT_SLICE.parse({"image": image["id"], "uploadedFile": image["uploadedFile"]})
        slices = [call.sql.add("abstractslice", plain | {"path": image["path"]})]
    for item in slices:
        call.sql.add("sliceinstance", {"project": row["project"], "image": row["id"], "baseSlice": item["id"]})


def _bases(call: Call, table: str, idents: set[int]) -> dict[int, Row]:
    marks = ",".join("?" * len(idents))
    rows = call.sql.all(f"SELECT * FROM {table} WHERE id IN ({marks})", tuple(idents))
    return {row["id"]: row for row in rows}


def _complete_instance(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    bases = _bases(call, "abstractimage", {row["baseImage"] for row in rows})
    blind = {row["id"] for row in call.sql.all("SELECT id FROM project WHERE blindMode")}
    for row, item in zip(rows, written, strict=True):
        base, url = bases[row["baseImage"]], f"{call.base}/api/imageinstance/{row['id']}"
        for spec in OPTICS:
            if item.get(spec.name) is None:
                item[spec.name] = base[spec.name]
        item |= {
            "originalFilename": base["originalFilename"],
            "filename": base["originalFilename"],
            "blindedName": base["id"] if row["project"] in blind else None,
            "path": base["path"],
            "fullPath": base["path"],
            "contentType": base["contentType"],
            "mime": base["contentType"],
            "zoom": halvings(base["width"], base["height"]),
            "resolution": item["physicalSizeX"],
            "isVirtual": False,
            "reviewed": row["reviewStop"] is not None,
            "inReview": row["reviewStart"] is not None and row["reviewStop"] is None,
            "thumb": f"{url}/thumb.png?maxSize=512",
            "preview": f"{url}/thumb.png?maxSize=1024",
            "macroURL": f"{url}/associated/macro.png?maxWidth=512" if base["macro"] else None,
        }


def _of_base(name: str) -> str:
    return f"(SELECT a.{name} FROM abstractimage a WHERE a.id = imageinstance.baseImage)"


#: What people filter images by though it stands elsewhere.
_COMPUTED: Mapping[str, tuple[Kind, str]] = {
    "originalFilename": ("text", _of_base("originalFilename")),
    "mimeType": ("text", _of_base("contentType")),
    "format": ("text", _of_base("contentType")),
    "width": ("int", _of_base("width")),
    "height": ("int", _of_base("height")),
    "resolution": ("float", f"coalesce(physicalSizeX, {_of_base('physicalSizeX')})"),
    "physicalSizeX": ("float", f"coalesce(physicalSizeX, {_of_base('physicalSizeX')})"),
    "magnification": ("float", f"coalesce(magnification, {_of_base('magnification')})"),
    "countImageAnnotations": ("int", "numberOfAnnotations"),
    "countImageJobAnnotations": ("int", "numberOfJobAnnotations"),
    "countImageReviewedAnnotations": ("int", "numberOfReviewedAnnotations"),
}


IMAGE_INSTANCE = Resource(
    table="imageinstance",
    java="be.cytomine.image.ImageInstance",
    label="ImageInstance",
    paths=("imageinstance",),
    unique=(("baseImage", "project"),),
    rule=Rule(
        member("imageinstance.project"),
        contributor("imageinstance.project"),
        contributor("imageinstance.project", "imageinstance.user"),
    ),
    lists=(
        Listing("project/{project:int}/imageinstance", "project = :project", "project"),
        Listing(
            "imagegroup/{imagegroup:int}/imageinstance",
            'id IN (SELECT g.image FROM imagegroupimageinstance g WHERE g."group" = :imagegroup)',
            "imagegroup",
        ),
    ),
    fields=(
        Field("baseImage", "ref", ref="abstractimage", required=True),
        Field("project", "ref", ref="project", required=True),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True),
        Field("instanceFilename", max_length=255),
        Field("physicalSizeX", "float"),
        Field("physicalSizeY", "float"),
        Field("physicalSizeZ", "float"),
        Field("fps", "float"),
        Field("magnification", "float"),
        Field("reviewStart", "date", derived=True),
        Field("reviewStop", "date", derived=True),
        Field("reviewUser", "ref", ref="secuser", on_delete="SET NULL", derived=True),
        Field("numberOfAnnotations", "int", default=0, derived=True),
        Field("numberOfJobAnnotations", "int", default=0, derived=True),
        Field("numberOfReviewedAnnotations", "int", default=0, derived=True),
    ),
    prepare=_prepare_instance,
    added=add_slices,
    complete=_complete_instance,
    computed=_COMPUTED,
)


def _complete_slice(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    bases = _bases(call, "abstractslice", {row["baseSlice"] for row in rows})
    for row, item in zip(rows, written, strict=True):
        base = bases[row["baseSlice"]]
        for name in (
            "uploadedFile",
            "path",
            "mime",
            "channel",
            "zStack",
            "time",
            "rank",
            "channelName",
            "channelColor",
        ):
            item[name] = base[name]
        item["imageServerUrl"] = call.base


SLICE_INSTANCE = Resource(
    table="sliceinstance",
    java="be.cytomine.image.SliceInstance",
    label="SliceInstance",
    paths=("sliceinstance",),
    unique=(("image", "baseSlice"),),
    rule=Rule(member("sliceinstance.project"), manager("sliceinstance.project"), manager("sliceinstance.project")),
    lists=(Listing("imageinstance/{imageinstance:int}/sliceinstance", "image = :imageinstance", "imageinstance"),),
    fields=(
        Field("project", "ref", ref="project", required=True),
        Field("image", "ref", ref="imageinstance", required=True),
        Field("baseSlice", "ref", ref="abstractslice", required=True),
    ),
    complete=_complete_slice,
)

RESOURCES = (ABSTRACT_IMAGE, ABSTRACT_SLICE, IMAGE_INSTANCE, SLICE_INSTANCE)

REFERENCE_SLICE = (
    "SELECT s.* FROM sliceinstance s JOIN abstractslice a ON a.id = s.baseSlice"
    " WHERE s.image = ? ORDER BY a.time, a.zStack, a.channel LIMIT 1"
)


@routes.add("GET", "imageinstance/{id:int}/sliceinstance/reference")
def reference_slice(call: Call) -> Any:
    """Show the slice that stands for the image."""
    image = seen(call, IMAGE_INSTANCE, call.id)
    row = call.sql.one(REFERENCE_SLICE, (image["id"],))
    if row is None:
        msg = f"SliceInstance not found: image {call.id} has none"
        raise NotFound(msg)
    return render_one(call, SLICE_INSTANCE, row)


@routes.add("GET", "imageinstance/{id:int}/{c:int}/{z:int}/{t:int}/sliceinstance")
def slice_at(call: Call) -> Any:
    """Show the slice at channel c, focal plane z and time t."""
    image = seen(call, IMAGE_INSTANCE, call.id)
    row = call.sql.one(
        "SELECT s.* FROM sliceinstance s JOIN abstractslice a ON a.id = s.baseSlice"
        " WHERE s.image = ? AND a.channel = ? AND a.zStack = ? AND a.time = ?",
        (image["id"], call.params["c"], call.params["z"], call.params["t"]),
    )
    if row is None:
        msg = f"SliceInstance not found in image {call.id} at C{call.params['c']}"
        raise NotFound(msg)
    return render_one(call, SLICE_INSTANCE, row)


@routes.add("GET", "abstractimage/{id:int}/imageservers", "imageinstance/{id:int}/imageservers")
def image_servers(call: Call) -> Any:
    """Give the addresses to which old readers append tile positions."""
    if "abstractimage" in call.request.url.path:
        path = seen(call, ABSTRACT_IMAGE, call.id)["path"]
    else:
        path = call.row("abstractimage", seen(call, IMAGE_INSTANCE, call.id)["baseImage"], "AbstractImage")["path"]
    return {"imageServersURLs": [f"{call.base}/image/tile?zoomify={path}"]}


@routes.add("GET", "abstractimage/{id:int}/download")
def download_abstract(call: Call) -> Response:
    """Send the original file."""
    return send_slide(call, seen(call, ABSTRACT_IMAGE, call.id)["uploadedFile"])


@routes.add("GET", "imageinstance/{id:int}/download")
def download_instance(call: Call) -> Response:
    """Send the original file, where the project lets contributors have it."""
    image = seen(call, IMAGE_INSTANCE, call.id)
    project = project_seen(call, image["project"])
    managed = call.sql.value(f"SELECT {manager(':project')}", {"project": project["id"], **call.caller.names()})
    if not (project["areImagesDownloadable"] or managed or call.caller.admin):
        msg = f"You don't have the right to download images of project {project['id']}"
        raise Forbidden(msg)
    return send_slide(call, call.row("abstractimage", image["baseImage"], "AbstractImage")["uploadedFile"])


@routes.add("GET", "imageinstance/method/lastopened")
def last_opened(call: Call) -> Any:
    """List images, newest first (nobody's visits are recorded)."""
    return listed(call, IMAGE_INSTANCE, order="id DESC")


@routes.add("GET", "imageserver", "imaging_server")
def image_server(call: Call) -> Any:
    """Name this server as the one image server, in the list's and in the single form at once."""
    server = {"id": 1, "class": "be.cytomine.image.server.ImagingServer", "url": call.base, "name": "embedded"}
    return server | {"collection": [server], "offset": 0, "perPage": 1, "size": 1, "totalPages": 1}


@routes.add("GET", "user/{user:int}/imageinstance")
def images_of_user(call: Call) -> Any:
    """List the images that the caller sees; Core's light list holds the same objects."""
    return listed(call, IMAGE_INSTANCE)


def instance_of(call: Call, ident: object) -> dict[str, Any]:
    """Return an image instance that the caller may see as wire object."""
    return render(call, IMAGE_INSTANCE, [seen(call, IMAGE_INSTANCE, ident)])[0]
