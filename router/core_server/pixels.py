"""Pictures of slides: thumbs, windows, crops, masks, tiles. Nothing ever reads a whole slide at full size."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from starlette.responses import Response

from router.core_server.context import Call
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.storages import slide_path

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from algorithms.toolkit.slides import Slide

Pixels = NDArray[np.uint8]

#: Largest picture that is made, pixels; larger ones come out smaller.
MAX_PIXELS = 2**25
FORMATS = {
    "jpg": ("JPEG", "image/jpeg"),
    "jpeg": ("JPEG", "image/jpeg"),
    "png": ("PNG", "image/png"),
    "tif": ("TIFF", "image/tiff"),
    "tiff": ("TIFF", "image/tiff"),
    "webp": ("WEBP", "image/webp"),
}
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Window:
    """A rectangle of a slide, pixels at full resolution, origin top-left."""

    x: int
    y: int
    width: int
    height: int

    def clipped(self, width: int, height: int) -> Window:
        """Return the part inside an image; at least one pixel."""
        left, top = min(max(self.x, 0), width - 1), min(max(self.y, 0), height - 1)
        right, bottom = min(self.x + self.width, width), min(self.y + self.height, height)
        return Window(left, top, max(right - left, 1), max(bottom - top, 1))

    def grown(self, factor: float) -> Window:
        """Return the rectangle with the same centre and sides `factor` times as long."""
        width, height = max(1, round(self.width * factor)), max(1, round(self.height * factor))
        return Window(self.x - (width - self.width) // 2, self.y - (height - self.height) // 2, width, height)

    def squared(self) -> Window:
        """Return the square around the rectangle."""
        side = max(self.width, self.height)
        return Window(self.x - (side - self.width) // 2, self.y - (side - self.height) // 2, side, side)


def window_of(geometry: BaseGeometry, height: int) -> Window:
    """Return the window of a shape: its integer envelope; a point gets 100 x 100 around it.

    Parameters
    ----------
    geometry : BaseGeometry
        In Cytomine's coordinates, origin bottom-left.
    height : int
        The image's, pixels.
    """
    left, bottom, right, top = geometry.bounds
    if geometry.geom_type == "Point":
        return Window(math.floor(left) - 50, height - math.floor(bottom) - 50, 100, 100)
    x, y = math.floor(left), math.floor(height - top)
    return Window(x, y, max(1, math.ceil(right) - x), max(1, math.ceil(height - bottom) - y))


def output_size(call: Call, width: int, height: int) -> tuple[int, int]:
    """Return the size of the picture of a rectangle: halved `zoom` times, at most `maxSize`, never too large."""
    zoom = call.args.integer("zoom", 0) or 0
    if not 0 <= zoom <= 40:
        msg = f"zoom must be 0 to 40, not {zoom}"
        raise WrongArgument(msg)
    scale = 1 / 2**zoom
    longest = call.args.integer("maxSize")
    if longest is not None:
        if longest < 1:
            msg = f"maxSize must be at least 1, not {longest}"
            raise WrongArgument(msg)
        scale = min(scale, longest / max(width, height))
    scale = min(scale, math.sqrt(MAX_PIXELS / (width * height)))
    return max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))


def lend(call: Call, abstract: int) -> Any:
    """Return the open slide of an abstract image, as a context manager."""
    row = call.row("abstractimage", abstract, "AbstractImage")
    if not row["path"]:
        msg = f"AbstractImage {abstract} has no file: upload one through /upload"
        raise NotFound(msg)
    return call.core.slides.lend(slide_path(call, row["path"]))


def region(call: Call, slide: Slide, window: Window) -> Pixels:
    """Return the pixels of a window in the size asked for; outside the slide it is white."""
    size = output_size(call, window.width, window.height)
    if window.width * window.height > 2**40 or abs(window.x) > 2**31 or abs(window.y) > 2**31:
        raise WrongArgument("the window is far larger than any slide")
    return slide.region(window.x, window.y, window.width, window.height, size)


def adjusted(call: Call, pixels: Pixels) -> Pixels:
    """Apply contrast, gamma, inverse and colormap as the query asks."""
    contrast, gamma = call.args.number("contrast"), call.args.number("gamma")
    if gamma is not None and gamma <= 0:
        msg = f"gamma must be above 0, not {gamma}"
        raise WrongArgument(msg)
    if contrast is not None or gamma is not None:
        levels = np.arange(256) / 255
        levels = levels if gamma is None else levels ** (1 / gamma)
        levels = levels if contrast is None else (levels - 0.5) * contrast + 0.5
        pixels = np.clip(np.rint(levels * 255), 0, 255).astype(np.uint8)[pixels]
    if call.args.flag("inverse"):
        pixels = 255 - pixels
    if call.args.flag("greyscale") or call.args.flag("grayscale"):
        grey = np.rint(pixels @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
        pixels = np.repeat(grey[..., None], 3, axis=2)
    return pixels


def picture(pixels: Pixels, extension: str) -> Response:
    """Return pixels as an answer in the format of a file ending.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3 or 4) uint8
    extension : str
        jpg, png, tif or webp; transparency needs png or tif and turns jpg into white.
    """
    from PIL import Image

    if extension.lower() not in FORMATS:
        msg = f"no pictures in format {extension!r}: use jpg, png, tif or webp"
        raise WrongArgument(msg)
    name, media_type = FORMATS[extension.lower()]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    if name == "JPEG" and image.mode == "RGBA":
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        image = white
    options: dict[str, Any] = {"JPEG": {"quality": JPEG_QUALITY}, "PNG": {"compress_level": 1}}.get(name, {})
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return Response(buffer.getvalue(), media_type=media_type)


def mask(geometries: list[BaseGeometry], image_height: int, window: Window, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw shapes into a window: a pixel is inside when its centre is.

    Parameters
    ----------
    geometries : list of BaseGeometry
        In Cytomine's coordinates.
    image_height : int
        Pixels at full resolution.
    window : Window
        At full resolution.
    size : (width, height)
        Of the mask.

    Returns
    -------
    (height, width) bool
    """
    import shapely

    from algorithms.toolkit.geometry import from_cytomine, mask_from_polygon

    across, down = size[0] / window.width, size[1] / window.height
    drawn = np.zeros((size[1], size[0]), dtype=bool)
    for geometry in geometries:
        solid = thick(geometry)
        moved = shapely.transform(
            from_cytomine(solid, image_height), lambda points: (points - (window.x, window.y)) * (across, down)
        )
        drawn |= mask_from_polygon(moved, 0, 0, size[0], size[1])
    return drawn


def _box(left: float, bottom: float, right: float, top: float) -> BaseGeometry:
    import shapely

    box: BaseGeometry = shapely.box(left, bottom, right, top)
    return box


def thick(geometry: BaseGeometry) -> BaseGeometry:
    """Give points and lines an area, so that they show in masks: half a pixel around a line, a point's window."""
    import shapely

    if geometry.geom_type == "Point":
        left, bottom = (math.floor(edge) - 50 for edge in geometry.bounds[:2])
        return _box(left, bottom, left + 100, bottom + 100)
    if shapely.get_dimensions(geometry) < 2:
        return geometry.buffer(0.75)
    return geometry


def combined(pixels: Pixels, inside: NDArray[np.bool_], alpha: bool) -> Pixels:
    """Return a mask in white on black, or the pixels with the outside transparent."""
    grey = inside.astype(np.uint8) * np.uint8(255)
    return np.dstack([pixels, grey]) if alpha else grey
