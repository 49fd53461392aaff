"""Join regions along the seams of tiles, exactly: the edges that two neighbours share cancel out.

Tiles part an image without overlap, so an object that a seam cuts has the seam as an edge on both sides, once in each
direction. Those pairs say which pieces belong together (connected components), and without them the remaining edges are
the outline of the whole. Nothing but edges on seams is compared, and all of it in whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algorithms.toolkit.geometry.rings import Rings
from algorithms.toolkit.geometry.union import connected_components

Whole = NDArray[np.int64]


class _Edges(NamedTuple):
    """Directed edges along the axes."""

    start: Whole  # (n, 2)
    end: Whole  # (n, 2)
    owner: Whole  # (n,)


def join_at_seams(rings: Rings, seams_x: NDArray[np.int64], seams_y: NDArray[np.int64]) -> Rings:
    """Join the pieces of regions that tiles cut.

    Parameters
    ----------
    rings : Rings
        Of all tiles, in pixels of the whole image.
    seams_x, seams_y : (n,) int64
        Where tiles meet: columns and rows of corners.

    Returns
    -------
    Rings
        What tracing the whole image would give, in another order; regions numbered anew.
    """
    if len(rings.owners) == 0:
        return rings
    from algorithms.toolkit.geometry.trace import link

    edges = _edges(rings)
    vertical = edges.start[:, 0] == edges.end[:, 0]
    on_seam = np.where(vertical, np.isin(edges.start[:, 0], seams_x), np.isin(edges.start[:, 1], seams_y))
    unit = _split(_Edges(*(part[on_seam] for part in edges)))
    first, second = _opposite(unit)
    groups = connected_components(int(rings.owners.max()) + 1, unit.owner[first], unit.owner[second])
    alone = np.ones(len(unit.owner), np.bool_)
    alone[first] = alone[second] = False
    start = np.concatenate([edges.start[~on_seam], unit.start[alone]])
    end = np.concatenate([edges.end[~on_seam], unit.end[alone]])
    owner = groups[np.concatenate([edges.owner[~on_seam], unit.owner[alone]])]
    order = np.lexsort((start[:, 0], start[:, 1], owner))
    return link(start[order], end[order], owner[order])


def _edges(rings: Rings) -> _Edges:
    """Edges of all rings, each from a corner to the next."""
    following = np.arange(1, len(rings.points) + 1)
    following[rings.starts[1:] - 1] = rings.starts[:-1]
    start = rings.points.astype(np.int64)
    owner = np.repeat(rings.owners.astype(np.int64), np.diff(rings.starts))
    return _Edges(start, start[following], owner)


def _split(edges: _Edges) -> _Edges:
    """Cut edges into edges of length one."""
    run = edges.end - edges.start
    length = np.abs(run).sum(axis=1)
    edge = np.repeat(np.arange(len(length)), length)
    step = np.arange(len(edge)) - np.repeat(np.cumsum(length) - length, length)
    direction = np.sign(run)[edge]
    start = edges.start[edge] + direction * step[:, None]
    return _Edges(start, start + direction, edges.owner[edge])


def _opposite(unit: _Edges) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the pairs of unit edges between the same two points; there they always run in opposite directions."""
    low = np.minimum(unit.start, unit.end)
    horizontal = unit.start[:, 1] == unit.end[:, 1]
    order = np.lexsort((horizontal, low[:, 0], low[:, 1]))
    sorted_low, sorted_way = low[order], horizontal[order]
    same = (sorted_low[1:] == sorted_low[:-1]).all(axis=1) & (sorted_way[1:] == sorted_way[:-1])
    return order[:-1][same], order[1:][same]
