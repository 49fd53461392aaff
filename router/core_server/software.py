"""Software, its parameters and their constraints, and the projects that offer it."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from router.core_server.context import Call
from router.core_server.crud import create_row
from router.core_server.errors import AlreadyExists, WrongArgument
from router.core_server.http import Routes
from router.core_server.processing import add_software_queue
from router.core_server.resource import Field, Listing, Resource, Row, Rule
from router.core_server.rights import in_project, project_seen, seen

TYPES = ("String", "Boolean", "Number", "Date", "List", "ListDomain", "Domain")
#: Names of the job counters by status.
COUNTERS = ("NotLaunch", "InQueue", "Running", "Success", "Failed", "Indeterminate", "Wait", "Previewed", "Killed")

routes = Routes()


def full_name(row: Row) -> str:
    """Return "name (version)"."""
    return f"{row['name']} ({row['softwareVersion']})" if row["softwareVersion"] else str(row["name"])


def executable(row: Row) -> bool:
    """Tell whether a software can be launched: it says how to get and how to start its image."""
    return bool((row["executeCommand"] or "").strip() and (row["pullingCommand"] or "").strip())


def _prepare(call: Call, row: Row, old: Row | None) -> None:
    if old is not None:
        return
    row["user"] = call.caller.person
    twins = call.sql.all("SELECT softwareVersion FROM software WHERE name = ?", (row["name"],))
    versions = {twin["softwareVersion"] or "" for twin in twins}
    version = row["softwareVersion"] or ""
    if version in versions or (versions and not version):
        msg = f"Software {row['name']} {version} already exists!"
        raise AlreadyExists(msg)


def _added(call: Call, row: Row) -> None:
    """Follow the older versions into their projects and deprecate them, by comparing texts as Core does."""
    if call.core.settings.dialect == "A":
        add_software_queue(call, row)
        for name in ("host", "publicKey", "privateKey"):
            create_row(call, SOFTWARE_PARAMETER, {"name": name, "type": "String", "software": row["id"],
                                                  "required": True, "setByServer": True})  # fmt: skip
    twins = call.sql.all("SELECT * FROM software WHERE name = ? AND id <> ?", (row["name"], row["id"]))
    projects = {
        link["project"]
        for twin in twins
        for link in call.sql.all("SELECT project FROM softwareproject WHERE software = ?", (twin["id"],))
    }
    for project in sorted(projects):
        call.sql.add("softwareproject", {"software": row["id"], "project": project})
    for twin in twins:
        if (twin["softwareVersion"] or "") < (row["softwareVersion"] or ""):
            call.sql.change("software", twin["id"], {"deprecated": 1})


def counters(call: Call, condition: str, values: dict[str, Any]) -> dict[str, int]:
    """Return how many jobs there are in each status."""
    rows = call.sql.all(f"SELECT status, count(*) AS n FROM job WHERE {condition} GROUP BY status", values)
    counts = {f"numberOf{name}": 0 for name in COUNTERS}
    for row in rows:
        counts[f"numberOf{COUNTERS[row['status']]}"] = row["n"]
    return {"numberOfJob": sum(counts.values()), **counts}


def _complete(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        parameters = call.sql.all(
            'SELECT * FROM softwareparameter WHERE software = ? AND NOT setByServer ORDER BY "index", id', (row["id"],)
        )
        item |= {
            "fullName": full_name(row),
            "executable": executable(row),
            "parameters": [SOFTWARE_PARAMETER.write(parameter) for parameter in parameters],
            **counters(call, "software = :software", {"software": row["id"]}),
        }


def _only_executable(call: Call) -> tuple[str, dict[str, Any]]:
    if call.args.flag("executableOnly"):
        return "trim(coalesce(executeCommand, '')) <> '' AND trim(coalesce(pullingCommand, '')) <> ''", {}
    return "1", {}


SOFTWARE = Resource(
    table="software",
    java="be.cytomine.processing.Software",
    label="Software",
    paths=("software",),
    rule=Rule("1", "1", "software.user = :me"),
    lists=(
        Listing(
            "project/{project:int}/software",
            "id IN (SELECT sp.software FROM softwareproject sp WHERE sp.project = :project)",
            "project",
        ),
        Listing(
            "software_user_repository/{repository:int}/software",
            "softwareUserRepository = :repository AND NOT deprecated",
        ),
    ),
    fields=(
        Field("name", required=True, max_length=255),
        Field("softwareUserRepository", "ref", ref="softwareuserrepository", on_delete="SET NULL"),
        Field("defaultProcessingServer", "ref", ref="processingserver", on_delete="SET NULL"),
        Field("resultName", max_length=255),
        Field("executeCommand", max_length=5000),
        Field("pullingCommand", max_length=255),
        Field("deprecated", "bool", default=0),
        Field("softwareVersion", max_length=255),
        Field("sourcePath", max_length=255),
        Field("serviceName", max_length=255, hidden=True),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True, hidden=True),
    ),
    prepare=_prepare,
    added=_added,
    complete=_complete,
    narrow=_only_executable,
)


def _prepare_parameter(call: Call, row: Row, old: Row | None) -> None:
    kind = next((kind for kind in TYPES if kind.lower() == str(row["type"]).lower()), None)
    if kind is None:
        msg = f"type must be one of {', '.join(TYPES)}, not {row['type']!r}"
        raise WrongArgument(msg)
    row["type"] = kind
    # clients turn a default into the parameter's type and would fail on a blank one
    row["defaultParamValue"] = row["defaultParamValue"] or None
    row["humanName"] = row["humanName"] or row["name"]
    row["valueKey"] = row["valueKey"] or f"[{row['name'].upper()}]"
    if row["index"] is None:
        last = 'SELECT coalesce(max("index"), 0) FROM softwareparameter WHERE software = ?'
        row["index"] = old["index"] if old else call.sql.value(last, (row["software"],)) + 100


def _without_server_ones(call: Call) -> tuple[str, dict[str, Any]]:
    return ("1" if call.args.flag("withSetByServer") else "NOT setByServer"), {}


SOFTWARE_PARAMETER = Resource(
    table="softwareparameter",
    java="be.cytomine.processing.SoftwareParameter",
    label="SoftwareParameter",
    paths=("software_parameter", "softwareparameter"),
    unique=(("software", "name"),),
    rule=Rule(
        "1",
        "EXISTS (SELECT 1 FROM software s WHERE s.id = software AND s.user = :me)",
        "EXISTS (SELECT 1 FROM software s WHERE s.id = software AND s.user = :me)",
    ),
    lists=tuple(
        Listing(f"software/{{software:int}}/{name}", "software = :software", "software", '"index", id')
        for name in ("software_parameter", "softwareparameter", "parameter")
    ),
    order='software, "index", id',
    fields=(
        Field("name", required=True, max_length=255),
        Field("type", required=True),
        Field("defaultParamValue", alias="defaultValue", max_length=255),
        Field("required", "bool", default=0),
        Field("software", "ref", ref="software", required=True),
        Field("index", "int"),
        Field("uri"),
        Field("uriPrintAttribut"),
        Field("uriSortAttribut"),
        Field("setByServer", "bool", default=0),
        Field("serverParameter", "bool", default=0),
        Field("humanName"),
        Field("valueKey"),
        Field("commandLineFlag", default=""),
    ),
    prepare=_prepare_parameter,
    narrow=_without_server_ones,
)

PARAMETER_CONSTRAINT = Resource(
    table="parameterconstraint",
    java="be.cytomine.processing.ParameterConstraint",
    label="ParameterConstraint",
    paths=("parameter_constraint",),
    methods="read list",
    unique=(("dataType", "name"),),
    rule=Rule("1"),
    fields=(Field("name"), Field("expression"), Field("dataType")),
)

#: What every Core knows of constraints: data type, name, Groovy text (documentation; never evaluated here).
CONSTRAINTS = (
    ("Number", "integer", '("[value]".isInteger()==[parameterValue])'),
    ("Number", "minimum", "(Double.valueOf([parameterValue]) <= Double.valueOf([value]))"),
    ("Number", "maximum", "(Double.valueOf([parameterValue]) >= Double.valueOf([value]))"),
    ("Number", "equals", "(Double.valueOf([parameterValue]) == Double.valueOf([value]))"),
    ("Number", "in", '("[value]" in "[parameterValue]".tokenize("[separator]"))'),
    ("String", "minimum", '("[value]".length() >= [parameterValue])'),
    ("String", "maximum", '("[value]".length() <= [parameterValue])'),
    ("String", "equals", '("[parameterValue]" == "[value]")'),
    ("String", "in", '("[value]" in "[parameterValue]".tokenize("[separator]"))'),
    ("Boolean", "equals", "(Boolean.parseBoolean([value]) == Boolean.parseBoolean([parameterValue]))"),
    ("Date", "minimum", "(new Date([parameterValue]) <= new Date([value]))"),
    ("Date", "maximum", "(new Date([parameterValue]) >= new Date([value]))"),
    ("Date", "equals", "(new Date([parameterValue]) == new Date([value]))"),
    ("Date", "in", '("[value]" in "[parameterValue]".tokenize("[separator]"))'),
)


def _same_type(call: Call, row: Row, _old: Row | None) -> None:
    constraint = call.row("parameterconstraint", row["parameterConstraint"], "ParameterConstraint")
    parameter = call.row("softwareparameter", row["softwareParameter"], "SoftwareParameter")
    if constraint["dataType"] != parameter["type"]:
        msg = (
            f"a constraint on {constraint['dataType']} does not fit parameter {parameter['name']} of type"
            f" {parameter['type']}"
        )
        raise WrongArgument(msg)


_OWN_PARAMETER = (
    "EXISTS (SELECT 1 FROM softwareparameter p JOIN software s ON s.id = p.software"
    " WHERE p.id = softwareParameter AND s.user = :me)"
)

SOFTWARE_PARAMETER_CONSTRAINT = Resource(
    table="softwareparameterconstraint",
    java="be.cytomine.processing.SoftwareParameterConstraint",
    label="SoftwareParameterConstraint",
    paths=("software_parameter_constraint", "softwareparameterconstraint"),
    rule=Rule("1", _OWN_PARAMETER, _OWN_PARAMETER),
    lists=tuple(
        Listing(f"{name}/{{parameter:int}}/software_parameter_constraint", "softwareParameter = :parameter")
        for name in ("software_parameter", "softwareparameter")
    ),
    fields=(
        Field("parameterConstraint", "ref", ref="parameterconstraint", required=True),
        Field("softwareParameter", "ref", ref="softwareparameter", required=True),
        Field("value", required=True),
    ),
    prepare=_same_type,
)


def _complete_link(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        software = call.row("software", row["software"], "Software")
        item |= {name: software[name] for name in ("name", "softwareVersion")}
        item |= {"deprecated": bool(software["deprecated"]), "fullName": full_name(software)}
        item["executable"] = executable(software)


SOFTWARE_PROJECT = Resource(
    table="softwareproject",
    java="be.cytomine.processing.SoftwareProject",
    label="SoftwareProject",
    paths=("softwareproject",),
    methods="create read delete list",
    unique=(("software", "project"),),
    rule=in_project("softwareproject.project"),
    lists=(
        Listing("project/{project:int}/softwareproject", "project = :project", "project"),
        Listing("software/{software:int}/softwareproject", "software = :software", "software"),
    ),
    fields=(
        Field("software", "ref", ref="software", required=True),
        Field("project", "ref", ref="project", required=True),
    ),
    complete=_complete_link,
)

RESOURCES = (SOFTWARE, SOFTWARE_PARAMETER, PARAMETER_CONSTRAINT, SOFTWARE_PARAMETER_CONSTRAINT, SOFTWARE_PROJECT)


@routes.add("GET", "project/{project:int}/software/{software:int}/stats")
def stats(call: Call) -> Any:
    """Count a software's jobs in a project."""
    project = project_seen(call, call.params["project"])
    software = seen(call, SOFTWARE, call.params["software"])
    counts = counters(call, "project = :p AND software = :s", {"p": project["id"], "s": software["id"]})
    return {name: value for name, value in counts.items() if name != "numberOfKilled"}


@routes.add("GET", "software_parameter_constraint/{id:int}/evaluate")
def evaluate(call: Call) -> Any:
    """Tell whether a value meets a constraint."""
    row = call.row("softwareparameterconstraint", call.id, "SoftwareParameterConstraint")
    constraint = call.row("parameterconstraint", row["parameterConstraint"], "ParameterConstraint")
    value = call.args.get("value")
    if value is None:
        raise WrongArgument("value is missing: evaluate?value=...")
    return {"result": _meets(constraint["dataType"], constraint["name"], row["value"], value)}


def _meets(kind: str, name: str, bound: str, value: str) -> bool:
    if name == "in":
        return value in re.split(r"[ð,;]", bound)
    if name == "integer":
        return bool(re.fullmatch(r"[+-]?\d+", value)) == (bound.lower() == "true")
    if kind in {"Number", "Date"} or name in {"minimum", "maximum"}:
        try:
            number = float(len(value)) if kind == "String" else float(value)
            limit = float(bound)
        except ValueError:
            return False
        return {"minimum": number >= limit, "maximum": number <= limit, "equals": number == limit}[name]
    return value.lower() == bound.lower() if kind == "Boolean" else value == bound
