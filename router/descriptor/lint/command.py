"""Rules about the command-line and the value-keys in it: what Core will make of them at a launch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.descriptor.lint.finding import Finding, error, note, warning
from router.descriptor.model import Descriptor, Input

_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z0-9_]*\]")
_PATH = "$.command-line"


def command_findings(descriptor: Descriptor, places: dict[str, int]) -> Iterator[Finding]:
    """Findings about the command-line.

    Parameters
    ----------
    descriptor
        As read.
    places
        The place of every input in the file, by id.
    """
    line = descriptor.command_line
    if not line.strip():
        hint = "List the value-key of every input, such as [CYTOMINE_HOST] [CYTOMINE_PUBLIC_KEY]."
        yield error(_PATH, "the command-line is empty, so Core calls the software not executable", hint)
        return
    templated = [one for one in descriptor.inputs if not one.server_parameter]
    yield from _leftovers(line, templated)
    yield from _blanks_and_words(line, templated)
    for one in templated:
        path = f"$.inputs[{places[one.id]}]"
        yield from _place(path, one, line)
        yield from _overlaps(path, one, templated, line)


def _leftovers(line: str, inputs: list[Input]) -> Iterator[Finding]:
    for found in dict.fromkeys(_PLACEHOLDER.findall(line)):
        if not any(one.value_key in found for one in inputs):
            yield warning(
                _PATH,
                f"{found} belongs to no input, and reaches the program as it stands",
                f'Add an input with the id "{found[1:-1].lower()}", or remove it.',
            )


def _blanks_and_words(line: str, inputs: list[Input]) -> Iterator[Finding]:
    if line != line.strip() or "  " in line:
        yield note(_PATH, "there are blanks too many", "Harmless: empty arguments are dropped.")
    first = min((line.find(one.value_key) for one in inputs if one.value_key in line), default=len(line))
    words = line[:first].split() if inputs else []
    if words and not words[-1].startswith("-"):
        yield note(
            _PATH,
            f"{' '.join(words)!r} is passed as arguments behind the image's ENTRYPOINT",
            "Needed only when the image has no ENTRYPOINT; with one the program has to ignore them.",
        )


def _place(path: str, one: Input, line: str) -> Iterator[Finding]:
    if one.value_key not in line:
        yield warning(
            f"{path}.value-key",
            f"{one.value_key} is not in the command-line, so the value of {one.id} never reaches the program",
            f"Add {one.value_key} to the command-line.",
        )
        return
    if one.flag and re.search(rf"(?<!\S){re.escape(one.flag)}[ =]+{re.escape(one.value_key)}", line):
        yield warning(
            f"{path}.command-line-flag",
            f"the flag {one.flag} is in the command-line too, so the program gets it twice",
            "Write it in one of the two places.",
        )
    inner = one.value_key.replace("[", "").replace("]", "")
    odd = sorted(set(inner) & set("\\^$.|?*+(){}"))
    if odd:
        yield warning(
            f"{path}.value-key",
            f"Core reads {one.value_key} as a regular expression and {' '.join(odd)} as its signs",
            "Use letters, digits and underscores.",
        )


def _overlaps(path: str, one: Input, inputs: list[Input], line: str) -> Iterator[Finding]:
    for other in inputs:
        if other.id == one.id:
            continue
        if other.value_key == one.value_key:
            if other.index > one.index:
                message = f"{one.id} and {other.id} have the same value-key {one.value_key}; the second is lost"
                yield error(f"{path}.value-key", message, "Give each its own, such as [@ID].")
        elif one.value_key in other.value_key and other.value_key in line:
            if one.index < other.index:
                yield warning(
                    f"{path}.value-key",
                    f"{one.value_key} is part of {other.value_key}: Core puts the value of {one.id} into it, "
                    f"and the value of {other.id} is lost",
                    'Write "[@ID]" here and in the command-line (this router repairs it at every launch).',
                )
            else:
                yield note(
                    f"{path}.value-key",
                    f"{one.value_key} is part of {other.value_key}, which is saved by its place in front",
                    'Brackets, "[@ID]", make it safe whatever the order.',
                )
