"""What the original Web-UI (v1.4.0) asks besides the resources: configuration, layers, bounds, tasks."""

from __future__ import annotations

import json
from typing import Any

from router.core_server import ids
from router.core_server.annotations import ANNOTATION
from router.core_server.context import Call
from router.core_server.crud import listed
from router.core_server.errors import NotFound
from router.core_server.http import Routes
from router.core_server.images import ABSTRACT_IMAGE, IMAGE_INSTANCE
from router.core_server.rights import project_managed, project_seen, seen
from router.core_server.users import with_roles
from router.core_server.wire import collection, whole

routes = Routes()

_GLOBAL = ("dashboard", "search", "project", "ontology", "storage", "activity", "feedback", "explore", "admin", "help")
_PROJECT = (
    "images-tab", "annotations-tab", "jobs-tab", "activities-tab", "information-tab", "configuration-tab",
    "explore-hide-tools", "explore-overview", "explore-status", "explore-image-layers", "explore-ontology",
    "explore-review", "explore-job", "explore-property", "explore-follow", "explore-guided-tour", "explore-slide-view",
    "explore-info", "explore-digital-zoom", "explore-link", "explore-color-manipulation", "explore-selection",
    "explore-spectra", "explore-annotation-tooltip", "explore-annotation-panel", "explore-annotation-geometry-info",
    "explore-annotation-info", "explore-annotation-comments", "explore-annotation-preview",
    "explore-annotation-properties", "explore-annotation-description", "explore-annotation-terms",
    "explore-annotation-attached-files", "explore-annotation-creation-info", "explore-annotation-tags",
    "explore-annotation-tracks", "tools-main", "tools-select", "tools-point", "tools-line", "tools-freehand-line",
    "tools-arrow", "tools-rectangle", "tools-diamond", "tools-circle", "tools-polygon", "tools-freehand-polygon",
    "tools-magic", "tools-freehand", "tools-union", "tools-diff", "tools-fill", "tools-rule", "tools-edit",
    "tools-resize", "tools-rotate", "tools-move", "tools-delete", "tools-screenshot", "tools-undo-redo",
    "tools-copy-paste",
)  # fmt: skip

SCHEMA = (
    "CREATE TABLE customui (project INTEGER PRIMARY KEY REFERENCES project(id) ON DELETE CASCADE,"
    " config TEXT NOT NULL);"
    "CREATE TABLE configuration (key TEXT PRIMARY KEY, value TEXT NOT NULL, readingRole TEXT) WITHOUT ROWID;"
)


@routes.add("GET", "configuration", public=True)
def configuration(call: Call) -> Any:
    """List settings that pages read before anybody logged in."""
    rows = call.sql.all("SELECT key, value, readingRole FROM configuration WHERE readingRole = 'ALL'")
    return whole([{**row, "class": "be.cytomine.meta.Configuration"} for row in rows], call.args)


@routes.add("GET", "configuration/key/{key}")
def configuration_value(call: Call) -> Any:
    """Show a setting."""
    row = call.sql.one("SELECT * FROM configuration WHERE key = ?", (call.params["key"],))
    if row is None:
        raise NotFound.of("Configuration", call.params["key"])
    return {**row, "class": "be.cytomine.meta.Configuration"}


@routes.add("PUT POST", "configuration/key/{key}")
def configure(call: Call) -> Any:
    """Store a setting."""
    call.must_be_admin()
    value, role = str(call.fields.get("value") or ""), str(call.fields.get("readingRole") or "ALL")
    call.sql.run("INSERT OR REPLACE INTO configuration VALUES (?, ?, ?)", (call.params["key"], value, role))
    row = {"class": "be.cytomine.meta.Configuration", "id": call.sql.next_id(), "key": call.params["key"],
           "value": value, "readingRole": role}  # fmt: skip
    return {"configuration": row, "message": f"Configuration {call.params['key']} updated"}


def _custom(call: Call, project: int | None) -> dict[str, bool]:
    parts = dict.fromkeys((*_GLOBAL, "software", "algorithm"), True)
    parts["admin"] = call.caller.admin
    if project is None:
        return parts
    parts |= {f"project-{name}": True for name in _PROJECT}
    stored = call.sql.value("SELECT config FROM customui WHERE project = ?", (project,))
    changed = json.loads(stored) if stored else {}
    roles = _roles(call, project)
    parts |= {name: any(bool(rights.get(role)) for role in roles) for name, rights in changed.items()}
    return parts


def _roles(call: Call, project: int) -> set[str]:
    held = call.sql.value("SELECT admin FROM member WHERE project = ? AND user = ?", (project, call.caller.person))
    if held or call.caller.admin:
        return {"ADMIN_PROJECT", "CONTRIBUTOR_PROJECT"}
    return {"CONTRIBUTOR_PROJECT"}


@routes.add("GET", "/custom-ui/config", "custom-ui/config")
def custom_ui(call: Call) -> Any:
    """Tell which parts of the user interface show."""
    project = call.args.integer("project")
    return _custom(call, None if project is None else project_seen(call, project)["id"])


@routes.add("GET", "/custom-ui/project/{project:int}", "custom-ui/project/{project:int}")
def custom_ui_of_project(call: Call) -> Any:
    """Show which roles see which parts of a project."""
    project = project_seen(call, call.params["project"])
    stored = call.sql.value("SELECT config FROM customui WHERE project = ?", (project["id"],))
    both = {"ADMIN_PROJECT": True, "CONTRIBUTOR_PROJECT": True}
    return {f"project-{name}": both for name in _PROJECT} | (json.loads(stored) if stored else {})


