"""What the demonstration prints: steps, log lines, a progress bar, a table at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from router.core import Job, JobStatus
from router.demo.outcome import Outcome


class Screen:
    """The terminal of whoever watches; plain lines when it is none."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def step(self, text: str) -> None:
        """Say what happens now."""
        self.console.print(f"[bold]==>[/bold] {text}", soft_wrap=True)

    @contextmanager
    def job(self, title: str) -> Iterator[JobLine]:
        """A progress bar for one job; log lines scroll above it."""
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        with Progress(*columns, TimeElapsedColumn(), console=self.console) as bar:
            yield JobLine(bar, bar.add_task(title, total=100), title)

    def table(self, outcomes: Sequence[Outcome]) -> None:
        """The summary of all jobs."""
        table = Table("job", "software", "status", "seconds", "annotations", title="What happened")
        for outcome in outcomes:
            status = outcome.status.name if outcome.ok else f"[red]{outcome.status.name}[/red]"
            table.add_row(
                str(outcome.job), outcome.software, status, f"{outcome.seconds:.1f}", str(outcome.annotations)
            )
        self.console.print(table)


class JobLine:
    """The progress bar of one job and the log above it."""

    def __init__(self, bar: Progress, task: TaskID, title: str) -> None:
        self._bar = bar
        self._task = task
        self._title = title

    def update(self, job: Job) -> None:
        """Show status and progress as Core has them."""
        status = JobStatus(job.status).name if job.status in set(JobStatus) else str(job.status)
        done = 100 if job.status == JobStatus.SUCCESS else job.progress
        self._bar.update(self._task, completed=done, description=f"{self._title} {status}")

    def log(self, line: str) -> None:
        """Show a line of the job's log."""
        self._bar.console.print(f"    {line}", style="dim", markup=False, soft_wrap=True)
