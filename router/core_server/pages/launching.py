"""Choose an algorithm, fill in its form, start it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from router.core_server.errors import CoreError, NotFound, WrongArgument
from router.core_server.pages import fields, words
from router.core_server.pages.api import Api
from router.core_server.pages.fields import FormField
from router.core_server.pages.site import Page, Views

views = Views()


@views.get("/pages/project/{project:int}/algorithms")
def algorithms(page: Page) -> Response:
    """Show the algorithms of a project, and those that could be added to it."""
    project = page.api.get(f"project/{page.params['project']}")
    every = {item["id"]: item for item in _usable(page.api.all("software"))}
    linked = _usable(page.api.all(f"project/{project['id']}/software"))
    others = [item for ident, item in every.items() if ident not in {item["id"] for item in linked}]
    return page.show(
        "algorithms.html",
        project=project,
        linked=[_described(page.api, item) for item in linked],
        others=[_described(page.api, item) for item in others],
    )


def _usable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted((item for item in found if item["executable"] and not item["deprecated"]), key=lambda i: i["name"])


def _described(api: Api, software: dict[str, Any]) -> dict[str, Any]:
    told = api.maybe(f"domain/be.cytomine.processing.Software/{software['id']}/description")
    return {
        **software,
        "title": words.software_title(software["name"]),
        "told": fields.plain(told["data"]) if told else "",
    }


@views.post("/pages/project/{project:int}/algorithms")
def add_algorithm(page: Page) -> Response:
    """Offer an algorithm in a project."""
    software = page.value("software")
    if not software.isdecimal():
        raise WrongArgument("choose an algorithm")
    project = page.params["project"]
    page.api.ask("POST", "softwareproject", {"software": int(software), "project": project})
    return page.go(f"/pages/project/{project}/algorithms")


def _form(page: Page) -> tuple[dict[str, Any], dict[str, Any], list[FormField]]:
    project = page.api.get(f"project/{page.params['project']}")
    software = page.api.get(f"software/{page.params['software']}")
    if software["id"] not in {item["id"] for item in page.api.all(f"project/{project['id']}/software")}:
        raise NotFound("this algorithm is not offered in this project")
    made = [fields.build(page.api, project, parameter) for parameter in software["parameters"]]
    return project, _described(page.api, software), made


@views.get("/pages/project/{project:int}/algorithm/{software:int}")
def form(page: Page) -> Response:
    """Show an algorithm's form; with ?again=JOB filled in as that job was."""
    project, software, made = _form(page)
    again = page.query.get("again", "")
    if again.isdecimal():
        _as_before(page.api, int(again), made)
    return page.show("launch.html", project=project, software=software, fields=made, trouble="")


def _as_before(api: Api, job: int, made: list[FormField]) -> None:
    before = {item["softwareParameter"]: str(item["value"] or "") for item in api.all(f"job/{job}/parameter")}
    for item in made:
        if item.id not in before:
            continue
        text = before[item.id]
        if item.kind == "yes":
            item.values = ["true"] if text.lower() == "true" else []
        elif item.kind == "pick-many":
            item.values = [part for part in text.split(",") if part]
        else:
            item.values = [text] if text else []


@views.post("/pages/project/{project:int}/algorithm/{software:int}")
def launch(page: Page) -> Response:
    """Start an algorithm, or show its form again with what is wrong."""
    project, software, made = _form(page)
    if not fields.fill(made, page.form):
        return page.show("launch.html", 400, project=project, software=software, fields=made, trouble="")
    body = {"project": project["id"], "software": software["id"], "params": fields.values(made)}
    job = page.api.ask("POST", "job", body)["job"]["id"]
    try:
        page.api.ask("POST", f"job/{job}/execute")
    except CoreError as error:
        page.api.ask("DELETE", f"job/{job}")
        trouble = f"It could not be started: {error}. Nothing was lost; try again later."
        return page.show("launch.html", 503, project=project, software=software, fields=made, trouble=trouble)
    return page.go(f"/pages/job/{job}")
