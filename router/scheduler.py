"""Who may start: pure, from what waits, what runs and what the machine has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """What one job takes, running or waiting.

    Parameters
    ----------
    seq
        Its place in the store: lower is older.
    project
        Unit of fairness; None is a project of its own.
    memory
        Bytes, 0 when it has no limit.
    cpus
        Processors, 0 when it has no limit.
    gpus
        Whole ones.
    """

    seq: int
    project: int | None = None
    memory: int = 0
    cpus: float = 0.0
    gpus: int = 0


@dataclass(frozen=True)
class Capacity:
    """What the machine has for jobs; None is not counted."""

    slots: int
    memory: int | None = None
    cpus: float | None = None
    gpus: int | None = None


def admit(waiting: Sequence[Need], running: Sequence[Need], capacity: Capacity) -> list[Need]:
    """Choose the jobs that may start now, in the order they may.

    The next job is always of the project with the fewest running jobs, the oldest first. One that does not fit now
    is passed over by smaller ones of other projects only while something runs that will make room, and one that
    would not even fit an empty machine starts when it is alone.

    Parameters
    ----------
    waiting
        Jobs whose time has come.
    running
        Jobs that hold a slot.
    capacity
        Of the whole machine.
    """
    busy = list(running)
    chosen: list[Need] = []
    heads = sorted(waiting, key=lambda need: need.seq)
    share = Counter(need.project for need in busy)
    while heads and len(busy) < capacity.slots:
        need = min(heads, key=lambda item: (share[item.project], item.seq))
        if fits(need, busy, capacity):
            chosen.append(need)
            busy.append(need)
            share[need.project] += 1
            heads.remove(need)
        else:
            # Its project waits for it: a big job must not starve behind its own project's small ones.
            heads = [item for item in heads if item.project != need.project]
    return chosen


def fits(need: Need, busy: Sequence[Need], capacity: Capacity) -> bool:
    """Whether a job fits beside those that run; anything fits an empty machine."""
    if not busy:
        return True
    everything = [*busy, need]
    return (
        (capacity.memory is None or sum(item.memory for item in everything) <= capacity.memory)
        and (capacity.cpus is None or sum(item.cpus for item in everything) <= capacity.cpus)
        and (capacity.gpus is None or sum(item.gpus for item in everything) <= capacity.gpus)
    )
