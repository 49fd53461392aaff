"""What each happening does to a job: inside the transaction, changes of the store; after it, effects.

    happening       state before            state after     effect
    Started         preparing               running         stop it, if that was wished meanwhile
    Exited          running                 finishing       complete the log (exit code 0; otherwise look how it ended)
    Deferred        preparing               queued          -
    ImageMissing    preparing               pulling         fetch the image
    PullEnded       pulling                 queued          - (with a problem: finishing)
    Ended           queued .. running       finishing       complete the log
    LogSafe         finishing               reporting       tell Core
    Reported        reporting               done            remove the container

A happening that comes twice, or too late, finds no row of the transition table and does nothing; so does one of a job
that belongs to another router by now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from router import metrics
from router.core import JobStatus
from router.endings import Ending, Facts, Kind, StopReason, decide, shorten, with_clue
from router.launch import MEBIBYTE
from router.settings import Settings
from router.states import Event, State
from router.store import JobRow, Unit
from router.supervisor import events
from router.supervisor.lease import Lease

#: Work for after the commit.
Effect = Callable[[], None]


class Actions:
    """What effects call; the supervisor's loop implements it."""

    def halt(self, job: JobRow) -> None:
        """Stop the job's container."""

    def fetch(self, image: str) -> None:
        """Fetch an image."""

    def finish(self, job: JobRow) -> None:
        """Complete the job's log."""

    def report(self) -> None:
        """There is something in the outbox."""

    def settled(self, seq: int, job: JobRow | None) -> None:
        """The final report is stored as sent; `job` is done, None when it is not ours any more."""

    def look(self, job: JobRow) -> None:
        """Look how the job's container ended."""

    def hold(self, seconds: float) -> None:
        """Admit nobody for a while: Core or the engine is away."""

    def go_on(self) -> None:
        """Core and the engine answer."""