@routes.add("POST", "/custom-ui/project/{project:int}", "custom-ui/project/{project:int}")
def set_custom_ui(call: Call) -> Any:
    """Choose which roles see which parts of a project."""
    project = project_managed(call, call.params["project"])
    known = {f"project-{name}" for name in _PROJECT}
    config = {name: rights for name, rights in call.fields.items() if name in known and isinstance(rights, dict)}
    call.sql.run("INSERT OR REPLACE INTO customui VALUES (?, ?)", (project["id"], json.dumps(config)))
    return config


@routes.add("GET", "project/{project:int}/userlayer")
def user_layers(call: Call) -> Any:
    """List the people whose annotations can be shown over an image."""
    project = project_seen(call, call.params["project"])
    hidden = []
    if not (call.caller.admin or _roles(call, project["id"]) & {"ADMIN_PROJECT"}):
        hidden += ["member.admin"] if project["hideUsersLayers"] else []
        hidden += ["NOT member.admin"] if project["hideAdminsLayers"] else []
    condition = " AND ".join(hidden) or "1"
    items = with_roles(call, project["id"], f"({condition}) OR member.user = {int(call.caller.person)}")
    return whole(items, call.args)


@routes.add("GET", "project/{project:int}/defaultlayer")
def default_layers(call: Call) -> Any:
    """List the layers that show when an image is opened: none are chosen here."""
    project_seen(call, call.params["project"])
    return whole([], call.args)


@routes.add("GET", "project/{project:int}/imagefilterproject", "imagefilter", "imagefilterproject")
def image_filters(call: Call) -> Any:
    """List image filters: none are served here."""
    if "project" in call.params:
        project_seen(call, call.params["project"])
    return whole([], call.args)


@routes.add("GET", "abstractimage/{id:int}/companionfile")
def companion_files(call: Call) -> Any:
    """List files that were made from an image: none are."""
    seen(call, ABSTRACT_IMAGE, call.id)
    return whole([], call.args)


@routes.add("GET", "annotation/property/key")
def property_keys(call: Call) -> Any:
    """List the property keys of the annotations of an image or a project."""
    image, project = call.args.integer("idImage"), call.args.integer("idProject")
    if image is not None:
        project = seen(call, IMAGE_INSTANCE, image)["project"]
    project = project_seen(call, project)["id"]
    rows = call.sql.all(
        "SELECT DISTINCT p.key FROM property p JOIN annotation a ON a.id = p.domainIdent"
        " WHERE a.project = :project AND (:image IS NULL OR a.image = :image) ORDER BY p.key",
        {"project": project, "image": image},
    )
    keys: list[Any] = [row["key"] for row in rows]
    if call.args.flag("user"):
        keys = [{"key": key, "user": call.caller.person} for key in keys]
    return whole(keys, call.args)


_COUNTS = {
    "countImageAnnotations": "numberOfAnnotations",
    "countImageJobAnnotations": "numberOfJobAnnotations",
    "countImageReviewedAnnotations": "numberOfReviewedAnnotations",
}


@routes.add("GET", "project/{project:int}/bounds/imageinstance")
def image_bounds(call: Call) -> Any:
    """Show between which values a project's images lie, for the list's filters."""
    project = project_seen(call, call.params["project"])
    images = listed(call, IMAGE_INSTANCE, "project = :within", {"within": project["id"]})["collection"]
    result: dict[str, Any] = {}
    for name in ("width", "height", *_COUNTS, "magnification", "resolution", "physicalSizeX"):
        values = sorted({image[_COUNTS.get(name, name)] for image in images} - {None})
        result[name] = {"min": values[0] if values else None, "max": values[-1] if values else None, "list": values}
    for name, source in (("format", "contentType"), ("mimeType", "mime")):
        values = sorted({image[source] for image in images} - {None})
        result[name] = {"min": values[0] if values else None, "max": values[-1] if values else None, "list": values}
    return result


@routes.add("POST", "task")
def task(call: Call) -> Any:
    """Begin a task, whose progress the Web-UI follows; what it stands for is done in its one request."""
    ident = call.sql.next_id()
    return {"task": {"id": ident, "progress": 0, "project": call.fields.get("project"), "user": call.caller.person,
                     "printInActivity": False, "comments": [], "created": str(ids.now())}}  # fmt: skip


@routes.add("GET", "task/{id:int}")
def show_task(call: Call) -> Any:
    """Show a task: it is always done by the time somebody asks."""
    return {"id": call.id, "progress": 100, "comments": [], "user": call.caller.person}


@routes.add("GET", "project/{project:int}/commandhistory", "commandhistory")
def history(call: Call) -> Any:
    """List commands for undoing: none are kept here."""
    if "project" in call.params:
        project_seen(call, call.params["project"])
    return collection([], 0, call.args)


@routes.add(
    "GET", "annotation/{id:int}/comment", *(f"{kind}annotation/{{id:int}}/comment" for kind in ("user", "algo"))
)
def comments(call: Call) -> Any:
    """List comments on an annotation: none are kept here."""
    seen(call, ANNOTATION, call.id)
    return whole([], call.args)
