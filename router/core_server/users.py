"""Accounts: people and user jobs, their roles and keys."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core_server import ids
from router.core_server.auth import hash_password, sign
from router.core_server.context import Call
from router.core_server.crud import enveloped, listed, render, render_one
from router.core_server.errors import Forbidden, NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.resource import Field, Listing, Resource, Row, Rule
from router.core_server.rights import project_seen
from router.core_server.wire import collection, whole

ROLES = ("ROLE_GUEST", "ROLE_USER", "ROLE_ADMIN", "ROLE_SUPER_ADMIN")
JAVA_USER = "be.cytomine.security.User"
JAVA_USER_JOB = "be.cytomine.security.UserJob"

routes = Routes()


def _prepare(call: Call, row: Row, old: Row | None) -> None:
    password = call.body.get("password") if isinstance(call.body, dict) else None
    if old is None:
        if not password:
            raise WrongArgument("password is missing: a value is required")
        row |= {"publicKey": ids.key(), "privateKey": ids.key(), "user": call.caller.id, "origin": "BY_CLIENT"}
    if password:
        row["password"] = hash_password(str(password))


def _added(call: Call, row: Row) -> None:
    grant(call, row["id"], "ROLE_USER")


def grant(call: Call, user: int, authority: str) -> None:
    """Give an account a role."""
    role = call.sql.value("SELECT id FROM secrole WHERE authority = ?", (authority,))
    call.sql.add("secusersecrole", {"secuser": user, "role": role})


def _complete(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        mine = call.known is not None and (
            call.caller.id == row["id"] or (row["algo"] and (call.caller.admin or call.caller.person == row["user"]))
        )
        if mine:
            item |= {"publicKey": row["publicKey"], "privateKey": row["privateKey"], "passwordExpired": False}
        if row["algo"]:
            item["class"] = JAVA_USER_JOB
            person = call.sql.value("SELECT username FROM secuser WHERE id = ?", (row["user"],))
            item |= {"humanUsername": person, "job": row["job"], "user": row["user"], "rate": row["rate"]}


USER = Resource(
    table="secuser",
    key="user",
    java=JAVA_USER,
    label="User",
    paths=("user",),
    unique=(("username",), ("publicKey",)),
    rule=Rule("1", None, "id = :self OR (algo AND secuser.user = :me)"),
    fields=(
        Field("username", required=True, max_length=255),
        Field("firstname", default=""),
        Field("lastname", default=""),
        Field("email", default=""),
        Field("origin", default="BOOTSTRAP", derived=True),
        Field("language", default="EN"),
        Field("color"),
        Field("isDeveloper", "bool", default=0),
        Field("enabled", "bool", default=1, derived=True),
        Field("algo", "bool", default=0, derived=True),
        Field("user", "ref", ref="secuser", on_delete="SET NULL", derived=True),
        Field("job", "ref", ref="job", derived=True, hidden=True),
        Field("rate", "float", default=-1, derived=True, hidden=True),
        Field("password", derived=True, hidden=True),
        Field("publicKey", derived=True, hidden=True),
        Field("privateKey", derived=True, hidden=True),
    ),
    methods="create update delete",
    prepare=_prepare,
    added=_added,
    complete=_complete,
)

ROLE = Resource(
    table="secrole",
    java="be.cytomine.security.SecRole",
    label="SecRole",
    paths=("role",),
    methods="read list",
    rule=Rule("1"),
    fields=(Field("authority", required=True),),
)


def _with_authority(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        item["user"] = row["secuser"]
        item["authority"] = call.sql.value("SELECT authority FROM secrole WHERE id = ?", (row["role"],))


USER_ROLE = Resource(
    table="secusersecrole",
    java="be.cytomine.security.SecUserSecRole",
    label="SecUserSecRole",
    unique=(("secuser", "role"),),
    rule=Rule("1"),
    lists=(Listing("user/{user:int}/role", "secuser = :user"),),
    fields=(Field("secuser", "ref", ref="secuser"), Field("role", "ref", ref="secrole")),
    complete=_with_authority,
)


def find_user(call: Call, ident: object) -> Row:
    """Return an account by identifier, user name or public key."""
    row = call.sql.one("SELECT * FROM secuser WHERE id = ?", (ident,)) if str(ident).isdigit() else None
    row = row or call.sql.one("SELECT * FROM secuser WHERE username = :name OR publicKey = :name", {"name": str(ident)})
    if row is None:
        raise NotFound.of("User", ident)
    return row


def _role_flags(call: Call, user: Row) -> dict[str, bool]:
    person = user["user"] if user["algo"] else user["id"]
    held = {
        row["authority"]
        for row in call.sql.all(
            "SELECT authority FROM secrole r JOIN secusersecrole s ON s.role = r.id WHERE s.secuser = ?", (person,)
        )
    }
    admin = bool(held & {"ROLE_ADMIN", "ROLE_SUPER_ADMIN"})
    usual = not admin and "ROLE_USER" in held
    return {"admin": admin, "user": usual, "guest": not admin and not usual}


@routes.add("GET", "user/current")
def current(call: Call) -> Any:
    """Show the caller to itself, with keys."""
    row = call.row("secuser", call.caller.id, "User")
    flags = _role_flags(call, row)
    written = render_one(call, USER, row)
    if row["algo"]:
        return written | flags | {"user": row["user"]}
    by_now = {f"{name}ByNow": value for name, value in flags.items()}
    return written | flags | by_now | {"isSwitched": False}


@routes.add("GET", "user/{id}")
def show(call: Call) -> Any:
    """Show an account; its owner sees the keys."""
    row = find_user(call, call.params["id"])
    written = render_one(call, USER, row)
    return written if row["algo"] else written | _role_flags(call, row)


@routes.add("GET", "user")
def index(call: Call) -> Any:
    """List people, or the one account of a public key."""
    key = call.args.get("publicKey")
    if key:
        return listed(call, USER, "publicKey = :key", {"key": key})
    return listed(call, USER, "NOT algo")


@routes.add("GET", "user/{id}/keys", "userkey/{id}/keys")
def keys(call: Call) -> Any:
    """Show an account's keys to itself, its launcher or an administrator."""
    row = find_user(call, call.params["id"])
    mine = {row["id"], row["user"] if row["algo"] else row["id"]}
    if not (call.caller.admin or call.caller.id in mine or call.caller.person in mine):
        raise Forbidden("You don't have the right to read the keys of somebody else")
    return {"publicKey": row["publicKey"], "privateKey": row["privateKey"]}


