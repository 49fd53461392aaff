"""What a validation mixed up: the table of named against predicted terms, and the crops behind each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from router.core_server import layers
from router.core_server.pages.job_words import described
from router.core_server.pages.projects import terms_of
from router.core_server.pages.site import Page, Views

views = Views()

#: Crops on one page of a cell.
PER_PAGE = 48


def matrix(predicted: Sequence[tuple[Any, ...]], terms: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the confusion matrix of a job's predictions.

    Parameters
    ----------
    predicted : sequence of (annotation, image, term, expectedTerm, rate)
        Predictions; those without an expected term are left out.
    terms : sequence of dict
        The project's terms, in the order of rows and columns.

    Returns
    -------
    dict or None
        `names` (terms that occur), `rows` of {term, cells: [{said, number, heat}], total, right}, `total`, `right`
        (rate of agreement) and `balanced` (mean rate over the terms); None without expected terms.
    """
    pairs = Counter((row[3], row[2]) for row in predicted if row[3] is not None)
    if not pairs:
        return None
    seen = {term for pair in pairs for term in pair}
    names = [term for term in terms if term["id"] in seen]
    rows = [_row(pairs, term, names) for term in names]
    counted = [row for row in rows if row["total"]]
    total = sum(row["total"] for row in rows)
    agreed = sum(pairs[term["id"], term["id"]] for term in names)
    return {
        "names": names,
        "rows": rows,
        "total": total,
        "right": agreed / total if total else 0.0,
        "balanced": sum(row["right"] for row in counted) / len(counted) if counted else 0.0,
    }


def _row(pairs: Counter[tuple[int, int]], term: dict[str, Any], names: Sequence[dict[str, Any]]) -> dict[str, Any]:
    numbers = [pairs[term["id"], said["id"]] for said in names]
    total = sum(numbers)
    cells = [
        {"said": said, "number": number, "heat": round(10 * number / total) if total else 0, "agrees": said is term}
        for said, number in zip(names, numbers, strict=True)
    ]
    right = pairs[term["id"], term["id"]] / total if total else 0.0
    return {"term": term, "cells": cells, "total": total, "right": right}


@views.get("/pages/job/{job:int}/confusion/{expected:int}/{said:int}")
def cell(page: Page) -> Response:
    """Show the crops of one cell, the surest first."""
    job = described(page.api.get(f"job/{page.params['job']}"))
    expected, said = page.params["expected"], page.params["said"]
    names = {term["id"]: term for term in terms_of(page.api, job["project"])}
    with page.core.db.read() as sql:
        found = [row for row in layers.predictions(sql, job["id"]) if row[3] == expected and row[2] == said]
    number = page.query.get("from", "0")
    start = min(int(number), len(found)) if number.isdecimal() and len(number) < 10 else 0
    return page.show(
        "cell.html",
        job=job,
        project=page.api.get(f"project/{job['project']}"),
        expected=names.get(expected, {"name": "a term that is gone"}),
        said=names.get(said, {"name": "a term that is gone"}),
        agrees=expected == said,
        crops=[{"id": row[0], "image": row[1], "rate": row[4]} for row in found[start : start + PER_PAGE]],
        total=len(found),
        before=max(0, start - PER_PAGE) if start else None,
        after=start + PER_PAGE if start + PER_PAGE < len(found) else None,
    )
