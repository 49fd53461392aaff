"""Outlines on a grid of pixels as plain arrays: what tracing gives, joining takes and polygons are built from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon


@dataclass(frozen=True)
class Rings:
    """Closed rings, each walked with its region on the right hand.

    Attributes
    ----------
    points : (n, 2) int32
        Corners (x, y) of all rings, one after the other; the first of a ring is not repeated.
    starts : (rings + 1,) int64
        Where each ring begins in `points`.
    owners : (rings,) int32
        The region of each ring, from 1.
    areas : (rings,) int64
        Twice the signed area: positive for outlines, negative for holes (y points down).
    """

    points: NDArray[np.int32]
    starts: NDArray[np.int64]
    owners: NDArray[np.int32]
    areas: NDArray[np.int64]

    def select(self, chosen: NDArray[np.bool_]) -> Rings:
        """Return the rings that are chosen, (rings,) bool."""
        lengths = np.diff(self.starts)
        points = self.points[np.repeat(chosen, lengths)]
        starts = np.concatenate([[0], np.cumsum(lengths[chosen])])
        return Rings(points, starts, self.owners[chosen], self.areas[chosen])

    def region_areas(self) -> NDArray[np.float64]:
        """Area of each region in pixels, holes taken off; indexed by owner."""
        return np.asarray(np.bincount(self.owners, weights=self.areas / 2))

    def polygons(self, offset: tuple[float, float] = (0, 0), scale: float | tuple[float, float] = 1.0) -> list[Polygon]:
        """Build a polygon with its holes for each region, in the order of the outlines.

        Parameters
        ----------
        offset : (float, float)
            Added to the corners.
        scale : float or (float, float)
            Then multiplied with them.
        """
        if len(self.owners) == 0:
            return []
        scales = np.broadcast_to(np.asarray(scale, np.float64), (2,))
        corners = (self.points + np.asarray(offset, np.float64)) * scales
        ring = np.repeat(np.arange(len(self.owners)), np.diff(self.starts))
        rings: Any = shapely.linearrings(corners, indices=ring)
        outer = self.areas > 0
        names = self.owners[outer]
        shell_of = np.zeros(int(self.owners.max()) + 1, np.int64)
        shell_of[names] = np.arange(len(names))
        shells = shell_of[self.owners]
        order = np.lexsort((~outer, shells))  # each shell, then its holes
        built: Any = shapely.polygons(rings[order], indices=shells[order])
        return list(built)


def concatenate(parts: Sequence[Rings]) -> Rings:
    """Put rings together; regions are numbered anew so that no two parts share one."""
    if not parts:
        return Rings(np.zeros((0, 2), np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int64))
    owners, lengths, count = [], [], 0
    for part in parts:
        owners.append(part.owners + count)
        lengths.append(np.diff(part.starts))
        count += int(part.owners.max(initial=0))
    starts = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Rings(
        np.concatenate([part.points for part in parts]),
        starts,
        np.concatenate(owners).astype(np.int32),
        np.concatenate([part.areas for part in parts]),
    )
