"""`cytomine-router jobs`: look at stored jobs, follow their logs, kill them, run them again."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from router.cli_parts import Group, Options, positive, refuse, yellow
from router.states import State

if TYPE_CHECKING:
    from router.store import JobRow, Store

_LOOK_SECONDS = 0.1


def add(group: Group) -> None:
    """Declare `jobs` and its commands."""
    text = "look at jobs, follow their logs, kill them, run them again"
    jobs = group.group("jobs", text, "jobs list --state running", "jobs show 4711", "jobs logs -f 4711")
    listed = jobs.command("list", list_, "jobs list", "jobs list --state queued --state running", "jobs list --json")
    listed.add_argument("--state", action="append", choices=[one.value for one in State], help="may be repeated")
    listed.add_argument("--limit", type=positive, default=50, metavar="N", help="how many of the newest (50)")
    shown = jobs.command("show", show, "jobs show 4711", "jobs show --json 4711")
    for parser in (listed, shown):
        parser.add_argument("--json", action="store_true", help="for programs")
    followed = jobs.command("logs", logs, "jobs logs 4711", "jobs logs -f 4711")
    followed.add_argument("-f", "--follow", action="store_true", help="go on until the job is done")
    killed, retried = jobs.command("kill", kill, "jobs kill 4711"), jobs.command("retry", retry, "jobs retry 4711")
    for parser in (shown, followed, killed, retried):
        parser.add_argument("job", type=int, metavar="JOB", help="Core's id of the job, as `jobs list` shows it")


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


def list_(options: Options) -> None:
    """The newest jobs, the newest first."""
    from router.places import places
    from router.shown import facts
    from router.store.glance import glance

    with glance(places(options.config).store) as look:
        found = look.listed(options.state or (), options.limit)
    if options.json:
        print(json.dumps([facts(job) for job in found], indent=1))
        return
    if not found:
        print("There are no such jobs in the store.", file=sys.stderr)
        return
    print(f"{'JOB':>12}  {'STATE':9}  {'ENDED':13}  {'RECEIVED':25}  {'RAN':>12}  IMAGE")
    for job in found:
        print(_row(job))


def _row(job: JobRow) -> str:
    from router.wording import lasting, when

    until = job.ended_at or (time.time() if job.started_at else None)
    ran = lasting(until - job.started_at if until and job.started_at else None)
    name = str(job.job_id or "?")
    image = job.image or job.pulling_command
    return f"{name:>12}  {job.state:9}  {job.ending or '-':13}  {when(job.received_at):25}  {ran:>12}  {image}"


def show(options: Options) -> None:
    """Everything about one job: timeline, command, image, exit code, last lines, what to do."""
    from router.places import places
    from router.shown import described, facts, hint, last_lines, timeline
    from router.store.glance import glance

    where, job = places(options.config), options.job
    with glance(where.store) as look:
        found = look.find(job) or _unknown(job)
        moments = look.timeline(found.seq)
    log = where.logs / f"{job}.log"
    if options.json:
        more = {"timeline": timeline(moments), "log": str(log), "last_lines": last_lines(log)}
        print(json.dumps({**facts(found), **more}, indent=1))
        return
    for line in described(found, moments, log):
        print(line)
    if advice := hint(found):
        print(yellow(f"hint       {advice}"))


def logs(options: Options) -> None:
    """Print the log of a job as it was written; with -f, until the job is done."""
    from router.places import places
    from router.store.glance import glance

    where, job, place, over = places(options.config), options.job, 0, False
    path = where.logs / f"{job}.log"
    while True:
        if not over:
            with glance(where.store) as look:
                over = (look.find(job) or _unknown(job)).done_at is not None
        # What was written until the job was over is printed after that was seen.
        place = _print_from(path, place)
        if over or not options.follow:
            break
        time.sleep(_LOOK_SECONDS)
    if not path.exists():
        print(f"job {job} has no log yet", file=sys.stderr)


def kill(options: Options) -> None:
    """Stop a job, wherever it is; it ends as KILLED, its log is kept. The running router does it within a second."""
    from router.endings import StopReason

    job = options.job
    with stored(options.config) as store, store.write() as unit:
        found = unit.find(job) or _unknown(job)
        if found.ended_at is not None or found.state is State.DONE:
            refuse(f"job {job} is over already ({found.ending}); see `cytomine-router jobs show {job}`")
        unit.wish_stop(job, StopReason.KILL)
    print(f"job {job} will be stopped")


def retry(options: Options) -> None:
    """Run a finished job again, as a further attempt: same command, same image; the log goes on in the same file."""
    job = options.job
    with stored(options.config) as store, store.write() as unit:
        found = unit.find(job) or _unknown(job)
        if not found.command:
            refuse(f"job {job} was killed before it was launched: there is nothing to run again; launch it in Core")
        again = unit.retry(found)
    if again is None:
        refuse(f"job {job} is not finished yet ({found.state}); `cytomine-router jobs kill {job}` stops it")
    print(f"job {job} is queued again, attempt {again.attempt}")


def _unknown(job: int) -> NoReturn:
    refuse(f"there is no job {job} in the store; see `cytomine-router jobs list`")


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
