"""The URLs of pictures: thumbs, windows, crops, masks, associated pictures and tiles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from starlette.responses import Response

from router.core_server.annotations import ANNOTATION, NAMES
from router.core_server.context import Call
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.images import ABSTRACT_IMAGE, ABSTRACT_SLICE, IMAGE_INSTANCE, SLICE_INSTANCE, halvings
from router.core_server.pixels import (
    Window,
    adjusted,
    combined,
    lend,
    mask,
    output_size,
    picture,
    region,
    window_of,
)
from router.core_server.resource import Row
from router.core_server.rights import seen
from router.core_server.search import search
from router.core_server.storages import slide_path

routes = Routes()

#: How each URL name leads to an abstract image.
_WAYS = {
    "abstractimage": (ABSTRACT_IMAGE, "id"),
    "imageinstance": (IMAGE_INSTANCE, "baseImage"),
    "sliceinstance": (SLICE_INSTANCE, "baseSlice"),
    "abstractslice": (ABSTRACT_SLICE, "image"),
}


def _base(call: Call, name: str) -> tuple[Row, int]:
    """Return the thing in the path, which the caller may see, and its abstract image."""
    resource, column = _WAYS[name]
    row = seen(call, resource, call.id)
    ident = row[column]
    if name == "sliceinstance":
        ident = call.row("abstractslice", ident, "AbstractSlice")["image"]
    return row, ident


def _register(name: str) -> None:
    @routes.add("GET POST", f"{name}/{{id:int}}/thumb.{{fmt}}", mode="read")
    def thumb(call: Call) -> Response:
        _, base = _base(call, name)
        with lend(call, base) as slide:
            width, height = output_size(call, slide.width, slide.height)
            pixels = slide.thumbnail(max(width, height))
        return picture(adjusted(call, pixels), call.params["fmt"])

    @routes.add("GET POST", f"{name}/{{id:int}}/window-{{x:num}}-{{y:num}}-{{w:int}}-{{h:int}}.{{fmt}}", mode="read")
    def window(call: Call) -> Response:
        row, base = _base(call, name)
        rectangle = Window(*(call.params[key] for key in "xywh"))
        if not (rectangle.width and rectangle.height):
            raise WrongArgument("a window needs a width and a height of at least 1")
        masked, alpha = call.args.flag("mask"), call.args.flag("alphaMask")
        with lend(call, base) as slide:
            pixels = adjusted(call, region(call, slide, rectangle))
            size = (pixels.shape[1], pixels.shape[0])
            if masked or alpha:
                shapes = _shapes_in(call, name, row, rectangle, slide.height)
                pixels = combined(pixels, mask(shapes, slide.height, rectangle, size), alpha)
        extension = call.params["fmt"]
        return picture(pixels, "png" if alpha and extension in {"jpg", "jpeg"} else extension)

    @routes.add("GET", f"{name}/{{id:int}}/associated/{{label}}.{{fmt}}")
    def associated(call: Call) -> Response:
        _, base = _base(call, name)
        with lend(call, base) as slide:
            pictures = slide.associated()
            if call.params["label"] not in pictures:
                msg = f"the slide has no picture {call.params['label']!r}"
                raise NotFound(msg)
            return picture(np.asarray(pictures[call.params["label"]]), call.params["fmt"])

    @routes.add("GET", f"{name}/{{id:int}}/associated")
    def labels(call: Call) -> Any:
        _, base = _base(call, name)
        with lend(call, base) as slide:
            names = sorted(slide.associated())
        return {"collection": names, "size": len(names), "offset": 0, "perPage": len(names), "totalPages": 1}

    @routes.add(
        "GET POST",
        f"{name}/{{id:int}}/normalized-tile/zoom/{{z:int}}/tx/{{tx:int}}/ty/{{ty:int}}.{{fmt}}",
        f"{name}/{{id:int}}/tile/zoom/{{z:int}}/tx/{{tx:int}}/ty/{{ty:int}}.{{fmt}}",
        mode="read",
    )
    def normalized_tile(call: Call) -> Response:
        _, base = _base(call, name)
        with lend(call, base) as slide:
            pixels = tile(slide, call.params["z"], call.params["tx"], call.params["ty"])
        return picture(adjusted(call, pixels), call.params["fmt"])


for _name in _WAYS:
    _register(_name)


def _shape(row: Row) -> Any:
    return shapely.from_wkb(row["wkb"])


def _shapes_in(call: Call, name: str, row: Row, window: Window, height: int) -> list[Any]:
    """Return the shapes that a masked window shows: those named, or those the filters find there."""
    if name not in {"imageinstance", "sliceinstance"}:
        raise WrongArgument("masks need an image of a project: use imageinstance or sliceinstance")
    named = call.args.ids("annotations")
    if named is not None:
        rows = [seen(call, ANNOTATION, ident) for ident in named]
        return [_shape(found) for found in rows]
    bottom = height - window.y - window.height
    call.args |= {
        "image": row["id"] if name == "imageinstance" else row["image"],
        "bbox": f"{window.x},{bottom},{window.x + window.width},{bottom + window.height}",
        "max": 0,
        "offset": 0,
    }
    if call.args.ids("users") is None:
        call.args["includeAlgo"] = "true"
    return [_shape(found) for found in search(call)[0]]


@routes.add("GET POST", *(f"{name}/{{id:int}}/{{kind}}.{{fmt}}" for name in NAMES), mode="read")
def crop(call: Call) -> Response:
    """Show an annotation: crop, mask in white on black, or alphamask with a transparent outside."""
    kind = call.params["kind"]
    if kind not in {"crop", "mask", "alphamask"}:
        msg = f"an annotation has crop, mask and alphamask, no {kind!r}"
        raise NotFound(msg)
    row = seen(call, ANNOTATION, call.id)
    image = call.row("imageinstance", row["image"], "ImageInstance")
    geometry = _shape(row)
    with lend(call, image["baseImage"]) as slide:
        window = window_of(geometry, slide.height)
        if call.args.flag("square"):
            window = window.squared()
        factor = call.args.number("increaseArea")
        if factor is not None:
            if not 0 < factor <= 1000:
                msg = f"increaseArea must be above 0 and at most 1000, not {factor}"
                raise WrongArgument(msg)
            window = window.grown(factor)
        window = window.clipped(slide.width, slide.height)
        size = output_size(call, window.width, window.height)
        masked = kind == "mask" or call.args.flag("mask")
        alpha = kind == "alphamask" or call.args.flag("alphaMask")
        pixels = np.empty((size[1], size[0], 3), np.uint8)
        if alpha or not masked:
            pixels = adjusted(call, region(call, slide, window))
        if masked or alpha:
            pixels = combined(pixels, mask([geometry], slide.height, window, size), alpha)
    extension = call.params["fmt"]
    return picture(pixels, "png" if alpha and extension in {"jpg", "jpeg"} else extension)


def tile(slide: Any, zoom: int, column: int, row: int, side: int = 256) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return one tile; zoom counts up from the whole slide in one tile to full resolution.

    Parameters
    ----------
    slide : Slide
    zoom : int
        The image's `zoom` is full resolution.
    column, row : int
    side : int
        Pixels.
    """
    above = halvings(slide.width, slide.height) - zoom
    if above < 0:
        msg = f"zoom {zoom} is beyond full resolution ({halvings(slide.width, slide.height)})"
        raise WrongArgument(msg)
    width, height = -(-slide.width // 2**above), -(-slide.height // 2**above)
    x, y = column * side, row * side
    if x >= width or y >= height:
        msg = f"no tile at column {column}, row {row} of zoom {zoom}"
        raise NotFound(msg)
    # columns count by rounding up, pixels by rounding down, as viewers and readers do
    inner_width, inner_height = slide.zoom_size(above)
    across, down = max(1, min(side, inner_width - x)), max(1, min(side, inner_height - y))
    pixels: np.ndarray[Any, np.dtype[np.uint8]] = slide.read(x, y, across, down, above)
    return pixels


def _columns(slide: Any, zoom: int) -> int:
    above = halvings(slide.width, slide.height) - zoom
    return math.ceil(math.ceil(int(slide.width) / (1 << max(above, 0))) / 256)


@routes.add("GET POST", "/slice/tile", "/slice/tile.jpg", mode="read", public=True)
def slice_tile(call: Call) -> Response:
    """Send a tile as the image server does: unsigned, by the slide's path, which nobody can guess."""
    path = slide_path(call, str(call.args.get("fif") or ""))
    zoom, index = call.args.integer("z"), call.args.integer("tileIndex")
    if zoom is None or index is None or index < 0:
        raise WrongArgument("a tile needs fif, z and tileIndex")
    with call.core.slides.lend(path) as slide:
        columns = _columns(slide, zoom)
        pixels = tile(slide, zoom, index % columns, index // columns)
    return picture(adjusted(call, pixels), "jpg")


@routes.add("GET", "/image/tile", "/image/tile.jpg", public=True)
def zoomify_tile(call: Call) -> Response:
    """Send a tile to old readers, by column and row."""
    path = slide_path(call, str(call.args.get("zoomify") or "").strip("/"))
    zoom, x, y = (call.args.integer(name) for name in ("z", "x", "y"))
    if zoom is None or x is None or y is None or min(zoom, x, y) < 0:
        raise WrongArgument("a tile needs zoomify, z, x and y")
    with call.core.slides.lend(path) as slide:
        pixels = tile(slide, zoom, x, y)
    return picture(pixels, "jpg")


@routes.add("GET POST", "/image/{path:path}/normalized-tile/zoom/{z:int}/ti/{ti:int}.{fmt}", mode="read", public=True)
def pims_tile(call: Call) -> Response:
    """Send a tile to readers of the PIMS era."""
    path = slide_path(call, call.params["path"])
    with call.core.slides.lend(path) as slide:
        columns = _columns(slide, call.params["z"])
        pixels = tile(slide, call.params["z"], call.params["ti"] % columns, call.params["ti"] // columns)
    return picture(adjusted(call, pixels), call.params["fmt"])
