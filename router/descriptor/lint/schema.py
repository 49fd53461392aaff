"""The JSON Schema of cytomine-0.1 as findings."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router.descriptor.lint.finding import Finding, error, note, warning
from router.errors import DescriptorError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_NAME = "cytomine-0.1.json"
#: In an installed package, and in a checkout.
_FOLDERS = (Path(__file__).parents[1] / "schema", Path(__file__).parents[3] / "descriptors" / "schema")
_SHOWN = 60


def schema_findings(source: Mapping[str, Any]) -> Iterator[Finding]:
    """What the schema has against a descriptor.json.

    A missing field and a wrong type at the top are errors, an unknown field is a note, the rest are warnings: readers
    of this format forgive much.
    """
    for problem in _validator().iter_errors(dict(source)):
        path = json_path(problem.absolute_path)
        if problem.validator == "additionalProperties":
            yield from _unknown_fields(path, problem)
        elif problem.validator == "required":
            for name in set(_fields(problem.validator_value)) - set(problem.instance):
                yield error(f"{path}.{name}", f"{name} is missing", _purpose(problem.schema, name))
        else:
            finding = error if len(problem.absolute_path) < 2 else warning
            yield finding(path, _shortened(problem.message), _purpose(problem.schema, None))


def json_path(parts: Any) -> str:
    """`$.inputs[3].value-key` of ("inputs", 3, "value-key")."""
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _unknown_fields(path: str, problem: ValidationError) -> Iterator[Finding]:
    known = _fields(_member(problem.schema, "properties"))
    for name in _fields(problem.instance):
        if name in known:
            continue
        alike = difflib.get_close_matches(str(name), known, n=1)
        if alike:
            yield warning(f"{path}.{name}", f"{name} is no field of cytomine-0.1", f"Did you mean {alike[0]}?")
        else:
            yield note(f"{path}.{name}", f"{name} is no field of cytomine-0.1 and is ignored", "Leave it out.")


def _purpose(schema: Any, name: str | None) -> str:
    text = _member(_member(_member(schema, "properties"), name) if name else schema, "description")
    return f"It holds: {text}." if text else "See descriptors/schema/cytomine-0.1.json."


def _fields(found: Any) -> list[str]:
    return [str(name) for name in found]


def _member(schema: Any, name: str) -> Any:
    return schema.get(name, {}) if isinstance(schema, Mapping) else {}


def _shortened(message: str) -> str:
    """Without a page of quoted JSON in front of what is wrong with it."""
    return message if len(message) <= 2 * _SHOWN else f"{message[:_SHOWN]} ... {message[-_SHOWN:]}"


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    for folder in _FOLDERS:
        path = folder / _NAME
        if path.is_file():
            return Draft202012Validator(json.loads(path.read_text("utf-8")))
    message = f"{_NAME} is in neither of {', '.join(map(str, _FOLDERS))}; reinstall the package"
    raise DescriptorError(message)
