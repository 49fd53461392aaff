"""Which candidates fit together: pairwise potentials from training, marginals by loopy sum-product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
#: Rounds of messages.
ROUNDS = 20


@dataclass(frozen=True, eq=False)
class Edges:
    """Pairs of landmarks and how they lay in training.

    Attributes
    ----------
    pairs : ndarray of int64, (m, 2)
    offsets : ndarray of float, (m, n, 2)
        Second landmark less the first in every image; NaN where one is missing.
    """

    pairs: NDArray[np.int64]
    offsets: Points


def learn_edges(points: Points, count: int) -> Edges:
    """Join every landmark to the `count` others whose relative position varies least; points (n, L, 2)."""
    n_terms = points.shape[1]
    pairs: set[tuple[int, int]] = set()
    for a in range(n_terms):
        spread = []
        for b in range(n_terms):
            way = points[:, b] - points[:, a]
            way = way[~np.isnan(way[:, 0])]
            spread.append(np.linalg.norm(way - way.mean(axis=0), axis=1).mean() if b != a and len(way) else np.inf)
        nearest = [int(b) for b in np.argsort(spread, kind="stable")[:count] if np.isfinite(spread[b])]
        pairs |= {(min(a, b), max(a, b)) for b in nearest}
    found = np.array(sorted(pairs), np.int64).reshape(-1, 2)
    return Edges(found, np.array([points[:, b] - points[:, a] for a, b in found]).reshape(len(found), len(points), 2))


def choose(candidates: Sequence[Points], unary: Sequence[Points], edges: Edges, deviation: float) -> list[int]:
    """Return the candidate of every landmark with the largest marginal."""
    tables = [
        _potential(candidates[a], candidates[b], offsets, deviation)
        for (a, b), offsets in zip(edges.pairs, edges.offsets, strict=True)
    ]
    messages = {}
    for (a, b), table in zip(edges.pairs.tolist(), tables, strict=True):
        messages[a, b], messages[b, a] = np.ones(table.shape[1]), np.ones(table.shape[0])

    def belief(node: int, without: int = -1) -> Points:
        found = unary[node].copy()
        for (source, target), message in messages.items():
            if target == node and source != without:
                found = found * message
        return found

    for _ in range(ROUNDS):
        new = {}
        for (a, b), table in zip(edges.pairs.tolist(), tables, strict=True):
            new[a, b] = _normalised(belief(a, without=b) @ table)
            new[b, a] = _normalised(table @ belief(b, without=a))
        messages = new
    return [int(belief(node).argmax()) for node in range(len(candidates))]


def _potential(first: Points, second: Points, offsets: Points, deviation: float) -> Points:
    """Return the best agreement with a training image of every pair of candidates, per row."""
    known = offsets[~np.isnan(offsets[:, 0])]
    ways = second[None] - first[:, None]
    distance = ((ways[:, :, None] - known[None, None]) ** 2).sum(axis=3).min(axis=2)
    table = np.exp(-distance / (2 * deviation**2)) + 1e-12
    return np.asarray(table / table.sum(axis=1, keepdims=True))


def _normalised(message: Points) -> Points:
    return message / (message.sum() or 1.0)
