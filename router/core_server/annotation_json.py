"""Annotations on the wire: single objects and the groups of fields of listings."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from router.core_server.context import Call
from router.core_server.resource import Row
from router.core_server.shapes import to_wkt
from router.core_server.wire import envelope

#: kind: Java class, URL name, label of commands.
KINDS = {
    "user": ("be.cytomine.ontology.UserAnnotation", "userannotation", "UserAnnotation"),
    "algo": ("be.cytomine.ontology.AlgoAnnotation", "algoannotation", "AlgoAnnotation"),
    "reviewed": ("be.cytomine.ontology.ReviewedAnnotation", "reviewedannotation", "ReviewedAnnotation"),
}

#: Groups of a listing that show without being asked for.
DEFAULT_GROUPS = ("basic", "meta", "term")
GROUPS = {
    "showBasic": "basic",
    "showMeta": "meta",
    "showWKT": "wkt",
    "showGIS": "gis",
    "showTerm": "term",
    "showTrack": "track",
    "showImage": "image",
    "showSlice": "slice",
    "showUser": "user",
    "showAlgo": "algo",
}


def groups_of(call: Call) -> frozenset[str]:
    """Return the groups of fields that the query asks for."""
    shown = {group for name, group in GROUPS.items() if call.args.flag(name)}
    if not shown or call.args.flag("showDefault"):
        shown |= set(DEFAULT_GROUPS)
    hidden = {group for name, group in GROUPS.items() if call.args.flag(name.replace("show", "hide"))}
    return frozenset(shown - hidden)


def _scales(call: Call, rows: Sequence[Row]) -> dict[int, tuple[float | None, float | None]]:
    images = json.dumps(sorted({row["image"] for row in rows}))
    found = call.sql.tuples(
        "SELECT i.id, coalesce(i.physicalSizeX, a.physicalSizeX), coalesce(i.physicalSizeY, a.physicalSizeY)"
        " FROM imageinstance i JOIN abstractimage a ON a.id = i.baseImage"
        " WHERE i.id IN (SELECT value FROM json_each(?))",
        (images,),
    )
    return {image: (x, y or x) for image, x, y in found}


def _gis(row: Row, scale: tuple[float | None, float | None]) -> dict[str, Any]:
    x, y = scale
    area, length = row["area"], row["perimeter"]
    gis: dict[str, Any] = {"centroid": {"x": row["x"], "y": row["y"]}}
    if x and y:
        return gis | {
            "area": area * x * y,
            "areaUnit": "micron²",
            "perimeter": length * x / 1000,
            "perimeterUnit": "mm",
        }
    return gis | {"area": area, "areaUnit": "pixels²", "perimeter": length, "perimeterUnit": "pixels"}


def _urls(base: str, row: Row) -> dict[str, str]:
    crop = f"{base}/api/{KINDS[row['kind']][1]}/{row['id']}/crop.jpg"
    return {
        "cropURL": crop,
        "smallCropURL": f"{crop}?maxSize=256",
        "url": crop,
        "imageURL": f"{base}/#/project/{row['project']}/image/{row['image']}/annotation/{row['id']}",
    }


def terms_of(call: Call, rows: Sequence[Row]) -> dict[int, list[tuple[Any, ...]]]:
    """Return (annotation, id, term, user, rate, expectedTerm) of each annotation's terms."""
    idents = json.dumps([row["id"] for row in rows])
    found: dict[int, list[tuple[Any, ...]]] = {row["id"]: [] for row in rows}
    for item in call.sql.tuples(
        "SELECT annotation, id, term, user, rate, expectedTerm FROM annotationterm"
        " WHERE annotation IN (SELECT value FROM json_each(?)) ORDER BY id",
        (idents,),
    ):
        found[item[0]].append(item)
    return found


def _term_group(items: list[tuple[Any, ...]], algo: bool) -> dict[str, Any]:
    by_term: dict[int, dict[str, Any]] = {}
    for _, ident, term, user, rate, expected in items:
        entry = by_term.setdefault(term, {"id": ident, "term": term, "user": []})
        if user not in entry["user"]:
            entry["user"].append(user)
        if rate is not None:
            entry |= {"rate": rate, "expectedTerm": expected}
    group: dict[str, Any] = {"term": list(by_term), "userByTerm": list(by_term.values())}
    if algo:
        best = max((item for item in items if item[4] is not None), key=lambda item: item[4], default=None)
        group |= {
            "rate": best[4] if best else None,
            "idTerm": best[2] if best else None,
            "idExpectedTerm": best[5] if best else None,
        }
    return group


