"""The life of a job in the store: states, events, and the one table of what follows what.

The supervisor is the only one who moves a job. An event that the table does not hold for a state is not an error of
the job: it came late or twice (a container that ends while it is being killed), and leaves the state as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    """Where a job is."""

    QUEUED = "queued"  # stored; waits for a slot, for Core, or for its time
    PULLING = "pulling"  # its image is being fetched; holds no slot
    PREPARING = "preparing"  # has a slot; keys, INQUEUE, create and start are under way
    RUNNING = "running"  # its container was started
    FINISHING = "finishing"  # no container runs any more; the log is being completed
    REPORTING = "reporting"  # the ending is decided and stored; Core is being told
    DONE = "done"  # Core knows, the container is gone


class Event(StrEnum):
    """What may happen to a job."""

    CLAIMED = "claimed"  # the scheduler gave it a slot
    DEFERRED = "deferred"  # Core or the engine did not answer: back into the queue, with a time
    IMAGE_MISSING = "image missing"
    IMAGE_READY = "image ready"
    STARTED = "started"
    ENDED = "ended"  # the container ended, or there will never be one
    LOG_SAFE = "log safe"  # the local file is complete
    REPORTED = "reported"
    RETRIED = "retried"  # an operator asked for another attempt


TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.QUEUED, Event.CLAIMED): State.PREPARING,
        (State.QUEUED, Event.ENDED): State.FINISHING,
        (State.PREPARING, Event.DEFERRED): State.QUEUED,
        (State.PREPARING, Event.IMAGE_MISSING): State.PULLING,
        (State.PREPARING, Event.STARTED): State.RUNNING,
        (State.PREPARING, Event.ENDED): State.FINISHING,
        (State.PULLING, Event.IMAGE_READY): State.QUEUED,
        (State.PULLING, Event.DEFERRED): State.QUEUED,
        (State.PULLING, Event.ENDED): State.FINISHING,
        (State.RUNNING, Event.ENDED): State.FINISHING,
        (State.FINISHING, Event.LOG_SAFE): State.REPORTING,
        (State.REPORTING, Event.REPORTED): State.DONE,
        (State.DONE, Event.RETRIED): State.QUEUED,
    }
)

#: States in which a job holds a slot of the machine.
HOLDS_SLOT = frozenset({State.PREPARING, State.RUNNING})
#: States that a restarted router has to look at.
UNFINISHED = frozenset(State) - {State.DONE}


def follow(state: State, event: Event) -> State | None:
    """The state after `event`, or None when the event means nothing in this state."""
    return TRANSITIONS.get((state, event))
