"""Similar annotations and the terms they suggest, asked from a retrieval server (the CBIR API of Cytomine) over HTTP.

As Core does it: the crop of the selected annotation is searched in the storages (one a project) of the projects that
its own project names, and only annotations of people that the caller may see count.
"""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
import shapely

from router.core_server.annotation_json import single
from router.core_server.annotations import ANNOTATION
from router.core_server.context import Call
from router.core_server.errors import Unavailable
from router.core_server.http import Routes
from router.core_server.pictures import crop
from router.core_server.resource import Row
from router.core_server.rights import seen, visible
from router.core_server.wire import Arguments

logger = logging.getLogger(__name__)
routes = Routes()

#: Answers that are asked for, and points below which a shape has no picture worth searching.
MOST, LEAST_POINTS = 30, 3
_SECONDS = (3.0, 20.0)


@routes.add("GET", "annotation/{id:int}/retrieval", mode="own")
def similar(call: Call) -> Any:
    """Return annotations that look like this one, the most similar first, and the terms they have with rates."""
    with call.core.db.read() as call.sql:
        row = seen(call, ANNOTATION, call.id)
        project = call.row("project", row["project"], "Project")
        if shapely.get_num_coordinates(shapely.from_wkb(row["wkb"])) < LEAST_POINTS:
            return {"term": []}
        if project["retrievalDisable"]:
            return {}
        address = call.core.settings.retrieval
        if not address:
            raise Unavailable("Retrieval server unavailable: start this server with --retrieval URL")
        storages = _projects(call, project)
        params = {"id": call.id, "kind": "crop", "fmt": "jpg"}
        picture = bytes(crop(replace(call, params=params, args=Arguments())).body)
    # no transaction is open while somebody else is asked
    found = _asked(address, picture, storages)
    with call.core.db.read() as call.sql:
        return _answer(call, row, project, found)


def _projects(call: Call, project: Row) -> list[int]:
    """The projects whose annotations are looked at: all of the ontology, or those that the project names."""
    found = call.sql.all("SELECT id FROM project WHERE ontology = ?", (project["ontology"],))
    of_ontology = {int(row["id"]) for row in found}
    if project["retrievalAllOntology"] or not project["retrievalProjects"]:
        return sorted(of_ontology)
    return sorted(of_ontology & {int(ident) for ident in json.loads(project["retrievalProjects"])})


def _asked(address: str, picture: bytes, storages: Sequence[int]) -> dict[int, float]:
    """Ask the server; similarity by annotation.

    Raises
    ------
    Unavailable
        It does not answer, or not as a retrieval server does.
    """
    parts = urlsplit(address)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")
    try:
        answer = requests.post(
            f"{bare}/api/search",
            params={"max": str(MOST), "storages": ";".join(map(str, storages))},
            files={"file": ("crop.jpg", picture, "image/jpeg")},
            auth=(parts.username or "", parts.password or "") if parts.username else None,
            timeout=_SECONDS,
        )
        answer.raise_for_status()
        data = answer.json()["data"]
        return {int(item["id"]): float(item["similarities"]) for item in data}
    except (requests.RequestException, ValueError, KeyError, TypeError) as error:
        logger.warning("retrieval server: %s", str(error)[:200])
        msg = f"Retrieval server unavailable: {type(error).__name__}"
        raise Unavailable(msg) from error


def _answer(call: Call, row: Row, project: Row, found: Mapping[int, float]) -> dict[str, Any]:
    """Join what was found with what is here: people's annotations that the caller may see, and their terms."""
    marks = ", ".join(str(ident) for ident in found if ident != row["id"])
    condition = f"({visible(call, ANNOTATION)}) AND kind = 'user' AND id IN ({marks})"
    rows = call.sql.all(f"SELECT * FROM annotation WHERE {condition}", call.caller.names()) if marks else []
    rows.sort(key=lambda item: -found[item["id"]])
    annotations = [{**single(call, item), "similarity": found[item["id"]]} for item in rows]
    terms = {term["id"]: term for term in call.sql.all("SELECT * FROM term WHERE ontology = ?", (project["ontology"],))}
    rates: dict[int, float] = {}
    for item in annotations:
        for term in item["term"]:
            if term in terms:
                rates[term] = rates.get(term, 0.0) + item["similarity"]
    ordered = sorted(rates, key=lambda term: -rates[term])
    suggested = [
        {"id": term, "name": terms[term]["name"], "color": terms[term]["color"], "rate": rates[term]}
        for term in ordered
    ]
    return {"annotation": annotations, "term": suggested}
