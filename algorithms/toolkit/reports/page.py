"""One HTML file of sections: text, tables, pictures. Every text is escaped; no scripts; nothing is fetched."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes
    ----------
    title, text : str
    head : sequence of str
        Names of the table's columns.
    rows : sequence of sequence of str
    pictures : sequence of (str, str)
        Data URI and caption.
    small : bool
        Pictures side by side, in their own size.
    """

    title: str
    text: str = ""
    head: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()
    pictures: Sequence[tuple[str, str]] = field(default_factory=tuple)
    small: bool = False


def write_page(path: Path, title: str, sections: Sequence[Section]) -> None:
    """Write a report."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    path.write_text(template.render(title=title, sections=sections), encoding="utf-8")


def picture_uri(pixels: NDArray[np.uint8]) -> str:
    """Return RGB pixels as a data URI."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data_uri(data.getvalue(), "image/png")


def data_uri(data: bytes, media_type: str) -> str:
    """Return bytes as a data URI."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
