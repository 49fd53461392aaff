"""Colours of terms and layers."""

from __future__ import annotations

import re

_HEX = re.compile(r"^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")

#: What a term without a usable colour is drawn in.
PLAIN = "#5b3a8c"
#: Layers whose shapes have no term take these in turn; all stand out on haematoxylin and eosin.
LAYER_COLOURS = ("#1261a0", "#0b7a4b", "#a34a00", "#7a1f8a", "#00707a", "#8a1f3d")


def safe_colour(text: object) -> str:
    """Return a colour as #rrggbb; anything else than a hexadecimal colour becomes a plain one."""
    colour = str(text or "")
    if not _HEX.match(colour):
        return PLAIN
    return colour.lower() if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:].lower())


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of a safe colour."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
