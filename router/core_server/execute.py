"""Launching and killing jobs as Core does: fill in what the server knows, make the command, publish."""

from __future__ import annotations

from typing import Any

from router.core_server.broker import server_queue, software_queue
from router.core_server.context import Call
from router.core_server.crud import render_one
from router.core_server.errors import AlreadyExists, Middleware, WrongArgument
from router.core_server.http import Routes
from router.core_server.jobs import JOB, user_job_of
from router.core_server.resource import Row
from router.core_server.rights import project_seen, seen
from router.core_server.software import executable
from router.core_server.templating import command, known_parameters, legacy_command, positional_command, values_of

routes = Routes()

_PATHS = ("job/{id:int}/execute", "job/{id:int}/processing_server/{server:int}/execute")


@routes.add("GET POST", *_PATHS, mode="own")
def execute(call: Call) -> Any:
    """Publish a job. Its status stays as it is; the router and the algorithm report from here on."""
    core = call.core
    with core.db.write() as call.sql:
        job = seen(call, JOB, call.id)
        project_seen(call, job["project"])
        software = call.row("software", job["software"], "Software")
        if not executable(software):
            msg = f"Software {software['name']} has no command or no image: it cannot be launched"
            raise Middleware(msg)
        queue, exchange, message, filled = _prepare(call, job, software)
        answer = render_one(call, JOB, call.row("job", job["id"], "Job"))
    # after the commit, so that whoever gets the message can already read what it is about
    try:
        core.broker.publish(queue, exchange, message)
    except Middleware:
        with core.db.write() as sql:
            sql.many("DELETE FROM jobparameter WHERE id = ?", [(ident,) for ident in filled])
        raise
    return answer


def _prepare(call: Call, job: Row, software: Row) -> tuple[str, str, Any, list[int]]:
    sql, dialect = call.sql, call.core.settings.dialect
    parameters = sql.all('SELECT * FROM softwareparameter WHERE software = ? ORDER BY "index", id', (software["id"],))
    user_job = user_job_of(call, job["id"])
    filled = _fill(call, job, user_job, parameters)
    values = {
        row["softwareParameter"]: row["value"]
        for row in sql.all("SELECT softwareParameter, value FROM jobparameter WHERE job = ?", (job["id"],))
    }
    if dialect == "A":
        queue, exchange = software_queue(software["name"])
        return queue, exchange, _legacy(software, job, user_job, values_of(parameters, values, dialect)), filled
    server = _server(call, software)
    sql.run("UPDATE job SET processingServer = ? WHERE id = ?", (server["id"], job["id"]))
    pairs = values_of([p for p in parameters if not p["serverParameter"]], values, dialect)
    server_pairs = values_of([p for p in parameters if p["serverParameter"]], values, dialect)
    message = {
        "requestType": "execute",
        "jobId": job["id"],
        "command": command(software["executeCommand"], pairs, dialect),
        "pullingCommand": software["pullingCommand"],
        "serverParameters": {p["name"]: value for p, value in server_pairs if value},
    }
    return *server_queue(server["name"]), message, filled


def _legacy(software: Row, job: Row, user_job: Row, pairs: list[tuple[Row, str | None]]) -> list[Any]:
    if software["serviceName"] == "createRabbitJobService":
        return positional_command(software["executeCommand"], job["id"], user_job["id"], pairs)
    return legacy_command(software["executeCommand"], pairs)


def _fill(call: Call, job: Row, user_job: Row, parameters: list[Row]) -> list[int]:
    known = {
        "HOST": call.core.settings.job_url,
        "PUBLICKEY": user_job["publicKey"],
        "PRIVATEKEY": user_job["privateKey"],
        "IDSOFTWARE": str(job["software"]),
        "IDPROJECT": str(job["project"]),
    }
    in_database_order = sorted(parameters, key=lambda parameter: int(parameter["id"]))
    filled = []
    for ident, value in known_parameters(in_database_order, known).items():
        if call.sql.value("SELECT 1 FROM jobparameter WHERE job = ? AND softwareParameter = ?", (job["id"], ident)):
            msg = f"JobParameter {ident} of job {job['id']} already exists: copy the job to run it again"
            raise AlreadyExists(msg)
        row = call.sql.add("jobparameter", {"job": job["id"], "softwareParameter": ident, "value": value})
        filled.append(row["id"])
    return filled


def _server(call: Call, software: Row) -> Row:
    ident = call.params.get("server") or software["defaultProcessingServer"]
    if ident is None:
        msg = f"Software {software['name']} has no default processing server and none was given"
        raise WrongArgument(msg)
    return call.row("processingserver", ident, "ProcessingServer")


@routes.add("GET POST", "job/{id:int}/kill", mode="own")
def kill(call: Call) -> Any:
    """Ask the router to end a job; the router sets the status."""
    with call.core.db.read() as call.sql:
        job = seen(call, JOB, call.id)
        if job["processingServer"] is None:
            msg = f"Job {job['id']} was never launched: there is nothing to kill"
            raise WrongArgument(msg)
        server = call.row("processingserver", job["processingServer"], "ProcessingServer")
        answer = render_one(call, JOB, job)
    call.core.broker.publish(*server_queue(server["name"]), {"requestType": "kill", "jobId": job["id"]})
    return answer
