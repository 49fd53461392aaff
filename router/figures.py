"""What /metrics shows besides the counters: asked from the store and the parts when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from router.errors import StoreError
from router.metrics import Figure
from router.states import State
from router.store import Store


def figures(
    store: Store, slots: int, connections: Callable[[], int], problems: Callable[[], Mapping[str, str]]
) -> Iterable[Figure]:
    """The figures of now.

    Parameters
    ----------
    store
        Has the jobs; what it cannot be asked is left out.
    slots
        How many jobs may run at once.
    connections
        How often the broker was connected.
    problems
        What is wrong, by part; empty where nothing is.
    """
    yield Figure("router_slots", "Jobs that may run at once", {"": float(slots)})
    reconnects = max(0, connections() - 1)
    yield Figure("router_broker_reconnects_total", "Connections to the broker after the first", {"": float(reconnects)})
    working = {part: float(not problem) for part, problem in problems().items()}
    yield Figure("router_part_works", "1 when nothing is wrong with a part, 0 when something is", working, "part")
    try:
        with store.read() as unit:
            states, oldest, unsent = unit.counts(), unit.oldest_queued(), unit.unsent()
            age, letters = unit.now() - oldest if oldest is not None else 0.0, unit.dead_letter_count()
    except StoreError:
        return
    by_state = {state.value: float(states.get(state, 0)) for state in State}
    yield Figure("router_jobs", "Jobs by state", by_state, "state")
    yield Figure("router_queue_age_seconds", "How long the oldest queued job waits", {"": age})
    yield Figure("router_outbox_depth", "Reports Core has not got yet", {"": float(unsent)})
    yield Figure("router_dead_letters_waiting", "Dead letters nobody has sent through again", {"": float(letters)})
