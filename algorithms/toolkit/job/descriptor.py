"""The parameters of a software, from its descriptor.json: one source for Core, the command line and Python."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from algorithms.toolkit.errors import ParameterError

TRUE, FALSE = {"1", "true", "yes"}, {"0", "false", "no"}

Value = int | float | bool | str | list[int] | None


@dataclass(frozen=True)
class Parameter:
    """One parameter: its name, its type in Cytomine's words, and what it may be."""

    name: str
    type: str
    label: str = ""
    description: str = ""
    optional: bool = False
    default: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    integer: bool = False
    choices: tuple[str, ...] = ()
    set_by_server: bool = False

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Parameter:
        """Read an input of a descriptor."""
        default = found.get("default-value")
        choices = found.get("value-choices") or found.get("values-choice") or ()
        return cls(
            name=found["id"],
            type=found["type"],
            label=found.get("name", found["id"]),
            description=found.get("description", ""),
            optional=bool(found.get("optional", False)),
            default=None if default is None else str(default),
            minimum=_number(found.get("minimum")),
            maximum=_number(found.get("maximum")),
            integer=bool(found.get("integer", False)),
            choices=tuple(str(choice) for choice in choices),
            set_by_server=bool(found.get("set-by-server", False)),
        )

    def parse(self, text: str | None) -> Value:
        """Read a value from text; an empty one is None.

        Raises
        ------
        ParameterError
            When the text is not of the type, or out of range.
        """
        if text is None or not text.strip():
            return None
        text = text.strip()
        try:
            value = self._convert(text)
        except ValueError:
            kind = "whole number" if self.integer or self.type == "Domain" else self.type
            msg = f"{self.name}: {text!r} is not a value of type {kind}"
            raise ParameterError(msg) from None
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._check_range(value)
        if self.choices and text not in self.choices:
            msg = f"{self.name}: {text!r} is not one of {', '.join(self.choices)}"
            raise ParameterError(msg)
        return value

    def _convert(self, text: str) -> Value:
        if self.type == "Number":
            number = float(text)
            if not math.isfinite(number) or (self.integer and number % 1):
                raise ValueError(text)
            return int(number) if number % 1 == 0 else number
        if self.type == "Boolean":
            if text.lower() not in TRUE | FALSE:
                raise ValueError(text)
            return text.lower() in TRUE
        if self.type == "Domain":
            return int(text)
        if self.type == "ListDomain":
            return [int(part) for part in text.strip("[]").split(",") if part.strip()]
        return text

    def _check_range(self, value: float) -> None:
        if self.minimum is not None and value < self.minimum:
            msg = f"{self.name}: {value} is too small; it is at least {self.minimum:g}"
            raise ParameterError(msg)
        if self.maximum is not None and value > self.maximum:
            msg = f"{self.name}: {value} is too large; it is at most {self.maximum:g}"
            raise ParameterError(msg)


@dataclass(frozen=True)
class Descriptor:
    """What a software is called, what it does, and its parameters."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]

    def parameter(self, name: str) -> Parameter | None:
        """Return the parameter of this name, or None."""
        return next((parameter for parameter in self.parameters if parameter.name == name), None)


def descriptor(name: str) -> Descriptor:
    """Read the descriptor of a software of ours.

    It is looked for in the folder that the environment variable DESCRIPTORS names, in the checkout, and in the package.

    Raises
    ------
    ParameterError
        When there is none of this name.
    """
    package = Path(__file__).resolve().parents[2]
    folders = [package.parent / "descriptors", package / "_descriptors"]
    if os.environ.get("DESCRIPTORS"):
        folders.insert(0, Path(os.environ["DESCRIPTORS"]))
    for folder in folders:
        path = folder / name / "descriptor.json"
        if path.is_file():
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                parameters = tuple(Parameter.read(item) for item in found["inputs"])
                return Descriptor(found["name"], found.get("description", ""), parameters)
            except (ValueError, KeyError, TypeError) as error:
                msg = f"{path}: not a readable descriptor ({error})"
                raise ParameterError(msg) from error
    msg = f"no descriptor of {name!r} in {', '.join(map(str, folders))}; set DESCRIPTORS to the folder that has it"
    raise ParameterError(msg)


def _number(value: Any) -> float | None:
    return None if value is None or value == "" else float(value)
