"""Beginning a project: its name and the terms that things on its slides are called by."""

from __future__ import annotations

import re

from starlette.responses import Response

from router.core_server.errors import CoreError
from router.core_server.pages.site import Page, Views

views = Views()

#: Colours that terms take in turn; they differ in hue and in lightness.
COLOURS = ("#c2255c", "#2f6fb2", "#e0a100", "#2b8a3e", "#7b3fb5", "#e8590c", "#0b7285", "#8d6e63", "#d6336c", "#5c7a29")
#: More terms than anybody wants to choose from.
MOST_TERMS = 100


@views.get("/pages/new-project")
def form(page: Page) -> Response:
    """Show the form of a new project."""
    _ = page.caller
    return page.show("new_project.html", name="", terms="", trouble="")


@views.post("/pages/new-project")
def begin(page: Page) -> Response:
    """Make a project with its terms, or say why not."""
    name, text = page.value("name").strip(), page.value("terms")
    terms = list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text) if part.strip()))
    if not name or len(terms) > MOST_TERMS:
        trouble = "Give the project a name." if not name else f"Use at most {MOST_TERMS} terms."
        return page.show("new_project.html", 400, name=name, terms=text, trouble=trouble)
    try:
        ontology = page.api.ask("POST", "ontology", {"name": name})["ontology"]["id"]
    except CoreError as error:
        if error.status != 409:
            raise
        return page.show(
            "new_project.html", 409, name=name, terms=text, trouble="A project of this name is there already."
        )
    for index, term in enumerate(terms):
        page.api.ask("POST", "term", {"name": term, "ontology": ontology, "color": COLOURS[index % len(COLOURS)]})
    project = page.api.ask("POST", "project", {"name": name, "ontology": ontology})["project"]["id"]
    return page.go(f"/pages/project/{project}")
