"""Read a descriptor.json. Whatever parses as a JSON object is read; what is odd in it is the lint's to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from router.descriptor.model import Descriptor, Input, Resources
from router.descriptor.resources import read_resources
from router.errors import DescriptorError

#: A descriptor is written by hand; the longest seen has 12 kB.
MAX_BYTES = 1_000_000
INDEX_STEP = 100


def load(path: Path) -> Descriptor:
    """Read the descriptor in a file.

    Raises
    ------
    DescriptorError
        The file is not there, is too large, or is no JSON object.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            message = f"{path}: {size} bytes are too many for a descriptor (at most {MAX_BYTES})"
            raise DescriptorError(message)
        text = path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); a software's folder needs a descriptor.json"
        raise DescriptorError(message) from error
    return parse(text, str(path))


def parse(text: bytes | str, where: str = "descriptor.json") -> Descriptor:
    """Read the descriptor in `text`; `where` names it in errors.

    Raises
    ------
    DescriptorError
        It is no JSON object; the message has line and column.
    """
    return from_object(parse_object(text, where))


def parse_object(text: bytes | str, where: str) -> Mapping[str, Any]:
    """The JSON object in `text`; fractions stay as they are written.

    Raises
    ------
    DescriptorError
        It is none.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        found = json.loads(decoded, parse_float=Decimal)
    except UnicodeDecodeError as error:
        message = f"{where}: is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise DescriptorError(message) from error
    except json.JSONDecodeError as error:
        message = f"{where}: is not JSON (line {error.lineno}, column {error.colno}: {error.msg})"
        raise DescriptorError(message) from error
    except (RecursionError, ValueError) as error:
        message = f"{where}: is not JSON that can be read ({error})"
        raise DescriptorError(message) from error
    if not isinstance(found, dict):
        message = f"{where}: holds {type(found).__name__} instead of a JSON object"
        raise DescriptorError(message)
    return found


def from_object(source: Mapping[str, Any]) -> Descriptor:
    """The descriptor a JSON object stands for."""
    image = source.get("container-image")
    image = image if isinstance(image, Mapping) else {}
    return Descriptor(
        name=text_of(source.get("name")),
        description=text_of(source.get("description")),
        command_line=text_of(source.get("command-line")),
        container_type=text_of(image.get("type")) or "singularity",
        image=text_of(image.get("image")),
        inputs=tuple(_inputs(source.get("inputs"))),
        processing_server=text_of(source.get("default-processing-server-name")) or None,
        resources=read_resources(source) if source else Resources(),
        source=source,
    )


def _inputs(found: Any) -> list[Input]:
    """The inputs that have an id; each keeps the index of its place in the file."""
    if not isinstance(found, list):
        return []
    return [
        _input(item, INDEX_STEP * place)
        for place, item in enumerate(found, 1)
        if isinstance(item, Mapping) and text_of(item.get("id"))
    ]


def _input(item: Mapping[str, Any], index: int) -> Input:
    ident = text_of(item.get("id"))
    fields = {key: expand(value, ident) for key, value in item.items() if key != "id"}
    # "default" is a slip seen in published descriptors (4.4 no 11).
    default = fields["default-value"] if "default-value" in fields else fields.get("default")
    return Input(
        id=ident,
        index=index,
        type=type_of(fields.get("type")),
        name=text_of(fields.get("name")) or ident,
        description=text_of(fields.get("description")),
        required=not boolean(fields.get("optional")),
        value_key=text_of(fields.get("value-key")) or f"[{ident.upper()}]",
        flag=text_of(fields.get("command-line-flag")),
        default=text_of(default),
        set_by_server=boolean(fields.get("set-by-server")),
        server_parameter=boolean(fields.get("server-parameter")),
        uri=text_of(fields.get("uri")) or None,
        uri_print_attribute=text_of(fields.get("uri-print-attribute")) or None,
        uri_sort_attribute=text_of(fields.get("uri-sort-attribute")) or None,
        minimum=text_of(fields.get("minimum")) or None,
        maximum=text_of(fields.get("maximum")) or None,
        equals=text_of(fields.get("equals")) or None,
        choices=_choices(fields),
        integer=boolean(fields.get("integer")),
    )


def _choices(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Both spellings: `value-choices` is Boutiques', `values-choice` is what the Java router looks for."""
    for key in ("value-choices", "values-choice"):
        found = fields.get(key)
        if isinstance(found, list):
            return tuple(text_of(choice) for choice in found)
    return ()


def expand(value: Any, ident: str) -> Any:
    """Put the id for @ID (upper case) and @id (as written), in a text or a list of texts."""
    if isinstance(value, str):
        return value.replace("@ID", ident.upper()).replace("@id", ident)
    if isinstance(value, list):
        return [expand(item, ident) for item in value]
    return value


def text_of(value: Any) -> str:
    """A JSON value as the text Core stores: nothing is "", true is "true", a list is joined by commas."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(text_of(item) for item in value)
    if isinstance(value, Mapping):
        return ""
    return str(value)


def boolean(value: Any) -> bool:
    """A boolean, also where it was written as the text "true" or "false" (4.4 no 9)."""
    return value.strip().lower() == "true" if isinstance(value, str) else bool(value)


def type_of(value: Any) -> str:
    """The type as Core spells it (4.2)."""
    found = text_of(value).strip().capitalize()
    return "ListDomain" if found == "Listdomain" else found
