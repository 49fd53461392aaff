"""Jobs, their parameters and their user jobs."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from router.core_server import ids
from router.core_server.context import Call
from router.core_server.crud import create_row, enveloped, listed, render, render_one
from router.core_server.errors import Forbidden, NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.resource import Field, Listing, Resource, Row, Rule, as_bool
from router.core_server.rights import contributor, manager, member, project_seen, seen
from router.core_server.software import full_name
from router.core_server.users import USER
from router.core_server.wire import whole

#: How listings show the values of keys.
MASK = "*********************"
STATUSES = range(9)
#: KILLED came with processing servers.
LEGACY_STATUSES = range(8)

routes = Routes()


def _prepare(call: Call, row: Row, old: Row | None) -> None:
    statuses = LEGACY_STATUSES if call.core.settings.dialect == "A" else STATUSES
    if row["status"] not in statuses:
        msg = f"status must be 0 to {statuses[-1]}, not {row['status']}"
        raise WrongArgument(msg)
    if not 0 <= row["progress"] <= 100:
        msg = f"progress must be 0 to 100, not {row['progress']}"
        raise WrongArgument(msg)
    if old is None:
        latest = "SELECT coalesce(max(number), 0) + 1 FROM job WHERE project = ? AND software = ?"
        row["number"] = call.sql.value(latest, (row["project"], row["software"]))
        return
    # the one rule that not even administrators are exempt from in Core
    managed = manager(":project")
    refused = call.sql.value(
        f"SELECT 1 FROM project WHERE id = :project AND isReadOnly AND NOT {managed}",
        {"project": old["project"], **call.caller.names()},
    )
    if refused:
        msg = f"The project {old['project']} is in read-only mode"
        raise Forbidden(msg)


def _added(call: Call, row: Row) -> None:
    add_user_job(call, row["id"], call.caller.person)
    params = call.fields.get("params")
    for item in params if isinstance(params, list) else []:
        if not isinstance(item, dict):
            raise WrongArgument("params must hold objects {softwareParameter, value}")
        create_row(call, JOB_PARAMETER, {**item, "job": row["id"]})


def add_user_job(call: Call, job: int, person: int) -> Row:
    """Create the account, with fresh keys, under which a job acts for its launcher."""
    human = call.row("secuser", person, "User")
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    values = USER.parse({"username": f"JOB[{human['username']}], {moment} ({job})"})
    values |= {"algo": 1, "origin": "JOB", "user": person, "job": job, "rate": -1, "enabled": 1}
    return call.sql.add("secuser", values | {"publicKey": ids.key(), "privateKey": ids.key()})


def is_key(name: str) -> bool:
    """Tell whether a parameter of this name holds one of the job's keys."""
    return name.upper().replace("_", "") in {"PUBLICKEY", "CYTOMINEPUBLICKEY", "PRIVATEKEY", "CYTOMINEPRIVATEKEY"}


