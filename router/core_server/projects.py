"""Projects and their members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core_server.context import Call
from router.core_server.crud import listed, render_one
from router.core_server.errors import AlreadyExists
from router.core_server.http import Routes
from router.core_server.resource import Field, Listing, Resource, Row, Rule
from router.core_server.rights import manager, member, project_managed, project_seen
from router.core_server.users import representative_ids

routes = Routes()


def _prepare(call: Call, row: Row, old: Row | None) -> None:
    mode = call.fields.get("mode") or call.fields.get("editingMode")
    if mode:
        row["isReadOnly"], row["isRestricted"] = int(mode == "READ_ONLY"), int(mode == "RESTRICTED")
    if old is None:
        row["user"] = call.caller.person


def _added(call: Call, row: Row) -> None:
    managers = {call.caller.person, *_user_ids(call, "admins")}
    members = managers | set(_user_ids(call, "users"))
    call.sql.many(
        "INSERT INTO member (project, user, admin) VALUES (?, ?, ?)",
        [(row["id"], user, int(user in managers)) for user in sorted(members)],
    )
    call.sql.add("projectrepresentativeuser", {"project": row["id"], "user": call.caller.person})


def _user_ids(call: Call, name: str) -> list[int]:
    values = call.fields.get(name)
    if not isinstance(values, list):
        return []
    return [call.row("secuser", value, "User")["id"] for value in values]


def _complete(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        counts = call.sql.one(
            "SELECT count(*) AS numberOfImages, coalesce(sum(numberOfAnnotations), 0) AS numberOfAnnotations,"
            " coalesce(sum(numberOfJobAnnotations), 0) AS numberOfJobAnnotations,"
            " coalesce(sum(numberOfReviewedAnnotations), 0) AS numberOfReviewedAnnotations"
            " FROM imageinstance WHERE project = ?",
            (row["id"],),
        )
        ontology = call.sql.value("SELECT name FROM ontology WHERE id = ?", (row["ontology"],))
        item |= {**(counts or {}), "numberOfSlides": 0, "ontologyName": ontology}
        item["disciplineName"] = call.sql.value("SELECT name FROM discipline WHERE id = ?", (row["discipline"],))
        if call.args.flag("withMembersCount"):
            item["membersCount"] = call.sql.value("SELECT count(*) FROM member WHERE project = ?", (row["id"],))
        if call.args.flag("withLastActivity"):
            item["lastActivity"] = str(row["updated"] or row["created"])
        if call.args.flag("withCurrentUserRoles"):
            person = call.caller.person
            held = call.sql.value("SELECT admin FROM member WHERE project = ? AND user = ?", (row["id"], person))
            item["currentUserRoles"] = {
                "admin": bool(held),
                "representative": person in representative_ids(call, row["id"]),
            }


PROJECT = Resource(
    table="project",
    java="be.cytomine.project.Project",
    label="Project",
    paths=("project",),
    unique=(("name",),),
    rule=Rule(member("project.id"), "1", manager("project.id")),
    lists=(
        Listing("ontology/{ontology:int}/project", "ontology = :ontology", "ontology"),
        Listing(
            "software/{software:int}/project",
            "id IN (SELECT sp.project FROM softwareproject sp WHERE sp.software = :software)",
            "software",
        ),
        Listing("user/{user:int}/project", "id IN (SELECT m2.project FROM member m2 WHERE m2.user = :user)"),
    ),
    fields=(
        Field("name", required=True, max_length=255),
        Field("ontology", "ref", ref="ontology", on_delete="SET NULL"),
        Field("discipline", "ref", ref="discipline", on_delete="SET NULL"),
        Field("blindMode", "bool", default=0),
        Field("areImagesDownloadable", "bool", default=0),
        Field("isClosed", "bool", default=0),
        Field("isReadOnly", "bool", default=0),
        Field("isRestricted", "bool", default=0),
        Field("hideUsersLayers", "bool", default=0),
        Field("hideAdminsLayers", "bool", default=0),
        Field("retrievalDisable", "bool", default=0),
        Field("retrievalAllOntology", "bool", default=1),
        Field("retrievalProjects", "json"),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True, hidden=True),
    ),
    extra_sql=(
        "CREATE TABLE member (project INTEGER NOT NULL REFERENCES project(id) ON DELETE CASCADE,"
        " user INTEGER NOT NULL REFERENCES secuser(id) ON DELETE CASCADE, admin INTEGER NOT NULL,"
        " PRIMARY KEY (project, user)) WITHOUT ROWID; CREATE INDEX member_user ON member(user);"
    ),
    prepare=_prepare,
    added=_added,
    complete=_complete,
)

REPRESENTATIVE = Resource(
    table="projectrepresentativeuser",
    java="be.cytomine.project.ProjectRepresentativeUser",
    label="ProjectRepresentativeUser",
    unique=(("project", "user"),),
    lists=(Listing("project/{project:int}/representative", "project = :project", "project"),),
    rule=Rule(member("project"), manager("project"), manager("project")),
    fields=(Field("project", "ref", ref="project", required=True), Field("user", "ref", ref="secuser", required=True)),
)

DISCIPLINE = Resource(
    table="discipline",
    java="be.cytomine.project.Discipline",
    label="Discipline",
    paths=("discipline",),
    unique=(("name",),),
    rule=Rule("1"),
    fields=(Field("name", required=True),),
)


def _set_member(call: Call, admin: bool) -> Any:
    project = project_managed(call, call.params["project"])
    user = call.row("secuser", call.params["user"], "User")
    held = call.sql.value("SELECT admin FROM member WHERE project = ? AND user = ?", (project["id"], user["id"]))
    if held is not None and (held or not admin):
        msg = f"User {user['username']} already belongs to project {project['name']}"
        raise AlreadyExists(msg)
    call.sql.run("INSERT OR REPLACE INTO member VALUES (?, ?, ?)", (project["id"], user["id"], int(admin)))
    return _done(f"User {user['username']} added in project {project['name']}")


def _done(message: str) -> dict[str, Any]:
    return {"data": {"message": message}, "message": message, "status": 200}


@routes.add("POST", "project/{project:int}/user/{user:int}")
def add_user(call: Call) -> Any:
    """Make somebody a contributor."""
    return _set_member(call, admin=False)


@routes.add("POST", "project/{project:int}/user/{user:int}/admin")
def add_manager(call: Call) -> Any:
    """Make somebody a manager."""
    return _set_member(call, admin=True)


@routes.add("DELETE", "project/{project:int}/user/{user:int}")
def remove_user(call: Call) -> Any:
    """Take somebody out of a project."""
    project = project_managed(call, call.params["project"])
    user = call.row("secuser", call.params["user"], "User")
    call.sql.run("DELETE FROM member WHERE project = ? AND user = ?", (project["id"], user["id"]))
    call.sql.run("DELETE FROM projectrepresentativeuser WHERE project = ? AND user = ?", (project["id"], user["id"]))
    return _done(f"User {user['username']} removed from project {project['name']}")


@routes.add("DELETE", "project/{project:int}/user/{user:int}/admin")
def remove_manager(call: Call) -> Any:
    """Make a manager a contributor."""
    project = project_managed(call, call.params["project"])
    user = call.row("secuser", call.params["user"], "User")
    call.sql.run("UPDATE member SET admin = 0 WHERE project = ? AND user = ?", (project["id"], user["id"]))
    return _done(f"User {user['username']} is no manager of project {project['name']} any more")


@routes.add("GET", "project/method/lastopened")
def last_opened(call: Call) -> Any:
    """List projects, newest first (nobody's visits are recorded)."""
    return listed(call, PROJECT, order="id DESC")


@routes.add("GET", "project/{project:int}/bounds/project", "bounds/project")
def bounds(call: Call) -> Any:
    """Show between which values a person's projects lie, for the list's filters."""
    projects = listed(call, PROJECT)["collection"]
    result: dict[str, Any] = {}
    for name in ("numberOfImages", "numberOfAnnotations", "numberOfJobAnnotations", "numberOfReviewedAnnotations"):
        values = [project[name] for project in projects]
        result[name] = {"min": min(values, default=0), "max": max(values, default=0)}
    members = call.sql.all("SELECT count(*) AS n FROM member GROUP BY project")
    counts = [row["n"] for row in members]
    result["members"] = {"min": min(counts, default=0), "max": max(counts, default=0)}
    return result


def project_of_call(call: Call) -> dict[str, Any]:
    """Return the project in the path as wire object."""
    return render_one(call, PROJECT, project_seen(call, call.params["project"]))


RESOURCES = (DISCIPLINE, PROJECT, REPRESENTATIVE)
