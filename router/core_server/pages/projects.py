"""The projects of a person, and one project with its slides, terms and analyses."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from router.core_server.pages.api import Api
from router.core_server.pages.job_words import described
from router.core_server.pages.shades import safe_colour
from router.core_server.pages.site import Page, Views

views = Views()

#: Analyses shown on a project's page, newest first.
RECENT = 20


@views.get("/pages/projects")
def projects(page: Page) -> Response:
    """Show the person's projects, each with pictures of its first slides."""
    found = page.api.all("project", sort="name", order="asc")
    for project in found:
        project["covers"] = page.api.all(f"project/{project['id']}/imageinstance", max=3)
    return page.show("projects.html", projects=found)


@views.get("/pages/project/{project:int}")
def project(page: Page) -> Response:
    """Show a project."""
    found = page.api.get(f"project/{page.params['project']}")
    slides = page.api.all(f"project/{found['id']}/imageinstance")
    slides.sort(key=lambda slide: str(slide["instanceFilename"]).lower())
    return page.show(
        "project.html",
        project=found,
        slides=slides,
        terms=terms_of(page.api, found["id"]),
        jobs=recent_jobs(page.api, found["id"]),
    )


@views.get("/pages/project/{project:int}/jobs")
def jobs(page: Page) -> Response:
    """Show the piece of a project's page that lists its analyses."""
    return page.show("jobs.html", jobs=recent_jobs(page.api, page.params["project"]))


def terms_of(api: Api, project: int) -> list[dict[str, Any]]:
    """Return a project's terms by name, each with a colour that is safe to draw with."""
    terms = api.all(f"project/{project}/term")
    for term in terms:
        term["color"] = safe_colour(term["color"])
    return sorted(terms, key=lambda term: str(term["name"]).lower())


def recent_jobs(api: Api, project: int) -> list[dict[str, Any]]:
    """Return a project's newest analyses in words."""
    api.get(f"project/{project}")
    found = api.all("job", project=project, sort="created", order="desc", max=RECENT, light="true")
    return [described(job) for job in found]
