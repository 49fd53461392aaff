"""Work on many tiles with a few threads, in order, and never more of them in memory than asked."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


def map_in_order(
    function: Callable[[ItemT], ResultT], items: Iterable[ItemT], workers: int | None = None
) -> Iterator[ResultT]:
    """Apply a function to items in threads and yield the results in the order of the items.

    At most twice as many items as workers are under way, so that memory does not depend on how many there are. The
    first error ends everything; items that were not begun are dropped.

    Parameters
    ----------
    function : callable
        Releases Python's lock for most of its time, as reading, OpenCV and compiled kernels do.
    workers : int, optional
        Threads; the number of cores when not given.

    Examples
    --------
    >>> list(map_in_order(lambda x: x * x, range(4), workers=2))
    [0, 1, 4, 9]
    """
    count = workers or os.cpu_count() or 1
    if count == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[ResultT]] = deque()
    with ThreadPoolExecutor(count, thread_name_prefix="tile") as pool:
        try:
            for item in items:
                if len(waiting) == 2 * count:
                    yield waiting.popleft().result()
                waiting.append(pool.submit(function, item))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
