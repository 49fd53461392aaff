"""The slide viewer: its page, the layers beside it and the annotation tiles over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.responses import Response

from router.core_server import layers
from router.core_server.db import Sql
from router.core_server.pages import words
from router.core_server.pages.overlay import TILE, Tile
from router.core_server.pages.projects import terms_of
from router.core_server.pages.rendering import HEADERS
from router.core_server.pages.shades import LAYER_COLOURS
from router.core_server.pages.site import Page, Views

views = Views()

#: Boxes drawn in one tile; more than its pixels would not be seen.
MOST = 300_000


@views.get("/pages/slide/{image:int}")
def viewer(page: Page) -> Response:
    """Show a slide with its annotation layers."""
    image = page.api.get(f"imageinstance/{page.params['image']}")
    piece = page.api.get(f"imageinstance/{image['id']}/sliceinstance/reference")
    return page.show(
        "viewer.html",
        slide=image,
        piece=piece,
        project=page.api.get(f"project/{image['project']}"),
        terms=terms_of(page.api, image["project"]),
        start=page.query.get("annotation", ""),
        **_layers(page, image),
    )


@views.get("/pages/slide/{image:int}/layers")
def layer_list(page: Page) -> Response:
    """Show the piece of the viewer that lists layers and terms; nothing when nothing has changed since it was shown."""
    image = page.api.get(f"imageinstance/{page.params['image']}")
    with page.core.db.read() as sql:
        if page.query.get("since") == str(layers.version(sql)):
            return Response(status_code=204, headers=HEADERS)
    return page.show("layers.html", slide=image, terms=terms_of(page.api, image["project"]), **_layers(page, image))


def _layers(page: Page, image: dict[str, Any]) -> dict[str, Any]:
    with page.core.db.read() as sql:
        rows = layers.layers(sql, image["id"])
        counts = layers.term_counts(sql, image["id"])
        version = layers.version(sql)
    # the same layer keeps its colour when later ones appear, as their identifiers are higher
    ranks = {user: rank for rank, user in enumerate(sorted({row["user"] for row in rows}))}
    named = [_named(row, ranks[row["user"]], page.caller.person) for row in rows]
    reviewed = [layer for layer in named if layer["kind"] == "reviewed"]
    groups = [
        ("Drawn by people", [layer for layer in named if layer["kind"] == "user"]),
        ("Found by algorithms", [layer for layer in named if layer["kind"] == "algo"]),
    ]
    if reviewed:
        total = sum(layer["number"] for layer in reviewed)
        groups.append(("Checked", [{**reviewed[0], "key": "r", "title": "Checked by people", "number": total}]))
    return {
        "groups": [(title, group) for title, group in groups if group],
        "counts": counts,
        "version": version,
        "state": "-".join(str(row["number"]) for row in rows) + ":" + "-".join(map(str, sorted(counts.items()))),
    }


def _named(row: dict[str, Any], rank: int, me: int) -> dict[str, Any]:
    person = " ".join(part for part in (row["firstname"], row["lastname"]) if part) or row["username"] or "Somebody"
    detail = ""
    if row["kind"] == "algo":
        title = words.software_title(row["software"] or "Algorithm")
        detail = words.moment(row["started"]) if row["started"] else ""
    else:
        title = "You" if row["user"] == me else person
    shown = {"key": f"{row['user']}.{rank}", "title": title, "detail": detail, "colour": layer_colour(rank)}
    return {**row, **shown}


def layer_colour(rank: int) -> str:
    """Return the colour in which the shapes of a slide's layer are drawn when they have no term."""
    return LAYER_COLOURS[rank % len(LAYER_COLOURS)]


def _keys(page: Page) -> list[tuple[int, int]]:
    """Return user and rank of the layers in the query (`user.rank,...`); what cannot be read is left out."""
    pairs = [key.partition(".")[::2] for key in page.query.get("layers", "").split(",")]
    return [(_small(user), _small(rank)) for user, rank in pairs if _small(user)]


def _small(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def choice_of(page: Page, image: int) -> layers.Choice:
    """Read from the query which layers and terms are shown."""
    hidden = [key for key in page.query.get("hide", "").split(",") if key == "0" or _small(key)]
    return layers.Choice(
        image,
        tuple(user for user, _ in _keys(page)),
        "r" in page.query.get("layers", "").split(","),
        tuple(int(key) for key in hidden),
    )


@views.get("/pages/slide/{image:int}/shapes/{down:int}/{x:int}/{y:int}.png")
def tile(page: Page) -> Response:
    """Draw an annotation tile: column x, row y where the slide is halved `down` times."""
    image = page.api.get(f"imageinstance/{page.params['image']}")
    down, column, row = (page.params[name] for name in ("down", "x", "y"))
    step = 2 ** min(down, 40)
    left, top = column * TILE * step, row * TILE * step
    width = min(TILE, -(-(image["width"] - left) // step))
    height = min(TILE, -(-(image["height"] - top) // step))
    headers = {"Cache-Control": "private, max-age=600"}
    if width <= 0 or height <= 0:
        return Response(status_code=404)
    picture = Tile((left, top), image["height"], 1 / step, (width, height))
    with page.core.db.read() as sql:
        data = _drawn(page, sql, picture, image)
    return Response(data, media_type="image/png", headers=headers)


def _drawn(page: Page, sql: Sql, picture: Tile, image: dict[str, Any]) -> bytes:
    import shapely

    found = layers.boxes(sql, choice_of(page, image["id"]), picture.window, MOST)
    if not len(found):
        return picture.png()
    terms = {term["id"]: term["color"] for term in terms_of(page.api, image["project"])}
    ranks = dict(_keys(page))
    small = picture.small(found.edges)
    wkb = layers.shapes(sql, found.id[~small].tolist())
    for term, user in np.unique(np.stack([found.term, found.user]), axis=1).T.tolist():
        colour = terms.get(term) or layer_colour(ranks.get(user, 0))
        group = (found.term == term) & (found.user == user)
        picture.paint_boxes(found.edges[group & small], colour)
        large = shapely.from_wkb(np.array([wkb[ident] for ident in found.id[group & ~small].tolist()], dtype=object))
        # cut at the window, so that no coordinate leaves OpenCV's range; the cuts lie outside the picture
        picture.trace(shapely.clip_by_rect(large, *picture.window), colour)
    return picture.png()
