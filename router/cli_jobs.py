"""`cytomine-router jobs`: look at stored jobs, follow their logs, kill them, run them again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from router.states import State

if TYPE_CHECKING:
    from router.store import JobRow, Store

jobs = typer.Typer(
    help="Look at jobs, follow their logs, kill them, run them again.",
    no_args_is_help=True,
    rich_markup_mode=None,
    epilog="Examples:  jobs list --state running   jobs show 4711   jobs logs -f 4711   jobs kill 4711",
)

_LOOK_SECONDS = 0.1
Config = Annotated[Path | None, typer.Option("--config", help="router.yml; else the file that ROUTER_CONFIG names.")]
JobId = Annotated[int, typer.Argument(metavar="JOB", help="Core's id of the job, as `jobs list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
States = Annotated[list[State] | None, typer.Option(help="Only jobs in this state; may be repeated.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job is done.")]


@contextmanager
def stored(config: Path | None) -> Iterator[Store]:
    """The store, to be written to."""
    from router.places import places
    from router.store import Store

    store = Store(places(config).store)
    try:
        yield store
    finally:
        store.close()


@jobs.command("list")
def list_(
    state: States = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the newest.")] = 50,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The newest jobs, the newest first.

    Examples:  jobs list   jobs list --state queued --state running --limit 200   jobs list --json
    """
    from router.places import places
    from router.shown import facts
    from router.store.glance import glance

    with glance(places(config).store) as look:
        found = look.listed([one.value for one in state or ()], limit)
    if as_json:
        typer.echo(json.dumps([facts(job) for job in found], indent=1))
        return
    if not found:
        typer.echo("There are no such jobs in the store.", err=True)
        return
    typer.echo(f"{'JOB':>12}  {'STATE':9}  {'ENDED':13}  {'RECEIVED':25}  {'RAN':>12}  IMAGE")
    for job in found:
        typer.echo(_row(job))


def _row(job: JobRow) -> str:
    from router.shown import lasting, when

    until = job.ended_at or (time.time() if job.started_at else None)
    ran = lasting(until - job.started_at if until and job.started_at else None)
    name = str(job.job_id or "?")
    image = job.image or job.pulling_command
    return f"{name:>12}  {job.state:9}  {job.ending or '-':13}  {when(job.received_at):25}  {ran:>12}  {image}"


@jobs.command()
def show(job: JobId, as_json: AsJson = False, config: Config = None) -> None:
    """Everything about one job: timeline, command, image, exit code, last lines, what to do.

    Example:  jobs show 4711
    """
    from router.places import places
    from router.shown import described, facts, hint, last_lines, timeline
    from router.store.glance import glance

    where = places(config)
    with glance(where.store) as look:
        found = look.find(job) or _unknown(job)
        moments = look.timeline(found.seq)
    log = where.logs / f"{job}.log"
    if as_json:
        more = {"timeline": timeline(moments), "log": str(log), "last_lines": last_lines(log)}
        typer.echo(json.dumps({**facts(found), **more}, indent=1))
        return
    for line in described(found, moments, log):
        typer.echo(line)
    if advice := hint(found):
        typer.secho(f"hint       {advice}", fg=typer.colors.YELLOW)


@jobs.command()
def logs(job: JobId, follow: Follow = False, config: Config = None) -> None:
    """Print the log of a job as it was written; with -f, until the job is done.

    Examples:  jobs logs 4711   jobs logs -f 4711
    """
    from router.places import places
    from router.store.glance import glance

    where, place, over = places(config), 0, False
    path = where.logs / f"{job}.log"
    while True:
        if not over:
            with glance(where.store) as look:
                over = (look.find(job) or _unknown(job)).done_at is not None
        # What was written until the job was over is printed after that was seen.
        place = _print_from(path, place)
        if over or not follow:
            break
        time.sleep(_LOOK_SECONDS)
    if not path.exists():
        typer.echo(f"job {job} has no log yet", err=True)


@jobs.command()
def kill(job: JobId, config: Config = None) -> None:
    """Stop a job, wherever it is; it ends as KILLED, its log is kept. The running router does it within a second.

    Example:  jobs kill 4711
    """
    from router.endings import StopReason

    with stored(config) as store, store.write() as unit:
        found = unit.find(job) or _unknown(job)
        if found.ended_at is not None or found.state is State.DONE:
            _refuse(f"job {job} is over already ({found.ending}); see `cytomine-router jobs show {job}`")
        unit.wish_stop(job, StopReason.KILL)
    typer.echo(f"job {job} will be stopped")


@jobs.command()
def retry(job: JobId, config: Config = None) -> None:
    """Run a finished job again, as a further attempt: same command, same image; the log goes on in the same file.

    Example:  jobs retry 4711
    """
    with stored(config) as store, store.write() as unit:
        found = unit.find(job) or _unknown(job)
        if not found.command:
            _refuse(f"job {job} was killed before it was launched: there is nothing to run again; launch it in Core")
        again = unit.retry(found)
    if again is None:
        _refuse(f"job {job} is not finished yet ({found.state}); `cytomine-router jobs kill {job}` stops it")
    typer.echo(f"job {job} is queued again, attempt {again.attempt}")


def _unknown(job: int) -> NoReturn:
    _refuse(f"there is no job {job} in the store; see `cytomine-router jobs list`")


def _refuse(sentence: str) -> NoReturn:
    typer.secho(sentence, fg=typer.colors.RED, err=True)
    raise typer.Exit(1)


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
