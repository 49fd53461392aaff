"""Who may see and change what: rules as SQL conditions, and the checks that apply them.

A person sees the projects she is a member of; a user job has its launcher's rights; an administrator passes.
READ_ONLY projects take changes from their managers only, RESTRICTED ones let contributors change what is theirs.
"""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from router.core_server.context import Call
from router.core_server.errors import Forbidden, NotFound
from router.core_server.resource import Resource, Row, Rule


def member(project: str) -> str:
    """Return the condition that :me belongs to the project that SQL expression `project` gives."""
    return f"EXISTS (SELECT 1 FROM member m WHERE m.project = {project} AND m.user = :me)"


def manager(project: str) -> str:
    """Return the condition that :me manages the project."""
    return f"EXISTS (SELECT 1 FROM member m WHERE m.project = {project} AND m.user = :me AND m.admin)"


def contributor(project: str, owner: str = "NULL") -> str:
    """Return the condition that :me may write what belongs to `owner` in the project's mode."""
    return (
        f"EXISTS (SELECT 1 FROM member m JOIN project p ON p.id = m.project WHERE m.project = {project}"
        f" AND m.user = :me AND (m.admin OR (NOT p.isReadOnly AND (NOT p.isRestricted OR {owner} IN (:me, :self)))))"
    )


#: Everybody looks, administrators change.
CATALOGUE = Rule(read="1", add=None, change=None)


def in_project(project: str, owner: str = "NULL") -> Rule:
    """Return the rule for things that contributors make inside a project."""
    return Rule(member(project), contributor(project, owner), contributor(project, owner))


def run_by_project(project: str) -> Rule:
    """Return the rule for things that only a project's managers change."""
    return Rule(member(project), manager(project), manager(project))


def _holds(call: Call, resource: Resource, ident: int, condition: str | None) -> bool:
    if call.caller.admin:
        return True
    if condition is None:
        return False
    query = f'SELECT 1 FROM "{resource.table}" WHERE id = :id AND ({condition})'
    return call.sql.value(query, {"id": ident, **call.caller.names()}) is not None


def seen(call: Call, resource: Resource, ident: object) -> Row:
    """Return the row of a thing that the caller may see.

    Raises
    ------
    NotFound
        When there is none.
    Forbidden
        When it belongs to somebody else's project.
    """
    row = call.row(resource.table, ident, resource.label)
    if not _holds(call, resource, row["id"], resource.rule.read):
        msg = f"You don't have the right to read this resource! {resource.java} {ident}"
        raise Forbidden(msg)
    return row


def may_add(call: Call, resource: Resource, ident: int) -> None:
    """Refuse a row that was just inserted where the caller may not add it (the transaction is undone)."""
    if not _holds(call, resource, ident, resource.rule.add):
        msg = f"You don't have the right to create this resource! {resource.java}"
        raise Forbidden(msg)


def changeable(call: Call, resource: Resource, ident: object) -> Row:
    """Return the row of a thing that the caller may change or delete."""
    row = call.row(resource.table, ident, resource.label)
    if not _holds(call, resource, row["id"], resource.rule.change):
        msg = f"You don't have the right to modify this resource! {resource.java} {ident}"
        raise Forbidden(msg)
    return row


def visible(call: Call, resource: Resource) -> str:
    """Return the condition of the rows that the caller may see."""
    if call.caller.admin:
        return "1"
    return resource.rule.read or "0"


def project_seen(call: Call, ident: object) -> Row:
    """Return a project that the caller may see."""
    return _project(call, ident, member(":project"), "read")


def project_managed(call: Call, ident: object) -> Row:
    """Return a project that the caller manages."""
    return _project(call, ident, manager(":project"), "manage")


def project_contributed(call: Call, ident: object, owner: int | None = None) -> Row:
    """Return a project to which the caller may write what belongs to `owner` (default: the caller)."""
    mine = call.caller.id if owner is None else owner
    return _project(call, ident, contributor(":project", str(int(mine))), "write in")


def _project(call: Call, ident: object, condition: str, verb: str) -> Row:
    row = call.sql.one("SELECT * FROM project WHERE id = ?", (ident,))
    if row is None:
        raise NotFound.of("Project", ident)
    if not call.caller.admin:
        held = call.sql.value(f"SELECT {condition}", {"project": row["id"], **call.caller.names()})
        if not held:
            mode = "READ_ONLY" if row["isReadOnly"] else "RESTRICTED" if row["isRestricted"] else "CLASSIC"
            msg = f"You don't have the right to {verb} project {ident} (mode {mode})"
            raise Forbidden(msg)
    return row