def _complete(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    idents = json.dumps([row["id"] for row in rows])
    users = {
        row["job"]: row
        for row in call.sql.all(
            "SELECT u.id, u.job, h.username FROM secuser u JOIN secuser h ON h.id = u.user"
            " WHERE u.job IN (SELECT value FROM json_each(?)) ORDER BY u.id DESC",
            (idents,),
        )
    }
    names = {
        row["id"]: full_name(row)
        for row in call.sql.all(
            "SELECT id, name, softwareVersion FROM software WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([row["software"] for row in rows]),),
        )
    }
    light = call.args.flag("light") and not call.args.flag("withJobParameters")
    for row, item in zip(rows, written, strict=True):
        user = users.get(row["id"])
        item |= {
            "algoType": "job",
            "softwareName": names[row["software"]],
            "name": f"{names[row['software']]} : {row['number']}",
            "username": user and user["username"],
            "userJob": user and user["id"],
        }
        if not light:
            item["jobParameters"] = _masked(call, row["id"])


def _masked(call: Call, job: int) -> list[dict[str, Any]]:
    rows = call.sql.all("SELECT * FROM jobparameter WHERE job = ? ORDER BY id", (job,))
    parameters = render(call, JOB_PARAMETER, rows)
    return [item | {"value": MASK} if is_key(item["name"]) else item for item in parameters]


def _narrow(call: Call) -> tuple[str, dict[str, Any]]:
    clauses, values = ["1"], dict[str, Any]()
    for name in ("project", "software"):
        chosen = call.args.ids(name)
        if chosen is not None:
            clauses.append(f"job.{name} IN (SELECT value FROM json_each(:{name}s))")
            values[f"{name}s"] = json.dumps(chosen)
    people = call.args.get("username[in]")
    if people is not None:
        clauses.append(
            "job.id IN (SELECT u.job FROM secuser u JOIN secuser h ON h.id = u.user"
            " WHERE h.username IN (SELECT value FROM json_each(:people)))"
        )
        values["people"] = json.dumps(str(people).split(","))
    return " AND ".join(clauses), values


JOB = Resource(
    table="job",
    java="be.cytomine.processing.Job",
    label="Job",
    paths=("job",),
    rule=Rule(member("job.project"), contributor("job.project", ":me"), member("job.project")),
    lists=(Listing("software/{software:int}/job", "software = :software", "software"),),
    methods="create read update list",
    order="id DESC",
    fields=(
        Field("progress", "int", default=0),
        Field("status", "int", default=0),
        Field("number", "int", derived=True),
        Field("statusComment", max_length=255),
        Field("project", "ref", ref="project", required=True),
        Field("processingServer", "ref", ref="processingserver", on_delete="SET NULL"),
        Field("software", "ref", ref="software", required=True),
        Field("rate", "float", default=-1),
        Field("dataDeleted", "bool", default=0),
        Field("favorite", "bool", default=0, derived=True),
    ),
    extra_sql="CREATE INDEX job_number ON job(project, software, number);",
    prepare=_prepare,
    added=_added,
    complete=_complete,
    narrow=_narrow,
)


def _prepare_parameter(call: Call, row: Row, _old: Row | None) -> None:
    job = call.row("job", row["job"], "Job")
    parameter = call.row("softwareparameter", row["softwareParameter"], "SoftwareParameter")
    if parameter["software"] != job["software"]:
        msg = f"SoftwareParameter {parameter['id']} belongs to another software than job {job['id']}"
        raise WrongArgument(msg)


def _complete_parameter(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        parameter = call.row("softwareparameter", row["softwareParameter"], "SoftwareParameter")
        names = ("name", "type", "index", "uri", "uriPrintAttribut", "uriSortAttribut", "humanName")
        item |= {name: parameter[name] for name in names}
        if is_key(parameter["name"]) and not _knows_keys(call, row["job"]):
            item["value"] = MASK


def _knows_keys(call: Call, job: int) -> bool:
    caller = call.caller
    if caller.admin or caller.job == job:
        return True
    own = "SELECT 1 FROM secuser WHERE job = ? AND user = ?"
    return call.sql.value(own, (job, caller.person)) is not None


_PROJECT_OF_PARAMETER = "(SELECT j.project FROM job j WHERE j.id = jobparameter.job)"

JOB_PARAMETER = Resource(
    table="jobparameter",
    java="be.cytomine.processing.JobParameter",
    label="JobParameter",
    paths=("jobparameter",),
    unique=(("job", "softwareParameter"),),
    rule=Rule(
        member(_PROJECT_OF_PARAMETER),
        contributor(_PROJECT_OF_PARAMETER, ":me"),
        contributor(_PROJECT_OF_PARAMETER, ":me"),
    ),
    lists=(Listing("job/{job:int}/parameter", "job = :job", "job"),),
    fields=(
        Field("job", "ref", ref="job", required=True),
        Field("softwareParameter", "ref", ref="softwareparameter", required=True),
        Field("value", max_length=5000),
    ),
    prepare=_prepare_parameter,
    complete=_complete_parameter,
)

RESOURCES = (JOB, JOB_PARAMETER)


def user_job_of(call: Call, job: int) -> Row:
    """Return the account of a job."""
    row = call.sql.one("SELECT * FROM secuser WHERE job = ? ORDER BY id LIMIT 1", (job,))
    if row is None:
        msg = f"UserJob not found for job : {job}"
        raise NotFound(msg)
    return row


@routes.add("POST", "job/{id:int}/favorite")
def favorite(call: Call) -> Any:
    """Mark a job as favourite or not."""
    job = seen(call, JOB, call.id)
    call.sql.run("UPDATE job SET favorite = ? WHERE id = ?", (int(as_bool(call.fields.get("favorite"))), job["id"]))
    return render_one(call, JOB, seen(call, JOB, call.id))


@routes.add("POST", "job/{id:int}/copy")
def copy(call: Call) -> Any:
    """Create the same job again, not launched: what the server sets is left out."""
    job = seen(call, JOB, call.id)
    params = call.sql.all(
        "SELECT p.softwareParameter, p.value FROM jobparameter p JOIN softwareparameter s ON s.id = p.softwareParameter"
        " WHERE p.job = ? AND NOT s.setByServer",
        (job["id"],),
    )
    call.body = {"project": job["project"], "software": job["software"], "params": params}
    row = create_row(call, JOB, call.body)
    return enveloped(call, "Add", JOB, render_one(call, JOB, row))


@routes.add("POST", "userJob", "userjob")
def create_user_job(call: Call) -> Any:
    """Create a job's account, and the job where none is named (datamining scripts of client 1.x)."""
    body = call.fields
    person = call.caller.person
    if body.get("parent") is not None:
        call.must_be_admin()
        person = call.row("secuser", body["parent"], "User")["id"]
    if body.get("job") is not None:
        job = seen(call, JOB, body["job"])
        project_seen(call, job["project"])
        user = add_user_job(call, job["id"], person)
    else:
        job = create_row(call, JOB, {"project": body.get("project"), "software": body.get("software")})
        user = user_job_of(call, job["id"])
    return {"userJob": render_one(call, USER, user)}


@routes.add("GET", "userJob/{id:int}", "userjob/{id:int}")
def show_user_job(call: Call) -> Any:
    """Show a job's account."""
    row = call.sql.one("SELECT * FROM secuser WHERE id = ? AND algo", (call.id,))
    if row is None:
        raise NotFound.of("UserJob", call.id)
    seen(call, JOB, row["job"])
    return render_one(call, USER, row)


@routes.add("GET", "project/{project:int}/userjob")
def user_jobs(call: Call) -> Any:
    """List the accounts of a project's jobs; with tree=true for a tree of software and jobs."""
    project = project_seen(call, call.params["project"])
    image = call.args.integer("image")
    rows = call.sql.all(
        "SELECT u.*, j.software AS idSoftware, s.name AS software, s.softwareVersion FROM secuser u"
        " JOIN job j ON j.id = u.job JOIN software s ON s.id = j.software WHERE j.project = :project"
        " AND (:image IS NULL OR EXISTS (SELECT 1 FROM annotation a WHERE a.image = :image AND a.user = u.id))"
        " ORDER BY u.id DESC",
        {"project": project["id"], "image": image},
    )
    items = []
    for row, item in zip(rows, render(call, USER, rows), strict=True):
        name = full_name({"name": row["software"], "softwareVersion": row["softwareVersion"]})
        item |= {"idJob": row["job"], "idSoftware": row["idSoftware"], "softwareName": name, "isDeleted": False}
        item.pop("privateKey", None)
        items.append(item)
    return _tree(items) if call.args.flag("tree") else whole(items, call.args)


def _tree(items: list[dict[str, Any]]) -> dict[str, Any]:
    software: dict[int, dict[str, Any]] = {}
    for item in items:
        node = software.setdefault(
            item["idSoftware"],
            {
                "isFolder": True,
                "name": item["softwareName"],
                "title": item["softwareName"],
                "key": item["idSoftware"],
                "id": item["idSoftware"],
                "hideCheckbox": True,
                "children": [],
            },
        )
        leaf = {"isFolder": False, "hideCheckbox": False, "children": [], "key": item["id"], "id": item["id"]}
        node["children"].append({**leaf, "name": item["username"], "title": item["username"], "user": item["id"]})
    return {"isFolder": True, "hideCheckbox": True, "name": "Jobs", "title": "Jobs", "key": -1, "id": -1,
            "children": list(software.values())}  # fmt: skip


@routes.add("GET", "project/{project:int}/bounds/job")
def bounds(call: Call) -> Any:
    """Show the software, people and states of a project's jobs, for the list's filters."""
    project = project_seen(call, call.params["project"])
    jobs = listed(call, JOB, "job.project = :within", {"within": project["id"]})["collection"]
    software = {job["software"]: job for job in jobs}
    result: dict[str, Any] = {}
    for name in ("progress", "status", "number", "created"):
        values = [int(job[name]) for job in jobs]
        result[name] = {"min": min(values, default=0), "max": max(values, default=0)}
    result["software"] = {
        "list": [
            {"id": ident, "name": job["softwareName"], "fullName": job["softwareName"]}
            for ident, job in software.items()
        ]
    }
    result["username"] = {"list": sorted({job["username"] for job in jobs if job["username"]})}
    return result
