"""A job as people are shown it, on the command line and on its page: keys masked, times readable, a hint at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from router.endings import FAILED, KILLED, SUCCESS, Kind
from router.masking import mask_text, readable
from router.wording import lasting, when

if TYPE_CHECKING:
    from router.store import JobRow, Moment

LAST_LINES = 50
_LAST_BYTES = 16_000
_STATUS = {SUCCESS: "success", FAILED: "failed", KILLED: "killed"}
_EXITED = "ended with exit code 0; its status in Core is the one it reported itself, or failed if it reported none"
HINTS = {
    Kind.EXITED: "If Core says failed, the algorithm never reported success; see unreported_is_success in router.yml.",
    Kind.CRASHED: "The program failed: its last lines say why, as far as it told.",
    Kind.OUT_OF_MEMORY: "Raise limits.memory_mb, or software.NAME.limits.memory_mb for this one; then `jobs retry`.",
    Kind.RUN_TIME: "Raise limits.run_time_s, or software.NAME.limits.run_time_s for this one; then `jobs retry`.",
    Kind.NO_OUTPUT: "Raise limits.no_output_s, or let the program write now and then; then `jobs retry`.",
    Kind.IMAGE: "Try `docker pull IMAGE` on the engine's machine; see images.* in router.yml.",
    Kind.NOT_LAUNCHED: "See the reason; `cytomine-router check` looks at all parts.",
    Kind.LOST: "Somebody removed the container, or the engine was reset: `jobs retry` runs it again.",
    Kind.SIGNALLED: "Something outside the router killed it (an operator, the kernel): `jobs retry` runs it again.",
    Kind.GONE: "Somebody deleted the job in Core: there is nothing to do.",
}  # fmt: skip
_WAITING = {
    "queued": "It waits for a free slot, for Core or for the engine; `cytomine-router check` looks at all parts.",
    "pulling": "Its image is being fetched; see images.stalled_s and images.timeout_s in router.yml.",
    "reporting": "It is over; Core has not taken the report yet. `cytomine-router check` asks Core.",
}


def hint(job: JobRow) -> str:
    """What somebody can do about a job; empty when there is nothing."""
    if job.ending is None:
        return _WAITING.get(job.state, "")
    return HINTS.get(Kind(job.ending), "") if job.ending in set(Kind) else ""


def ended(job: JobRow) -> str:
    """How it ended, in one sentence; empty while it has not."""
    if job.ending is None:
        return ""
    if job.ending == Kind.EXITED:
        return _EXITED
    code = "" if job.exit_code is None else f", exit code {job.exit_code}"
    return mask_text(f"{_STATUS.get(job.status or 0, 'over')} ({job.ending}{code}): {job.comment or ''}")


def facts(job: JobRow) -> dict[str, Any]:
    """What may be known about a job, for pages and programs; no key in it.

    Returns
    -------
    dict
        Values that JSON has; times are seconds since the epoch.
    """
    return {
        "job": job.job_id,
        "state": job.state.value,
        "ending": job.ending,
        "status": _STATUS.get(job.status or 0) if job.ending != Kind.EXITED else None,
        "exit_code": job.exit_code,
        "comment": mask_text(job.comment or "") if job.ending != Kind.EXITED else _EXITED,
        "attempt": job.attempt,
        "project": job.project,
        "queue": job.queue,
        "command": [mask_text(word) for word in readable(job.command)],
        "image": job.image or job.pulling_command or None,
        "image_digest": job.image_digest,
        "container": job.container,
        "received_at": job.received_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "done_at": job.done_at,
        "stop": job.stop,
        "hint": hint(job),
    }


def timeline(moments: Sequence[Moment]) -> list[dict[str, Any]]:
    """What happened to a job, oldest first."""
    return [{"at": moment.at, "what": moment.what, "detail": mask_text(moment.detail)} for moment in moments]


def described(job: JobRow, moments: Sequence[Moment], log: Path) -> Iterator[str]:
    """The lines of `jobs show`."""
    known = facts(job)
    yield f"job        {job.job_id}, attempt {job.attempt}, {job.state}"
    if sentence := ended(job):
        yield f"ended      {sentence}"
    yield f"command    {' '.join(known['command']) or '-'}"
    yield f"image      {known['image'] or '-'}"
    yield f"digest     {job.image_digest or '-'}"
    yield f"container  {(job.container or '-')[:64]}"
    waited = (job.started_at or job.ended_at or 0.0) - job.received_at if job.started_at or job.ended_at else None
    ran = job.ended_at - job.started_at if job.started_at and job.ended_at else None
    yield f"times      waited {lasting(waited)}, ran {lasting(ran)}"
    yield "timeline"
    yield f"  {when(job.received_at)}  received"
    for moment in timeline(moments):
        yield f"  {when(moment['at'])}  {moment['what']}  {moment['detail']}".rstrip()
    yield f"log        {log}"
    yield from (f"  {line}" for line in last_lines(log))


def last_lines(log: Path, number: int = LAST_LINES) -> list[str]:
    """The end of a log; control characters, which could drive a terminal, are shown as such."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LAST_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ["(no log yet)"]
    return ["".join(map(_visible, line)) for line in text.replace("\r", "\n").splitlines()[-number:]]


def _visible(character: str) -> str:
    return character if character.isprintable() or character == "\t" else f"\\x{ord(character):02x}"
