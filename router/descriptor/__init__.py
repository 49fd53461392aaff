"""Descriptors of schema cytomine-0.1: read, lint, and the commands Core makes of them (router-protocol.md 2.2, 4).

Everything here is a pure function of text and values; nothing talks to Core.
"""

from router.descriptor.images import ImageSource, image_source, valid_reference
from router.descriptor.model import Descriptor, Input, Resources, filled_by_core
from router.descriptor.reading import load, parse
from router.descriptor.rebuilding import Recovered, arguments, rebuild_command, recover, torn

__all__ = [
    "Descriptor",
    "ImageSource",
    "Input",
    "Recovered",
    "Resources",
    "arguments",
    "filled_by_core",
    "image_source",
    "load",
    "parse",
    "rebuild_command",
    "recover",
    "torn",
    "valid_reference",
]
