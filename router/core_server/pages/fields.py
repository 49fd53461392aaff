"""Form fields made from a software's parameters, and what people put into them read back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from router.core_server.errors import CoreError
from router.core_server.pages.api import Api
from router.core_server.pages.shades import safe_colour

#: How a list of choices is written in a constraint (router-protocol 4.2).
_SEPARATORS = re.compile(r"[ð,;]")
_TRUE = frozenset({"true", "1", "yes", "on"})


@dataclass(frozen=True)
class Option:
    """One thing to pick, by name and picture."""

    value: str
    label: str
    picture: str | None = None
    colour: str | None = None


@dataclass
class FormField:
    """One parameter as a person fills it in.

    Attributes
    ----------
    kind : str
        text, number, yes, choice, pick-one, pick-many or date.
    values : list of str
        What the field shows: one text, or the options picked.
    fine : bool
        Whether its default usually works, so that nobody has to look at it.
    error : str
        Why the last try was refused; empty when it was not.
    """

    id: int
    name: str
    label: str
    kind: str
    required: bool
    values: list[str]
    help: str = ""
    options: list[Option] = field(default_factory=list)
    minimum: float | None = None
    maximum: float | None = None
    whole: bool = False
    fine: bool = False
    error: str = ""

    @property
    def value(self) -> str:
        """Return the one text of a field that holds one."""
        return self.values[0] if self.values else ""

    @property
    def main(self) -> bool:
        """Whether a person should look at it."""
        return not self.fine or bool(self.error)


def build(api: Api, project: Mapping[str, Any], parameter: Mapping[str, Any]) -> FormField:
    """Return the field of a software parameter, with its default.

    Parameters
    ----------
    api : Api
        For the things to pick from, the help and the bounds.
    project : mapping
        The project the job will run in.
    parameter : mapping
        As the API writes it.
    """
    default = str(parameter["defaultParamValue"] or "")
    made = FormField(
        id=parameter["id"],
        name=f"p{parameter['id']}",
        label=_label(parameter),
        kind={"Number": "number", "Boolean": "yes", "Date": "date"}.get(parameter["type"], "text"),
        required=bool(parameter["required"]),
        values=[default] if default else [],
        help=_help(api, parameter["id"]),
    )
    _bound(api, made)
    if made.kind == "yes":
        made.values = ["true"] if default.lower() in _TRUE else []
    elif parameter["type"] in {"Domain", "ListDomain"}:
        _offer(api, project, parameter, made, default)
    made.fine = not made.kind.startswith("pick") and (bool(default) or not made.required)
    return made


def _label(parameter: Mapping[str, Any]) -> str:
    text = str(parameter["humanName"] or parameter["name"])
    text = text.removeprefix("cytomine_id_").removeprefix("cytomine_").replace("_", " ").strip()
    text = re.sub(r"^[Cc]ytomine\s+|\s+ids?$", "", text)
    return text[:1].upper() + text[1:]


def _help(api: Api, parameter: int) -> str:
    found = api.maybe(f"domain/be.cytomine.processing.SoftwareParameter/{parameter}/description")
    return plain(found["data"]) if found else ""


def plain(text: object) -> str:
    """Return a description without the markup that Cytomine's editor leaves in it."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", str(text))).strip()


def _bound(api: Api, made: FormField) -> None:
    rules = {rule["id"]: rule["name"] for rule in api.all("parameter_constraint")}
    for item in api.all(f"software_parameter/{made.id}/software_parameter_constraint"):
        rule, text = rules.get(item["parameterConstraint"]), str(item["value"])
        if rule == "in":
            made.kind = "choice"
            made.options = [Option(part.strip(), part.strip()) for part in _SEPARATORS.split(text) if part.strip()]
        elif rule == "integer":
            made.whole = text.lower() == "true"
        elif rule in {"minimum", "maximum"} and _number(text) is not None:
            setattr(made, rule, _number(text))


