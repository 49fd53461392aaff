"""How one job of the demonstration went, judged by what Core says afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from router.core import JobStatus


@dataclass(frozen=True)
class Outcome:
    """One finished job and what it left.

    Parameters
    ----------
    job, software, status
        As Core knows them.
    seconds
        From the request to execute until Core said that it is over.
    annotations
        How many Core holds of the job's user, with a term and an area above zero.
    log_attached
        Whether `log.out` is attached to the job in Core.
    files
        What was saved of its results.
    """

    job: int
    software: str
    status: JobStatus
    seconds: float
    annotations: int
    log_attached: bool
    files: tuple[Path, ...]

    @property
    def missing(self) -> list[str]:
        """What did not happen that should have; empty when all is well."""
        suffixes = {file.suffix for file in self.files}
        checks = {
            f"its status is {self.status.name}": self.status is JobStatus.SUCCESS,
            "it left no annotation with a term": self.annotations > 0,
            "no log is attached to it in Core": self.log_attached,
            "it left no GeoJSON": ".geojson" in suffixes,
            "it left no picture": ".png" in suffixes,
        }
        return [problem for problem, fine in checks.items() if not fine]

    @property
    def ok(self) -> bool:
        """Whether all of it happened."""
        return not self.missing
