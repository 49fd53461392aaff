"""How the numerical kernels of the toolkit are compiled.

A module that holds kernels imports this one at its top and is itself imported where it is first used, so that starting
a program pays nothing for numba.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile `function` at its first call: no GIL, no bounds checks, IEEE arithmetic in the order written.

    The machine code is kept on disk where that is possible, and compiled once a process where it is not (a read-only
    container without a home, say).
    """
    options: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}
    compiled: Any
    try:
        compiled = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the cache can be written
        compiled = njit(**options)(function)
    return cast("Function", compiled)


def worker_count(workers: int | None) -> int:
    """Return `workers`, or the number of cores this process may use when it is None or not positive."""
    if workers is not None and workers > 0:
        return workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