def _offer(api: Api, project: Mapping[str, Any], parameter: Mapping[str, Any], made: FormField, default: str) -> None:
    found = _things(api, project, str(parameter["uri"] or ""))
    if found is None:
        return
    path, items = found
    made.kind = "pick-many" if parameter["type"] == "ListDomain" else "pick-one"
    printed, order = parameter["uriPrintAttribut"], parameter["uriSortAttribut"] or parameter["uriPrintAttribut"]
    items.sort(key=lambda item: str(item.get(order) or _name(item)).lower())
    made.options = [_option(path, item, printed) for item in items]
    known = {option.value for option in made.options}
    made.values = [part for part in re.split(r"[,\s]+", default) if part in known]


def _things(api: Api, project: Mapping[str, Any], uri: str) -> tuple[str, list[dict[str, Any]]] | None:
    for name, value in (
        ("$currentProject$", project["id"]),
        ("$currentOntology$", project["ontology"]),
        ("$cytomineHost$", ""),
    ):
        uri = uri.replace(name, str(value))
    parts = urlsplit(uri)
    path = parts.path.strip("/").removeprefix("api/").removesuffix(".json")
    if not path:
        return None
    try:
        answer = api.get(path, **dict(parse_qsl(parts.query)))
    except CoreError:
        return None
    items = answer.get("collection") if isinstance(answer, dict) else None
    return None if items is None else (path, list(items))


def _name(item: Mapping[str, Any]) -> str:
    for name in ("instanceFilename", "name", "username", "filename", "originalFilename"):
        if item.get(name):
            return str(item[name])
    return "without a name"


def _option(path: str, item: Mapping[str, Any], printed: object) -> Option:
    label = str(item.get(str(printed)) or _name(item)) if printed else _name(item)
    if path.endswith("imageinstance"):
        return Option(str(item["id"]), label, picture=f"/api/imageinstance/{item['id']}/thumb.jpg?maxSize=160")
    if path.endswith("term"):
        return Option(str(item["id"]), label, colour=safe_colour(item.get("color")))
    return Option(str(item["id"]), label)


def fill(fields: Sequence[FormField], form: Mapping[str, Sequence[str]]) -> bool:
    """Put what a person sent into the fields; return whether all of it can be used."""
    for made in fields:
        made.values = [text.strip() for text in form.get(made.name, ()) if text.strip()]
        made.error = _wrong(made)
    return not any(made.error for made in fields)


def _wrong(made: FormField) -> str:
    if made.required and not made.values and made.kind != "yes":
        asked = {"pick-many": "Choose at least one.", "pick-one": "Choose one.", "choice": "Choose one."}
        return asked.get(made.kind, "This is needed.")
    if made.options and not set(made.values) <= {option.value for option in made.options}:
        return "What you chose is no longer there. Choose again."
    if not made.values:
        return ""
    if made.kind == "number":
        return _wrong_number(made)
    if made.kind == "date":
        try:
            date.fromisoformat(made.value)
        except ValueError:
            return "Write the date as year-month-day, for example 2026-05-31."
    return ""


def _wrong_number(made: FormField) -> str:
    number = _number(made.value)
    if number is None:
        hint = " Use a dot for decimals." if "," in made.value else ""
        return f"“{made.value}” is not a number.{hint}"
    if made.whole and number != int(number):
        return "Use a whole number."
    if made.minimum is not None and number < made.minimum:
        return f"Use {made.minimum:g} or more."
    if made.maximum is not None and number > made.maximum:
        return f"Use {made.maximum:g} or less."
    return ""


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def values(fields: Sequence[FormField]) -> list[dict[str, Any]]:
    """Return the job parameters to store; optional fields that are empty are left out."""
    params = []
    for made in fields:
        if made.kind == "yes":
            params.append({"softwareParameter": made.id, "value": "true" if made.values else "false"})
        elif made.values:
            params.append({"softwareParameter": made.id, "value": ",".join(made.values)})
    return params
