"""What the lint says: where, how bad, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    """The software cannot be installed, launched or run as it stands."""
    WARNING = "warning"
    """It runs, and does something else than the descriptor seems to mean."""
    NOTE = "note"
    """It works; this is worth knowing."""


_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


@dataclass(frozen=True)
class Finding:
    """One finding; `path` is a JSON path such as `$.inputs[3].value-key`."""

    path: str
    severity: Severity
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.path}: {self.message}. {self.hint}"


def error(path: str, message: str, hint: str) -> Finding:
    """A finding that keeps the software from running."""
    return Finding(path, Severity.ERROR, message, hint)


def warning(path: str, message: str, hint: str) -> Finding:
    """A finding about something that is probably not meant."""
    return Finding(path, Severity.WARNING, message, hint)


def note(path: str, message: str, hint: str) -> Finding:
    """A finding that is good to know."""
    return Finding(path, Severity.NOTE, message, hint)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then notes; within each in the order they were found."""
    return sorted(findings, key=lambda finding: _ORDER[finding.severity])
