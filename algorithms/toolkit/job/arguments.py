"""Command lines: `--name value`, as Core's launchers write them.

Stray words are ignored, since old command lines carry some ("python run.py"); an unknown option is an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job.descriptor import Descriptor, Value

#: Names under which clients and older launchers know the parameters that the server sets.
SERVER_SYNONYMS = {
    "host": "cytomine_host",
    "public_key": "cytomine_public_key",
    "publicKey": "cytomine_public_key",
    "private_key": "cytomine_private_key",
    "privateKey": "cytomine_private_key",
    "id_project": "cytomine_id_project",
    "cytomine_project_id": "cytomine_id_project",
    "idProject": "cytomine_id_project",
    "project_id": "cytomine_id_project",
    "id_software": "cytomine_id_software",
    "cytomine_software_id": "cytomine_id_software",
    "idSoftware": "cytomine_id_software",
    "software_id": "cytomine_id_software",
    "cytomine_log_level": "log_level",
    "cytomine_verbose": "verbose",
}
#: Options of every algorithm beside its parameters.
COMMON = ("log_level", "verbose")
#: Options of the local mode; `slide` takes several values.
LOCAL = ("slide", "output", "data", "model")


def split(argv: Sequence[str]) -> dict[str, list[str]]:
    """Part a command line in options and the words that follow each.

    >>> split(["run.py", "--zoom-level", "2", "--slide=a.svs", "b.svs"])
    {'zoom_level': ['2'], 'slide': ['a.svs', 'b.svs']}
    """
    options: dict[str, list[str]] = {}
    words: list[str] = []
    for word in argv:
        if word.startswith("--") and len(word) > 2:
            name, equals, value = word[2:].partition("=")
            words = options.setdefault(name.replace("-", "_"), [])
            words.clear()  # the last one counts
            if equals:
                words.append(value)
        else:
            words.append(word)
    return options


def rename(options: Mapping[str, list[str]], aliases: Mapping[str, str]) -> dict[str, list[str]]:
    """Replace older names of parameters; a name of today wins over an old one."""
    known = {**SERVER_SYNONYMS, **aliases}
    renamed = {known[name]: words for name, words in options.items() if name in known}
    return renamed | {name: words for name, words in options.items() if name not in known}


def values_of(
    options: Mapping[str, list[str]], descriptor: Descriptor, defaults: Mapping[str, str | None] | None = None
) -> dict[str, Value]:
    """Read the value of every parameter, or its default.

    Parameters
    ----------
    options : mapping of str to list of str
        From `split` and `rename`.
    descriptor : Descriptor
    defaults : mapping of str to str, optional
        Defaults that replace the descriptor's: those that the server has registered.

    Raises
    ------
    ParameterError
        When an option is unknown, or a value is of the wrong type or out of range.
    """
    registered = defaults or {}
    known = [parameter.name for parameter in descriptor.parameters]
    for name in options:
        if name not in (*known, *COMMON, *LOCAL, *registered):
            raise ParameterError(_unknown(name, (*known, *LOCAL)))
    values: dict[str, Value] = {}
    for parameter in descriptor.parameters:
        words = options.get(parameter.name) or [""]
        text = ",".join(words) if parameter.type in {"ListDomain", "List"} else words[0]
        if not text:
            text = registered.get(parameter.name) or parameter.default or ""
        values[parameter.name] = parameter.parse(text)
    return values


def require(values: Mapping[str, Value], descriptor: Descriptor, names: Iterable[str] | None = None) -> None:
    """Check that every parameter that is not optional has a value."""
    for parameter in descriptor.parameters:
        wanted = not parameter.optional if names is None else parameter.name in names
        if wanted and values.get(parameter.name) is None:
            msg = f"{parameter.name} is missing: {parameter.label or parameter.description}"
            raise ParameterError(msg)


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean --{near[0]}?" if near else f"known are {', '.join(sorted(known))}"
    return f"unknown parameter --{name}; {hint}"
