"""Fair timing: best of several for absolute figures, alternating runs for ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of one call of `work` in seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def best_of(work: Callable[[], object], runs: int = 5) -> float:
    """Return the shortest wall time of `runs` calls in seconds, after one warm-up call."""
    work()
    return min(seconds(work) for _ in range(runs))


def alternate(
    ours: Callable[[], object], peer: Callable[[], object], runs: int = 5, *, warm_up: bool = True
) -> tuple[float, float, float]:
    """Time `ours` and `peer` in turn, so that a machine whose speed drifts is fair to both.

    Returns
    -------
    tuple of float
        Median of ours in seconds, median of the peer's in seconds, and the median of the pairwise ratios ours / peer.
    """
    if warm_up:
        ours()
        peer()
    pairs = [(seconds(ours), seconds(peer)) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(a / b for a, b in pairs),
    )
