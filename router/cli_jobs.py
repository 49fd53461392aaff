"""`cytomine-router jobs`: look at stored jobs, follow their logs, kill them, run them again."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.endings import StopReason
from router.masking import readable

if TYPE_CHECKING:
    from router.settings import Settings
    from router.store import JobRow, Moment, Store

jobs = typer.Typer(help="Look at jobs, follow their logs, kill them, run them again.", no_args_is_help=True)

_LAST_BYTES = 4000
_LOOK_SECONDS = 0.1
JobId = Annotated[int, typer.Argument(metavar="JOB", help="Core's id of the job.")]
_HINTS = {
    "crashed": "The program failed: the last lines above say why, as far as it told.",
    "out of memory": "Raise limits.memory_mb, or software.NAME.limits.memory_mb for this one.",
    "run time": "Raise limits.run_time_s, or software.NAME.limits.run_time_s for this one.",
    "no output": "Raise limits.no_output_s, or let the program write now and then.",
    "image": "Try `docker pull IMAGE` on the engine's machine; see images.* in router.yml.",
    "not launched": "See the comment; `cytomine-router check` looks at all parts.",
    "lost": "Somebody removed the container, or the engine was reset: `jobs retry` runs it again.",
    "exited": "The algorithm has to report its end to Core; see unreported_is_success in router.yml.",
}


@contextmanager
def stored() -> Iterator[tuple[Store, Settings]]:
    """The store of the settings; loaded by the command that needs it."""
    from router.settings import load
    from router.store import Store

    settings = load()
    store = Store(settings.store.url.get_secret_value())
    try:
        yield store, settings
    finally:
        store.close()


@jobs.command("list")
def list_(
    state: Annotated[list[str] | None, typer.Option(help="queued, running, done ...; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(help="How many of the newest.")] = 50,
) -> None:
    """The newest jobs."""
    with stored() as (store, _), store.read() as unit:
        found = unit.listed(state or (), limit)
    for job in found:
        name = str(job.job_id or "?")
        typer.echo(f"{name:>12}  {job.state:10} {job.ending or '':14} {_when(job.received_at)}  {job.image or ''}")


@jobs.command()
def show(job: JobId) -> None:
    """Everything about one job: timeline, command, image, exit code, last lines, what to do."""
    with stored() as (store, settings):
        with store.read() as unit:
            found = _known(unit.find(job), job)
            moments = unit.timeline(found.seq)
        for line in _described(found, moments):
            typer.echo(line)
        log = settings.logs.folder / f"{job}.log"
        typer.echo(f"log        {log}")
        typer.echo(_tail(log))
        if found.ending in _HINTS:
            typer.secho(_HINTS[found.ending], fg=typer.colors.YELLOW)


@jobs.command()
def logs(job: JobId, *, follow: Annotated[bool, typer.Option("--follow", "-f")] = False) -> None:
    """Print the log of a job; with -f, until it is done."""
    with stored() as (store, settings):
        with store.read() as unit:
            seq = _known(unit.find(job), job).seq
        path, place = settings.logs.folder / f"{job}.log", 0
        while True:
            with store.read() as unit:
                over = unit.job(seq).done_at is not None
            place = _print_from(path, place)
            if over or not follow:
                return
            time.sleep(_LOOK_SECONDS)


@jobs.command()
def kill(job: JobId) -> None:
    """Stop a job, wherever it is; it ends as KILLED."""
    with stored() as (store, _), store.write() as unit:
        _known(unit.find(job), job)
        unit.wish_stop(job, StopReason.KILL)
    typer.echo(f"job {job} will be stopped")


@jobs.command()
def retry(job: JobId) -> None:
    """Run a finished job again, as a further attempt."""
    with stored() as (store, _), store.write() as unit:
        found = unit.retry(_known(unit.find(job), job))
    if found is None:
        typer.secho(f"job {job} is not finished yet", fg=typer.colors.RED, err=True)
        raise typer.Exit(1)
    typer.echo(f"job {job} is queued again, attempt {found.attempt}")


def _known(found: JobRow | None, job: int) -> JobRow:
    if found is None:
        typer.secho(
            f"there is no job {job} in the store; see `cytomine-router jobs list`", fg=typer.colors.RED, err=True
        )
        raise typer.Exit(1)
    return found


def _described(job: JobRow, moments: list[Moment]) -> Iterator[str]:
    yield f"job        {job.job_id}, attempt {job.attempt}, {job.state}"
    yield f"command    {' '.join(readable(job.command))}"
    yield f"image      {job.image or job.pulling_command} {job.image_digest or ''}"
    if job.ending:
        yield f"ended      {job.ending}, exit code {job.exit_code}: {job.comment}"
    for moment in moments:
        yield f"  {_when(moment.at)}  {moment.what} {moment.detail}"


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().isoformat(sep=" ", timespec="seconds")


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LAST_BYTES))
            lines = file.read().decode(errors="replace").splitlines()[-50:]
    except FileNotFoundError:
        return "  (no log yet)"
    return "\n".join(f"  {line}" for line in lines)


def _print_from(path: Path, place: int) -> int:
    """Print what was written since `place`; the new place."""
    if not path.exists():
        return place
    with path.open("rb") as file:
        file.seek(place)
        while block := file.read(1 << 16):
            sys.stdout.buffer.write(block)
            place += len(block)
    sys.stdout.flush()
    return place
