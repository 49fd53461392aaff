"""One annotation beside the slide: find it, see it, name it, check it, draw or delete it."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.responses import Response

from router.core_server import layers
from router.core_server.errors import CoreError, Unavailable, WrongArgument
from router.core_server.pages.job_words import described
from router.core_server.pages.projects import terms_of
from router.core_server.pages.site import Page, Views
from router.core_server.pages.slides import choice_of

views = Views()

#: Annotations in the list of what is in view, and in that of what is similar.
LISTED, SIMILAR = 24, 12


def _number(page: Page, name: str) -> float:
    try:
        value = float(page.query.get(name, ""))
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        msg = f"{name} must be a number"
        raise WrongArgument(msg)
    return value


@views.get("/pages/slide/{image:int}/at")
def at(page: Page) -> Response:
    """Show the smallest annotation under a place of the slide (pixels from its upper left corner)."""
    import shapely

    image = page.api.get(f"imageinstance/{page.params['image']}")
    x, y, reach = _number(page, "x"), image["height"] - _number(page, "y"), abs(_number(page, "reach"))
    with page.core.db.read() as sql:
        near = layers.boxes(sql, choice_of(page, image["id"]), (x - reach, y - reach, x + reach, y + reach))
        wkb = layers.shapes(sql, near.id.tolist())
    idents = sorted(wkb)
    geometries = shapely.from_wkb([wkb[ident] for ident in idents])
    hits = shapely.dwithin(geometries, shapely.Point(x, y), reach)
    found = [(area, ident) for area, ident, hit in zip(shapely.area(geometries), idents, hits, strict=True) if hit]
    if not found:
        return page.show("nothing_here.html")
    return _panel(page, min(found)[1])


@views.get("/pages/slide/{image:int}/list")
def in_view(page: Page) -> Response:
    """List annotations in a part of the slide, for those who cannot or do not want to point."""
    image = page.api.get(f"imageinstance/{page.params['image']}")
    top, bottom = image["height"] - _number(page, "top"), image["height"] - _number(page, "bottom")
    window = (_number(page, "left"), bottom, _number(page, "right"), top)
    with page.core.db.read() as sql:
        found = layers.boxes(sql, choice_of(page, image["id"]), window, LISTED + 1)
    names = {term["id"]: term for term in terms_of(page.api, image["project"])}
    listed = list(zip(found.id.tolist(), found.term.tolist(), strict=True))
    return page.show("in_view.html", boxes=listed[:LISTED], more=len(found) > LISTED, names=names)


@views.get("/pages/annotation/{annotation:int}")
def show(page: Page) -> Response:
    """Show one annotation beside the slide."""
    return _panel(page, page.params["annotation"])


def _panel(page: Page, ident: int, changed: bool = False) -> Response:
    found = page.api.get(f"annotation/{ident}")
    terms = terms_of(page.api, found["project"])
    names = {term["id"]: term for term in terms}
    reviewed = found["class"].endswith("ReviewedAnnotation")
    given = [item for item in page.api.all(f"annotation/{ident}/term") if item.get("rate") is None]
    predicted = _predicted(page, found["parentIdent"] if reviewed else ident)
    author = page.api.get(f"user/{found['user']}")
    return page.show(
        "annotation.html",
        annotation=found,
        outline=outline(found["location"], page.api.get(f"imageinstance/{found['image']}")["height"]),
        terms=terms,
        given=[names[term] for term in dict.fromkeys(item["term"] for item in given) if term in names],
        predicted=names.get(predicted["term"]) if predicted else None,
        expected=names.get(predicted["expectedTerm"]) if predicted else None,
        rate=predicted["rate"] if predicted else None,
        author=_author(page, author),
        checked=reviewed or found["reviewed"],
        found_by_algorithm=bool(author.get("algo")),
        # the API keeps the rule; this only spares a person a button that would be refused
        deletable=not author.get("algo") and (author["id"] == page.caller.person or page.caller.admin),
        changed=changed,
        searchable=bool(page.core.settings.retrieval) and found["location"].startswith(("POLYGON", "MULTIPOLYGON")),
    )


def _predicted(page: Page, ident: int) -> dict[str, Any] | None:
    """Return the surest term that an algorithm predicted for an annotation."""
    given = page.api.maybe(f"annotation/{ident}/term") or {"collection": []}
    rated = [item for item in given["collection"] if item.get("rate") is not None]
    return max(rated, key=lambda item: float(item["rate"]), default=None)


def _author(page: Page, author: dict[str, Any]) -> str:
    if author.get("algo"):
        job = page.api.maybe(f"job/{author['job']}") if author.get("job") else None
        return str(described(job)["title"]) if job else "an algorithm"
    if author["id"] == page.caller.person:
        return "you"
    return " ".join(part for part in (author["firstname"], author["lastname"]) if part) or str(author["username"])


def outline(wkt: str, height: int) -> dict[str, Any]:
    """Return a shape as SVG path in slide pixels from the upper left corner, with its box and whether it is a point."""
    import shapely

    geometry = shapely.from_wkt(wkt)
    flipped = shapely.transform(geometry, lambda xy: np.stack([xy[:, 0], height - xy[:, 1]], axis=1))
    left, top, right, bottom = flipped.bounds
    paths = []
    for part in shapely.get_parts(flipped):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            steps = " ".join(f"{x:g},{y:g}" for x, y in shapely.get_coordinates(ring))
            paths.append(f"M{steps}" + ("Z" if part.geom_type == "Polygon" else ""))
    return {
        "path": "".join(paths),
        "box": f"{left:g} {top:g} {right - left:g} {bottom - top:g}",
        "point": geometry.geom_type in {"Point", "MultiPoint"},
    }


@views.get("/pages/annotation/{annotation:int}/similar")
def similar(page: Page) -> Response:
    """Show what looks like an annotation, and what people named it."""
    ident = page.params["annotation"]
    try:
        found = page.api.get(f"annotation/{ident}/retrieval")
    except CoreError as error:
        if error.status != Unavailable.status:
            raise
        return page.show("similar.html", annotation=ident, problem="The server for similar places does not answer.")
    total = sum(term["rate"] for term in found.get("term", [])) or 1.0
    likely = [(term, term["rate"] / total) for term in found.get("term", [])[:3]]
    names = {term["id"]: term for term in found.get("term", [])}
    return page.show(
        "similar.html",
        annotation=ident,
        problem="" if found.get("annotation") else "Nothing similar was found.",
        likely=likely,
        found=found.get("annotation", [])[:SIMILAR],
        names=names,
    )


@views.post("/pages/slide/{image:int}/draw")
def drawn(page: Page) -> Response:
    """Keep a drawn shape, with a term if one was chosen."""
    sent = page.sent if isinstance(page.sent, dict) else {}
    image = page.api.get(f"imageinstance/{page.params['image']}")
    body = {"image": image["id"], "project": image["project"], "location": sent.get("location")}
    if sent.get("term"):
        body["term"] = [sent["term"]]
    added = page.api.ask("POST", "annotation", body)
    return _panel(page, added["annotation"]["id"], changed=True)


@views.post("/pages/annotation/{annotation:int}/name")
def name(page: Page) -> Response:
    """Give an annotation one term in the person's name, or take her terms away."""
    ident, term = page.params["annotation"], page.value("term")
    if term.isdecimal():
        page.api.ask("POST", f"annotation/{ident}/term/{term}/clearBefore", {})
    else:
        for item in page.api.all(f"annotation/{ident}/term", idUser=page.caller.id):
            page.api.ask("DELETE", f"annotation/{ident}/term/{item['term']}/user/{page.caller.id}")
    return _panel(page, ident, changed=True)


@views.post("/pages/annotation/{annotation:int}/check")
def check(page: Page) -> Response:
    """Say what a found object is: the predicted term, or another; the answer is kept as a checked annotation."""
    ident, term = page.params["annotation"], page.value("term")
    if not term.isdecimal():
        raise WrongArgument("choose the term that is right")
    if page.api.get(f"annotation/{ident}")["reviewed"]:
        page.api.ask("DELETE", f"annotation/{ident}/review")
    answer = page.api.ask("POST", f"annotation/{ident}/review", {"id": ident, "terms": [int(term)]})
    return _panel(page, answer["reviewedannotation"]["id"], changed=True)


@views.post("/pages/annotation/{annotation:int}/uncheck")
def uncheck(page: Page) -> Response:
    """Take a check back."""
    ident = page.params["annotation"]
    found = page.api.get(f"annotation/{ident}")
    page.api.ask("DELETE", f"annotation/{ident}/review")
    return _panel(page, found.get("parentIdent") or ident, changed=True)


@views.post("/pages/annotation/{annotation:int}/delete")
def delete(page: Page) -> Response:
    """Delete an annotation."""
    page.api.ask("DELETE", f"annotation/{page.params['annotation']}")
    return page.show("nothing_here.html", changed=True)
