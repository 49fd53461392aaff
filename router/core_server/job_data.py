"""What jobs leave behind: files, log, counts, and clearing it away."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from typing import Any

from starlette.responses import FileResponse, Response

from router.core_server.context import Call
from router.core_server.crud import enveloped, render_one
from router.core_server.domain_data import ATTACHED_FILE
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.files import keep, stored
from router.core_server.http import Routes
from router.core_server.jobs import JOB
from router.core_server.resource import Field, Listing, Resource, Row, Rule
from router.core_server.rights import contributor, member, project_contributed, project_managed, seen
from router.core_server.uploads import base_name

routes = Routes()

#: The largest log that log.json puts into its JSON, bytes; the end of a longer one is shown.
MAX_LOG = 16 * 2**20

_PROJECT = "(SELECT j.project FROM job j WHERE j.id = jobdata.job)"

JOB_DATA = Resource(
    table="jobdata",
    java="be.cytomine.processing.JobData",
    label="JobData",
    paths=("jobdata",),
    rule=Rule(member(_PROJECT), contributor(_PROJECT, ":me"), contributor(_PROJECT, ":me")),
    lists=(Listing("job/{job:int}/jobdata", "job = :job", "job"),),
    fields=(
        Field("key", required=True, max_length=255),
        Field("job", "ref", ref="job", required=True),
        Field("filename", required=True, max_length=255),
        Field("size", "int", default=0, derived=True),
    ),
    extra_sql="CREATE TRIGGER jobdata_gone AFTER DELETE ON jobdata BEGIN INSERT INTO trash VALUES (old.id); END;",
)
RESOURCES = (JOB_DATA,)


@routes.add("POST PUT", "jobdata/{id:int}/upload", file=True)
def upload(call: Call) -> Any:
    """Store the file of a job's data."""
    row = seen(call, JOB_DATA, call.id)
    project_contributed(call, call.row("job", row["job"], "Job")["project"])
    size = keep(call, row["id"])
    call.sql.change("jobdata", row["id"], {"size": size})
    return render_one(call, JOB_DATA, seen(call, JOB_DATA, call.id))


def _send(call: Call, disposition: str) -> Response:
    row = seen(call, JOB_DATA, call.id)
    name = base_name(row["filename"])
    harmless = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
    path = stored(call, row["id"])
    return FileResponse(path, filename=name, content_disposition_type=disposition, headers=harmless)


@routes.add("GET", "jobdata/{id:int}/download")
def download(call: Call) -> Response:
    """Send the file as an attachment."""
    return _send(call, "attachment")


@routes.add("GET", "jobdata/{id:int}/view")
def view(call: Call) -> Response:
    """Send the file to be shown; a sandbox keeps it from acting in the viewer's name."""
    return _send(call, "inline")


@routes.add("GET", "job/{id:int}/log")
def log(call: Call) -> Any:
    """Show the job's newest log.out with its text."""
    job = seen(call, JOB, call.id)
    row = call.sql.one(
        "SELECT * FROM attachedfile WHERE domainIdent = ? AND domainClassName = ? AND filename = 'log.out'"
        " ORDER BY id DESC LIMIT 1",
        (job["id"], JOB.java),
    )
    if row is None:
        msg = f"Log not found for job : {job['id']}"
        raise NotFound(msg)
    path = stored(call, row["id"])
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - MAX_LOG))
        data = file.read().decode("utf-8", "replace")
    return {**render_one(call, ATTACHED_FILE, row), "data": data}


def _user_jobs(job: int) -> tuple[str, tuple[int]]:
    return "(SELECT id FROM secuser WHERE job = ?)", (job,)


def _counts(call: Call, job: int) -> dict[str, int]:
    users, arguments = _user_jobs(job)
    count = call.sql.value
    return {
        "annotations": count(f"SELECT count(*) FROM annotation WHERE kind = 'algo' AND user IN {users}", arguments),
        "annotationsTerm": count(f"SELECT count(*) FROM annotationterm WHERE algo AND user IN {users}", arguments),
        "jobDatas": count("SELECT count(*) FROM jobdata WHERE job = ?", arguments),
        "reviewed": count(
            "SELECT count(*) FROM annotation r WHERE r.kind = 'reviewed' AND r.parentIdent IN"
            f" (SELECT a.id FROM annotation a WHERE a.user IN {users})",
            arguments,
        ),
    }


@routes.add("GET", "job/{id:int}/alldata")
def all_data(call: Call) -> Any:
    """Count what a job made."""
    return _counts(call, seen(call, JOB, call.id)["id"])


def _clear(call: Call, job: int) -> None:
    users, arguments = _user_jobs(job)
    call.sql.run(f"DELETE FROM annotationterm WHERE algo AND user IN {users}", arguments)
    call.sql.run(f"DELETE FROM annotation WHERE kind = 'algo' AND user IN {users}", arguments)
    call.sql.run("DELETE FROM jobdata WHERE job = ?", arguments)


def _refuse_reviewed(call: Call, job: int) -> None:
    reviewed = _counts(call, job)["reviewed"]
    if reviewed:
        msg = f"There are {reviewed} reviewed annotations. You cannot delete all job data!"
        raise WrongArgument(msg)


def _delete(call: Call, job: Row) -> Any:
    _refuse_reviewed(call, job["id"])
    answer = enveloped(call, "Delete", JOB, render_one(call, JOB, job))
    _clear(call, job["id"])
    call.sql.run("DELETE FROM job WHERE id = ?", (job["id"],))
    return answer


@routes.add("DELETE", "job/{id:int}/alldata")
def delete_all(call: Call) -> Any:
    """Delete a job and everything it made, unless some of it is reviewed."""
    job = seen(call, JOB, call.id)
    project_managed(call, job["project"])
    return _delete(call, job)


@routes.add("DELETE", "job/{id:int}")
def delete(call: Call) -> Any:
    """Delete a job and everything it made; its launcher may, too."""
    job = seen(call, JOB, call.id)
    launcher = call.sql.value("SELECT user FROM secuser WHERE job = ?", (job["id"],))
    project_contributed(call, job["project"], launcher)
    return _delete(call, job)


@routes.add("GET POST", "project/{project:int}/job/purge", mode="write")
def purge(call: Call) -> Any:
    """Delete what a project's jobs made, where nothing is reviewed; the jobs stay."""
    project = project_managed(call, call.params["project"])
    purged = []
    for row in call.sql.all("SELECT id FROM job WHERE project = ? AND NOT favorite", (project["id"],)):
        if not _counts(call, row["id"])["reviewed"]:
            _clear(call, row["id"])
            call.sql.change("job", row["id"], {"dataDeleted": 1})
            purged.append(row["id"])
    return {"message": f"data of {len(purged)} jobs deleted", "jobs": purged}