class Handlers:
    """One method a happening; each returns its effects."""

    def __init__(self, settings: Settings, actions: Actions, lease: Lease) -> None:
        self._settings, self._actions, self._lease = settings, actions, lease
        self._early: dict[int, events.Exited] = {}
        self._by_type: Mapping[type, Callable[[Unit, Any], list[Effect]]] = {
            events.Started: self._started,
            events.Deferred: self._deferred,
            events.ImageMissing: self._image_missing,
            events.PullSaid: self._pull_said,
            events.PullEnded: self._pull_ended,
            events.Exited: self._exited,
            events.Ended: self._ended,
            events.LogSafe: self._log_safe,
            events.Reported: self._reported,
            events.Identified: self._identified,
            events.Nobody: self._nobody,
        }

    def handle(self, unit: Unit, happening: events.Happening) -> list[Effect]:
        """Apply one happening."""
        handler = self._by_type.get(type(happening))
        return handler(unit, happening) if handler is not None else []

    def _move(self, unit: Unit, seq: int, event: Event, detail: str = "", **changes: Any) -> JobRow | None:
        """Move a job of ours; None when it is not ours, or the event means nothing to it."""
        job = self._mine(unit, seq)
        return unit.move(job, event, detail, **changes) if job is not None else None

    def _mine(self, unit: Unit, seq: int) -> JobRow | None:
        job = unit.at(seq)
        return job if job is not None and job.owner == self._lease.owner else None

    def _started(self, unit: Unit, said: events.Started) -> list[Effect]:
        moved = self._move(
            unit,
            said.seq,
            Event.STARTED,
            said.image,
            container=said.container,
            image=said.image,
            image_digest=said.digest,
            started_at=said.at,
        )
        effects: list[Effect] = [self._actions.go_on]
        if moved is not None:
            effects.append(lambda: metrics.START_SECONDS.observe(max(0.0, said.at - moved.received_at)))
        if moved is not None and moved.stop is not None:
            effects.append(lambda: self._actions.halt(moved))
        early = self._early.pop(said.seq, None)
        return effects + self._exited(unit, early) if early is not None else effects

    def _deferred(self, unit: Unit, said: events.Deferred) -> list[Effect]:
        job = self._mine(unit, said.seq)
        if job is None:
            return []
        if job.stop is not None:
            return self._end(unit, job, events.Ended(said.seq, Facts(stop=StopReason(job.stop))))
        unit.move(job, Event.DEFERRED, said.reason, owner=None)
        return [lambda: self._actions.hold(said.seconds)] if said.seconds else []

    def _image_missing(self, unit: Unit, said: events.ImageMissing) -> list[Effect]:
        moved = self._move(unit, said.seq, Event.IMAGE_MISSING, said.image, image=said.image)
        if moved is None:
            return []
        if self._settings.images.pull != "never":
            self._tell_waiting(unit, moved, said.image, "")
        return [lambda: self._actions.fetch(said.image), self._actions.report]

    def _pull_said(self, unit: Unit, said: events.PullSaid) -> list[Effect]:
        for job in unit.in_states({State.PULLING}, self._lease.owner):
            if job.image == said.image:
                self._tell_waiting(unit, job, said.image, said.words)
        return [self._actions.report]

    def _tell_waiting(self, unit: Unit, job: JobRow, image: str, words: str) -> None:
        if job.job_id is not None:
            comment = shorten(f"The image [{image}] is currently being pulled ! Wait... {words}")
            unit.add_report(job.seq, job.job_id, status=JobStatus.WAIT, comment=comment)

    def _pull_ended(self, unit: Unit, said: events.PullEnded) -> list[Effect]:
        effects: list[Effect] = []
        for job in unit.in_states({State.PULLING}, self._lease.owner):
            if job.image != said.image:
                continue
            if said.problem:
                facts = Facts(kind=Kind.IMAGE, problem=said.problem)
                effects += self._end(unit, job, events.Ended(job.seq, facts))
            else:
                unit.move(job, Event.IMAGE_READY, said.image, owner=None)
        return effects

    def _exited(self, unit: Unit, said: events.Exited) -> list[Effect]:
        job = unit.find(said.job_id)
        if job is None or job.owner != self._lease.owner:
            return []
        if job.state is State.PREPARING:
            # A short job may be over before its start is stored.
            self._early[job.seq] = said
        if job.state is not State.RUNNING:
            return []
        # With a memory limit, only a look tells whether a part of it was killed for that.
        if said.exit_code == 0 and said.container == job.container and not job.memory:
            return self._end(unit, job, events.Ended(job.seq, Facts(exit_code=0), ended_at=said.at))
        return [lambda: self._actions.look(job)]

    def _identified(self, unit: Unit, said: events.Identified) -> list[Effect]:
        unit.identify(said.seq, said.job_id)
        return []

    def _nobody(self, unit: Unit, said: events.Nobody) -> list[Effect]:
        unit.discard(said.seq, said.reason)
        return []

    def end_unstarted(self, unit: Unit, job: JobRow) -> list[Effect]:
        """End a job that shall stop and has no container yet."""
        return self._end(unit, job, events.Ended(job.seq, Facts(stop=StopReason(job.stop or StopReason.KILL))))

    def _ended(self, unit: Unit, said: events.Ended) -> list[Effect]:
        job = self._mine(unit, said.seq)
        return self._end(unit, job, said) if job is not None else []

    def _end(self, unit: Unit, job: JobRow, said: events.Ended) -> list[Effect]:
        ending = self._ending(job, said.facts)
        changes = {
            "owner": self._lease.owner,
            "exit_code": said.facts.exit_code,
            "out_of_memory": said.facts.out_of_memory,
            "started_at": said.started_at or job.started_at,
            "ended_at": said.ended_at or unit.now(),
            "ending": ending.kind.value,
            "status": ending.status,
            "comment": ending.comment,
        }
        if said.container is not None:
            changes["container"] = said.container
        moved = unit.move(job, Event.ENDED, _detail(ending, said.facts), **changes)
        if moved is None:
            return []
        return [
            lambda: self._actions.finish(moved),
            metrics.ENDINGS.labels(ending.kind.value).inc,
        ]

    def _ending(self, job: JobRow, facts: Facts) -> Ending:
        stop = facts.stop or (StopReason(job.stop) if job.stop else None)
        limit = ""
        if stop is StopReason.RUN_TIME and job.run_time:
            limit = f"{job.run_time / 60:.0f} min" if job.run_time >= 120 else f"{job.run_time:.0f} s"
        elif stop is StopReason.NO_OUTPUT:
            limit = f"{self._settings.limits.no_output_s or 0:.0f} s"
        elif facts.out_of_memory and job.memory:
            limit = f"{job.memory // MEBIBYTE} MB"
        whole = replace(facts, stop=stop, limit=limit)
        return decide(whole, unreported_is_success=self._settings.unreported_is_success)

    def _log_safe(self, unit: Unit, said: events.LogSafe) -> list[Effect]:
        moved = self._move(unit, said.seq, Event.LOG_SAFE)
        if moved is None or moved.job_id is None:
            return []
        comment = with_clue(moved.comment or "", said.last_lines)
        if comment != (moved.comment or ""):
            unit.change(said.seq, comment=comment)
        unit.add_report(said.seq, moved.job_id, status=moved.status, comment=comment or None, final=True)
        return [self._actions.report]

    def _reported(self, unit: Unit, said: events.Reported) -> list[Effect]:
        job = self._mine(unit, said.seq)
        moved = None
        if job is not None:
            unit.report_sent(said.report, said.error)
            moved = unit.move(job, Event.REPORTED, done_at=unit.now(), owner=None)
        return [lambda: self._actions.settled(said.seq, moved)]


def _detail(ending: Ending, facts: Facts) -> str:
    return ending.kind.value if facts.exit_code is None else f"{ending.kind.value}, exit code {facts.exit_code}"
