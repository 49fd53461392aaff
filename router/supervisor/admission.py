"""Which of the waiting jobs may start: what each of them wants, what the running ones hold, what the machine has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.engines.base import Engine, Limits
from router.errors import EngineError
from router.launch import wanted
from router.scheduler import Capacity, Need, admit
from router.settings import Settings
from router.store import Held, JobRow


class Admission:
    """Asks the scheduler, in the store's words.

    Parameters
    ----------
    settings
        Policy, slots and GPUs.
    engine
        Its machine is what is shared out.
    """

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings, self._engine = settings, engine
        self._capacity: Capacity | None = None

    def chosen(self, waiting: Sequence[JobRow], running: Sequence[Held]) -> list[tuple[JobRow, dict[str, Any]]]:
        """The jobs that may start now, each with what it takes from now on (columns of its row)."""
        machine = self._machine()
        wants = {
            job.seq: wanted(self._settings, job.pulling_command, job.server_parameters, machine.memory)
            for job in waiting
        }
        by_seq = {job.seq: job for job in waiting}
        heads = [_need(job, wants[job.seq][0], machine) for job in waiting]
        return [
            (by_seq[need.seq], _taken(need, wants[need.seq][1]))
            for need in admit(heads, [_holding(job) for job in running], machine)
        ]

    def _machine(self) -> Capacity:
        """What the engine's machine has; nothing but slots and GPUs counts until it answered."""
        if self._capacity is None:
            slots, gpus = self._settings.slots, self._settings.engine.gpus
            try:
                info = self._engine.info()
            except EngineError:
                return Capacity(slots, gpus=gpus)
            self._capacity = Capacity(slots, info.memory or None, float(info.cpus), gpus)
        return self._capacity


def _need(job: JobRow, limits: Limits, machine: Capacity) -> Need:
    gpus = limits.gpus if limits.gpus >= 0 else machine.gpus or 1  # -1 is all there are
    return Need(job.seq, job.project, limits.memory or 0, limits.cpus or 0.0, gpus)


def _holding(job: Held) -> Need:
    return Need(job.seq, job.project, job.memory or 0, job.cpus or 0.0, job.gpus or 0)


def _taken(need: Need, run_time: float | None) -> dict[str, Any]:
    return {
        "memory": need.memory or None,
        "cpus": need.cpus or None,
        "gpus": need.gpus or None,
        "run_time": run_time,
    }
