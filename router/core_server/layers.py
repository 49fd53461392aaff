"""What lies where on a slide, for drawing: layers and their sizes, boxes in a window, shapes by identifier.

The rights are the caller's business: ask for the image first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.core_server.db import Sql
from router.core_server.resource import Row


@dataclass(frozen=True)
class Choice:
    """What is looked at.

    Attributes
    ----------
    image : int
        The image instance.
    users : tuple of int
        People and user jobs whose shapes show.
    reviewed : bool
        Whether reviewed shapes show.
    hidden : tuple of int
        Terms that do not show; 0 stands for shapes without a term.
    """

    image: int
    users: tuple[int, ...]
    reviewed: bool
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True)
class Boxes:
    """Bounding boxes in slide pixels (y up) with what they are drawn by; one row each, columns as arrays.

    Attributes
    ----------
    id, user, term : (n,) int64
        Annotation, whose it is, and its term; 0 is none.
    edges : (n, 4) float64
        Left, right, bottom, top.
    """

    id: NDArray[np.int64]
    edges: NDArray[np.float64]
    user: NDArray[np.int64]
    term: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.id)


#: A person's term goes before a predicted one, a late one before an early one.
_TERM = (
    "coalesce((SELECT t.term FROM annotationterm t WHERE t.annotation = a.id ORDER BY t.algo, t.id DESC LIMIT 1), 0)"
)

_IN_WINDOW = (
    f"SELECT b.id, b.minx, b.maxx, b.miny, b.maxy, a.user, {_TERM} AS term"  # noqa: S608
    " FROM annotation_box b CROSS JOIN annotation a ON a.id = b.id"
    " WHERE b.minimage <= :image AND b.maximage >= :image AND b.maxx >= :left AND b.minx <= :right"
    " AND b.maxy >= :bottom AND b.miny <= :top AND a.image = :image"
    # what was checked stands for what it was checked from
    " AND ((a.kind <> 'reviewed' AND a.user IN (SELECT value FROM json_each(:users))"
    " AND NOT (a.reviewed AND :reviewed))"
    " OR (a.kind = 'reviewed' AND :reviewed))"
)


def boxes(sql: Sql, choice: Choice, window: tuple[float, float, float, float], limit: int | None = None) -> Boxes:
    """Return the boxes that touch a window.

    Parameters
    ----------
    sql : Sql
        An open transaction.
    choice : Choice
        Layers and terms.
    window : (left, bottom, right, top)
        Slide pixels, y up.
    limit : int, optional
        Most boxes returned.
    """
    left, bottom, right, top = window
    query = _IN_WINDOW
    if choice.hidden:
        query = f"SELECT * FROM ({query}) WHERE term NOT IN (SELECT value FROM json_each(:hidden))"  # noqa: S608
    found = sql.tuples(
        f"{query} LIMIT :limit",
        {
            "image": choice.image,
            "left": left,
            "right": right,
            "bottom": bottom,
            "top": top,
            "users": json.dumps(choice.users),
            "reviewed": int(choice.reviewed),
            "hidden": json.dumps(choice.hidden),
            "limit": -1 if limit is None else limit,
        },
    )
    table = np.array(found, dtype=np.float64).reshape(-1, 7)
    idents, users, terms = (table[:, column].astype(np.int64) for column in (0, 5, 6))
    return Boxes(idents, table[:, 1:5], users, terms)


def shapes(sql: Sql, idents: list[int]) -> dict[int, bytes]:
    """Return the WKB of annotations."""
    found = sql.tuples(
        "SELECT id, wkb FROM annotation WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(idents),)
    )
    return {row[0]: row[1] for row in found}


def layers(sql: Sql, image: int) -> list[Row]:
    """Return who has shapes on an image: user, kind, number, and the names of person, job and software."""
    return sql.all(
        "SELECT a.user, a.kind, a.number, u.username, u.firstname, u.lastname, u.algo, u.job, j.created AS started,"
        " s.name AS software FROM (SELECT user, kind, count(*) AS number FROM annotation WHERE image = ?"
        " GROUP BY user, kind) a LEFT JOIN secuser u ON u.id = a.user LEFT JOIN job j ON j.id = u.job"
        " LEFT JOIN software s ON s.id = j.software ORDER BY a.kind, u.algo, a.user DESC",
        (image,),
    )


def term_counts(sql: Sql, image: int) -> dict[int, int]:
    """Return how many of an image's shapes carry each term, checked ones counted once; 0 stands for none."""
    found = sql.tuples(
        f"SELECT term, count(*) FROM (SELECT {_TERM} AS term FROM annotation a WHERE a.image = ?"  # noqa: S608
        " AND (a.kind = 'reviewed' OR NOT a.reviewed)) GROUP BY term",
        (image,),
    )
    return {row[0]: row[1] for row in found}


def version(sql: Sql) -> int:
    """Return a number that grows with every change of the data."""
    return int(sql.value("SELECT next FROM sequence"))


def predictions(sql: Sql, job: int) -> list[tuple[Any, ...]]:
    """Return (annotation, image, term, expectedTerm, rate) of all terms that a job predicted."""
    return sql.tuples(
        "SELECT t.annotation, a.image, t.term, t.expectedTerm, t.rate FROM annotationterm t"
        " JOIN annotation a ON a.id = t.annotation JOIN secuser u ON u.id = t.user WHERE u.job = ? AND t.algo"
        " ORDER BY t.rate DESC, t.annotation",
        (job,),
    )


def by_image(sql: Sql, user: int) -> dict[int, int]:
    """Return how many shapes a user or user job has on each image."""
    found = sql.tuples("SELECT image, count(*) FROM annotation WHERE user = ? GROUP BY image", (user,))
    return {row[0]: row[1] for row in found}