@routes.add("GET", "signature")
def signature(call: Call) -> Any:
    """Sign a request for a browser that uploads (core-api 1.2 f)."""
    row = call.row("secuser", call.caller.id, "User")
    args = call.args
    query = args.get("queryString") or ""
    query = query if not query or query.startswith("?") else f"?{query}"
    parts = [args.get("method") or "GET", args.get("content-MD5") or "", args.get("content-type") or ""]
    parts += [args.get("date") or "", (args.get("forwardURI") or call.request.url.path) + query]
    return {"signature": sign(row["privateKey"], "\n".join(parts)), "publicKey": row["publicKey"]}


@routes.add("POST", "user/{user:int}/role")
def add_role(call: Call) -> Any:
    """Give an account a role."""
    call.must_be_admin()
    call.row("secuser", call.params["user"], "User")
    role = call.row("secrole", call.fields.get("role"), "SecRole")
    row = call.sql.add("secusersecrole", {"secuser": call.params["user"], "role": role["id"]})
    return enveloped(call, "Add", USER_ROLE, render_one(call, USER_ROLE, row))


def _user_role(call: Call) -> Row:
    row = call.sql.one(
        "SELECT * FROM secusersecrole WHERE secuser = ? AND role = ?", (call.params["user"], call.params["role"])
    )
    if row is None:
        msg = f"SecUserSecRole not found with user {call.params['user']} and role {call.params['role']}"
        raise NotFound(msg)
    return row


@routes.add("GET", "user/{user:int}/role/{role:int}")
def show_role(call: Call) -> Any:
    """Show that an account has a role."""
    return render_one(call, USER_ROLE, _user_role(call))


@routes.add("DELETE", "user/{user:int}/role/{role:int}")
def remove_role(call: Call) -> Any:
    """Take a role from an account."""
    call.must_be_admin()
    row = _user_role(call)
    call.sql.run("DELETE FROM secusersecrole WHERE id = ?", (row["id"],))
    return enveloped(call, "Delete", USER_ROLE, render_one(call, USER_ROLE, row))


def with_roles(call: Call, project: int, condition: str) -> list[dict[str, Any]]:
    """Return a project's members as users with their role in it."""
    rows = call.sql.all(
        "SELECT secuser.*, member.admin AS manages FROM secuser JOIN member ON member.user = secuser.id"
        f" WHERE member.project = ? AND ({condition}) ORDER BY secuser.username",
        (project,),
    )
    written = render(call, USER, rows)
    representatives = set(representative_ids(call, project))
    for row, item in zip(rows, written, strict=True):
        item["role"] = (
            "representative" if row["id"] in representatives else "manager" if row["manages"] else "contributor"
        )
    return written


def representative_ids(call: Call, project: int) -> list[int]:
    """Return the members that represent a project."""
    rows = call.sql.all("SELECT user FROM projectrepresentativeuser WHERE project = ?", (project,))
    return [row["user"] for row in rows]


@routes.add("GET", "project/{project:int}/user")
def project_users(call: Call) -> Any:
    """List a project's members, with showJob its user jobs too."""
    project = project_seen(call, call.params["project"])["id"]
    items = with_roles(call, project, "1")
    if call.args.flag("showJob"):
        jobs = call.sql.all(
            "SELECT secuser.* FROM secuser JOIN job ON job.id = secuser.job WHERE job.project = ?", (project,)
        )
        items += render(call, USER, jobs)
    return whole(items, call.args)


@routes.add("GET", "project/{project:int}/admin")
def project_admins(call: Call) -> Any:
    """List a project's managers."""
    return whole(with_roles(call, project_seen(call, call.params["project"])["id"], "member.admin"), call.args)


@routes.add("GET", "project/{project:int}/users/representative")
def representatives(call: Call) -> Any:
    """List the members that represent a project."""
    project = project_seen(call, call.params["project"])["id"]
    known = "secuser.id IN (SELECT user FROM projectrepresentativeuser r WHERE r.project = member.project)"
    return whole(with_roles(call, project, known), call.args)


@routes.add("GET", "project/{project:int}/creator")
def creator(call: Call) -> Any:
    """Show who made a project."""
    project = project_seen(call, call.params["project"])
    rows = call.sql.all("SELECT * FROM secuser WHERE id = ?", (project["user"],))
    return collection(render(call, USER, rows), len(rows), call.args)


@routes.add("GET", "ontology/{ontology:int}/user")
def ontology_users(call: Call) -> Any:
    """List the people of the projects that use an ontology."""
    call.row("ontology", call.params["ontology"], "Ontology")
    return listed(
        call,
        USER,
        "id IN (SELECT m.user FROM member m JOIN project p ON p.id = m.project WHERE p.ontology = :ontology)",
        dict(call.params),
    )


RESOURCES = (USER, ROLE, USER_ROLE)