def _tracks(call: Call, rows: Sequence[Row]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {row["id"]: [] for row in rows}
    for item in call.sql.all(
        "SELECT id, annotationIdent, track FROM annotationtrack"
        " WHERE annotationIdent IN (SELECT value FROM json_each(?))",
        (json.dumps(list(found)),),
    ):
        found[item["annotationIdent"]].append({"id": item["id"], "track": item["track"]})
    return found


def _meta(base: str, row: Row) -> dict[str, Any]:
    meta = {
        "created": row["created"],
        "updated": row["updated"],
        "image": row["image"],
        "slice": row["slice"],
        "project": row["project"],
        "user": row["user"],
        "nbComments": 0,
        "reviewed": bool(row["reviewed"]) or row["kind"] == "reviewed",
        **_urls(base, row),
    }
    if row["kind"] == "reviewed":
        meta |= {"reviewUser": row["reviewUser"], "parentIdent": row["parentIdent"]}
    return meta


#: For groups that name what a column points to: query and its key.
_NAMES = {
    "image": (
        """SELECT i.id AS key, a.originalFilename, i.instanceFilename FROM imageinstance i
        JOIN abstractimage a ON a.id = i.baseImage""",
        "i.id",
    ),
    "slice": (
        """SELECT s.id AS key, a.channel, a.zStack, a.time FROM sliceinstance s
        JOIN abstractslice a ON a.id = s.baseSlice""",
        "s.id",
    ),
    "user": (
        """SELECT u.id AS key, u.username AS creator, j.id AS job, j.software, s.name AS softwareName FROM secuser u
        LEFT JOIN job j ON j.id = u.job LEFT JOIN software s ON s.id = j.software""",
        "u.id",
    ),
}


def _names(call: Call, rows: Sequence[Row], group: str) -> dict[int, dict[str, Any]]:
    query, key = _NAMES[group]
    idents = json.dumps(sorted({row[group] for row in rows if row[group] is not None}))
    found = call.sql.all(f"{query} WHERE {key} IN (SELECT value FROM json_each(?))", (idents,))
    return {item.pop("key"): item for item in found}


Parts = Iterable[Mapping[str, Any]]


def _named(group: str) -> Callable[[Call, Sequence[Row]], Parts]:
    def parts(call: Call, rows: Sequence[Row]) -> Parts:
        names = _names(call, rows, group)
        return (names.get(row[group], {}) for row in rows)

    return parts


def _shapes(_call: Call, rows: Sequence[Row]) -> Parts:
    texts = to_wkt([row["wkb"] for row in rows])
    return (
        {"location": text, "geometryCompression": row["geometryCompression"]}
        for row, text in zip(rows, texts, strict=True)
    )


def _measures(call: Call, rows: Sequence[Row]) -> Parts:
    scales = _scales(call, rows)
    return (_gis(row, scales[row["image"]]) for row in rows)


def _all_terms(call: Call, rows: Sequence[Row]) -> Parts:
    terms = terms_of(call, rows)
    return (_term_group(terms[row["id"]], row["kind"] == "algo") for row in rows)


def _all_tracks(call: Call, rows: Sequence[Row]) -> Parts:
    return (
        {"track": [link["track"] for link in links], "annotationTrack": links} for links in _tracks(call, rows).values()
    )


def _metas(call: Call, rows: Sequence[Row]) -> Parts:
    base = call.base
    return (_meta(base, row) for row in rows)


#: What each group adds to the items of a listing, given the rows.
_PARTS: Mapping[str, Callable[[Call, Sequence[Row]], Parts]] = {
    "meta": _metas,
    "wkt": _shapes,
    "gis": _measures,
    "term": _all_terms,
    "algo": _all_terms,
    "track": _all_tracks,
    **{group: _named(group) for group in _NAMES},
}


def listing(call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as the items of a listing, with the groups that the query asks for."""
    groups = groups_of(call)
    items: list[dict[str, Any]] = [{"id": row["id"], "class": KINDS[row["kind"]][0]} for row in rows]
    for group, parts in _PARTS.items():
        if group in groups:
            for item, part in zip(items, parts(call, rows), strict=True):
                item.update(part)
    return items


def single(call: Call, row: Row) -> dict[str, Any]:
    """Return one annotation with everything that single objects show."""
    items = terms_of(call, [row])[row["id"]]
    written = {
        "class": KINDS[row["kind"]][0],
        "id": row["id"],
        "created": str(row["created"]),
        "updated": None if row["updated"] is None else str(row["updated"]),
        "deleted": None,
        "location": to_wkt([row["wkb"]])[0],
        "geometryCompression": row["geometryCompression"],
        **_gis(row, _scales(call, [row])[row["image"]]),
        **_term_group(items, row["kind"] == "algo"),
        "track": [item["track"] for item in _tracks(call, [row])[row["id"]]],
    }
    meta = _meta(call.base, row)
    written |= {name: value for name, value in meta.items() if name not in {"created", "updated"}}
    if row["kind"] == "reviewed":
        written |= {"status": 0, "terms": written["term"], "parentClassName": _parent_class(call, row)}
    return written


def _parent_class(call: Call, row: Row) -> str:
    kind = call.sql.value("SELECT kind FROM annotation WHERE id = ?", (row["parentIdent"],))
    return KINDS[kind or "user"][0]


def envelope_of(call: Call, verb: str, row: Row, key: str = "annotation") -> dict[str, Any]:
    """Return the answer to a change of one annotation; all kinds share the key `annotation`."""
    return envelope(verb, KINDS[row["kind"]][2], key, single(call, row), call.sql.next_id())
