"""How well jobs classify: confusion matrix, rates, worst terms and annotations; counts of a project.

The data are the predicted terms with an expected one, as jobs post them (router-protocol 5.4).
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from router.core_server.annotation_json import KINDS
from router.core_server.context import Call
from router.core_server.crud import render_one
from router.core_server.errors import NotFound, WrongArgument
from router.core_server.http import Routes
from router.core_server.jobs import JOB, user_job_of
from router.core_server.ontologies import TERM
from router.core_server.resource import Row
from router.core_server.rights import project_seen, seen
from router.core_server.wire import whole

routes = Routes()

SUCCESS = 3
#: Misclassified annotations that the worst ones list.
WORST = 30


def _job(call: Call) -> Row:
    """Return the job asked for, or the latest successful one of a project and a software."""
    ident = call.args.integer("job")
    if ident is not None:
        return seen(call, JOB, ident)
    project, software = call.args.integer("project"), call.args.integer("software")
    if project is None or software is None:
        raise WrongArgument("statistics need job=ID, or project=ID and software=ID")
    row = call.sql.one(
        "SELECT * FROM job WHERE project = ? AND software = ? AND status = ? ORDER BY id DESC LIMIT 1",
        (project_seen(call, project)["id"], software, SUCCESS),
    )
    if row is None:
        msg = f"no successful job of software {software} in project {project}"
        raise NotFound(msg)
    return row


def _predictions(call: Call, user: int) -> list[Row]:
    return call.sql.all(
        "SELECT * FROM annotationterm WHERE user = ? AND algo AND expectedTerm IS NOT NULL AND term IS NOT NULL"
        " ORDER BY id",
        (user,),
    )


def rate(predictions: list[Row]) -> float:
    """Return the part of the predictions that are as expected."""
    if not predictions:
        raise WrongArgument("UserJob has no algo-annotation-term!")
    right = sum(1 for row in predictions if row["term"] == row["expectedTerm"])
    return right / len(predictions)


@routes.add("GET", "stats/retrieval/avg", mode="write")
def average(call: Call) -> Any:
    """Show a job's rate; it is kept once the job has ended well."""
    job = _job(call)
    user = user_job_of(call, job["id"])
    if user["rate"] is not None and user["rate"] >= 0:
        return {"avg": user["rate"]}
    value = rate(_predictions(call, user["id"]))
    if job["status"] == SUCCESS:
        call.sql.run("UPDATE secuser SET rate = ? WHERE id = ?", (value, user["id"]))
        call.sql.run("UPDATE job SET rate = ? WHERE id = ?", (value, job["id"]))
    return {"avg": value}


def confusion(predictions: list[Row], terms: list[int]) -> list[list[float]]:
    """Return Core's matrix: a head row of terms; for each expected term its counts and the part that is right."""
    counts = Counter((row["expectedTerm"], row["term"]) for row in predictions)
    matrix: list[list[float]] = [[0, *terms, 0]]
    for expected in terms:
        row = [counts[expected, predicted] for predicted in terms]
        matrix.append([expected, *row, counts[expected, expected] / sum(row) if sum(row) else -1.0])
    return matrix


def _terms_of(call: Call, job: Row, predictions: list[Row]) -> list[int]:
    rows = call.sql.all(
        "SELECT t.id FROM term t JOIN project p ON p.ontology = t.ontology WHERE p.id = ? ORDER BY t.id",
        (job["project"],),
    )
    known = [row["id"] for row in rows]
    used = {row[name] for row in predictions for name in ("term", "expectedTerm")}
    return known + sorted(used - set(known))


@routes.add("GET", "stats/retrieval/confusionmatrix")
def confusion_matrix(call: Call) -> Any:
    """Show a job's confusion matrix as text, as Core does."""
    job = _job(call)
    predictions = _predictions(call, user_job_of(call, job["id"])["id"])
    return {"matrix": json.dumps(confusion(predictions, _terms_of(call, job, predictions)), separators=(",", ":"))}


@routes.add("GET", "stats/retrieval/worstTerm")
def worst_terms(call: Call) -> Any:
    """List terms by how often they were not recognised."""
    predictions = _predictions(call, user_job_of(call, _job(call)["id"])["id"])
    errors = Counter(row["expectedTerm"] for row in predictions if row["term"] != row["expectedTerm"])
    return {
        "worstTerms": [
            {**render_one(call, TERM, call.row("term", term, "Term")), "rate": count}
            for term, count in errors.most_common()
        ]
    }


