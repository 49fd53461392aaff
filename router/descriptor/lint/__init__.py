"""Say what is wrong with a descriptor.json: every finding has a JSON path, a severity and a hint.

The Java router validates nothing; what it would trip over is found here before it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from router.descriptor.lint.command import command_findings
from router.descriptor.lint.finding import Finding, Severity, error, worst_first
from router.descriptor.lint.inputs import input_findings
from router.descriptor.lint.schema import schema_findings
from router.descriptor.lint.software import software_findings
from router.descriptor.model import Descriptor
from router.descriptor.reading import INDEX_STEP, load
from router.errors import DescriptorError

__all__ = ["Finding", "Severity", "lint", "lint_file"]

#: As long as real versions get, for lengths that depend on one.
_SOME_RELEASE = "v10.10.10"


def lint_file(path: Path, *, repository: str | None = None, prefix: str = "") -> list[Finding]:
    """Findings about a file; one that cannot be read is a finding too."""
    try:
        descriptor = load(path)
    except DescriptorError as problem:
        return [error("$", str(problem), "Correct it with an editor that knows JSON.")]
    return lint(descriptor, repository=repository, prefix=prefix)


def lint(
    descriptor: Descriptor, *, release: str = _SOME_RELEASE, repository: str | None = None, prefix: str = ""
) -> list[Finding]:
    """Findings about a descriptor, worst first.

    Parameters
    ----------
    descriptor
        As read from its file.
    release
        The version it will be installed as.
    repository
        Name of the repository or folder it lies in, to compare the name with.
    prefix
        What marks repositories that are software, such as "S_"; not part of the name.
    """
    own = list(_own_findings(descriptor, release, repository, prefix))
    said = {finding.path for finding in own}
    # Our rules say the same in better words.
    general = [finding for finding in schema_findings(descriptor.source) if finding.path not in said]
    return worst_first(own + general)


def _own_findings(descriptor: Descriptor, release: str, repository: str | None, prefix: str) -> Iterator[Finding]:
    yield from software_findings(descriptor, release, repository, prefix)
    items = descriptor.source.get("inputs")
    items = items if isinstance(items, list) else []
    places: dict[str, int] = {}
    by_index = {one.index: one for one in descriptor.inputs}
    for place, item in enumerate(items):
        path = f"$.inputs[{place}]"
        one = by_index.get(INDEX_STEP * (place + 1))
        if one is None:
            yield error(f"{path}.id", "an input without an id is left out", 'Give it an "id".')
        elif one.id in places:
            message = f"{one.id} is the id of $.inputs[{places[one.id]}] too"
            yield error(f"{path}.id", message, "Give every input its own id.")
        else:
            places[one.id] = place
            yield from input_findings(path, item, one)
    yield from command_findings(descriptor, places)