@routes.add("GET", "stats/retrieval/worstTermWithSuggest")
def suggestions(call: Call) -> Any:
    """Show for each expected term what was predicted, in percent, most frequent first."""
    predictions = _predictions(call, user_job_of(call, _job(call)["id"])["id"])
    by_term: dict[int, Counter[int]] = {}
    for row in predictions:
        by_term.setdefault(row["expectedTerm"], Counter())[row["term"]] += 1
    worst = {
        term: [{predicted: round(100 * count / sum(counts.values()), 2)} for predicted, count in counts.most_common()]
        for term, counts in by_term.items()
    }
    rates = [counts[term] / sum(counts.values()) for term, counts in by_term.items()]
    middle = sum(rates) / len(rates) if rates else -1.0
    return {"worstTerms": worst, "avg": rate(predictions), "avgMiddlePerClass": middle}


@routes.add("GET", "stats/retrieval/worstAnnotation")
def worst_annotations(call: Call) -> Any:
    """List the surest of the wrong predictions; every cell of the matrix with expected and predicted."""
    predictions = _predictions(call, user_job_of(call, _job(call)["id"])["id"])
    wanted = (call.args.integer("expectedTerm"), call.args.integer("term"))
    rows = [row for row in predictions if _in_cell(row, *wanted)]
    rows.sort(key=lambda row: (-(row["rate"] or 0), row["id"]))
    most = call.args.integer("max", WORST) or WORST
    return {"worstAnnotations": [_worst(call, row) for row in rows[:most]]}


def _in_cell(row: Row, expected: int | None, predicted: int | None) -> bool:
    if expected is None and predicted is None:
        return bool(row["term"] != row["expectedTerm"])
    return (expected is None or row["expectedTerm"] == expected) and (predicted is None or row["term"] == predicted)


def _worst(call: Call, row: Row) -> dict[str, Any]:
    annotation = call.row("annotation", row["annotation"], "Annotation")
    crop = f"{call.base}/api/{KINDS[annotation['kind']][1]}/{annotation['id']}/crop.jpg"
    names = ("id", "annotation", "project", "term", "expectedTerm", "rate", "user")
    return {**{name: row[name] for name in names}, "image": annotation["image"], "cropURL": crop}


def _evolution(call: Call, term: int | None) -> Any:
    """Return rates of a software's successful jobs in a project, oldest first."""
    job = _job(call)
    jobs = call.sql.all(
        "SELECT * FROM job WHERE project = ? AND software = ? AND status = ? ORDER BY id",
        (job["project"], job["software"], SUCCESS),
    )
    points = []
    for row in jobs:
        predictions = _predictions(call, user_job_of(call, row["id"])["id"])
        predictions = [item for item in predictions if term is None or item["expectedTerm"] == term]
        if predictions:
            points.append({"date": row["created"], "size": len(predictions), "avg": rate(predictions)})
    return {"evolution": points}


@routes.add("GET", "stats/retrieval/evolution", "stats/retrieval-evolution/evolution")
def evolution(call: Call) -> Any:
    """Show how the rate went over the jobs."""
    return _evolution(call, None)


@routes.add("GET", "stats/retrieval-evolution/evolutionByTerm")
def evolution_by_term(call: Call) -> Any:
    """Show how the rate of one term went over the jobs."""
    term = call.args.integer("term")
    if term is None:
        raise WrongArgument("evolutionByTerm needs term=ID")
    return _evolution(call, term)


@routes.add("GET", "project/{project:int}/stats/term", "stats/term")
def term_counts(call: Call) -> Any:
    """Count a project's annotations by term; key 0 stands for those without."""
    project = project_seen(call, call.params.get("project", call.args.integer("project")))
    rows = call.sql.all(
        "SELECT t.id, t.name AS key, t.color, (SELECT count(*) FROM annotationterm a JOIN annotation n"
        " ON n.id = a.annotation WHERE a.term = t.id AND n.project = :project AND n.kind = 'user') AS value"
        " FROM term t WHERE t.ontology = :ontology ORDER BY t.id",
        {"project": project["id"], "ontology": project["ontology"]},
    )
    return whole(rows, call.args)


@routes.add("GET", "project/{project:int}/stats/user", "stats/user")
def user_counts(call: Call) -> Any:
    """Count a project's annotations by person."""
    project = project_seen(call, call.params.get("project", call.args.integer("project")))
    rows = call.sql.all(
        "SELECT u.id, u.username AS key, u.username, (SELECT count(*) FROM annotation n WHERE n.user = u.id"
        " AND n.project = :project AND n.kind = 'user') AS value FROM secuser u JOIN member m ON m.user = u.id"
        " WHERE m.project = :project ORDER BY u.username",
        {"project": project["id"]},
    )
    return whole(rows, call.args)
