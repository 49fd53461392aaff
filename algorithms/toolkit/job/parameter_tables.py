"""The parameters of our softwares as tables of Markdown, kept in the algorithms' READMEs between two marks.

`python -m algorithms.toolkit.job.parameter_tables` brings the READMEs up to date; a test fails where one is not.
"""

from __future__ import annotations

import re
from pathlib import Path

from algorithms.toolkit.job.descriptor import Parameter, descriptor

_MARKED = re.compile(r"(<!-- parameters: (?P<name>\w+) -->\n).*?(<!-- end of parameters -->)", re.DOTALL)
_ALGORITHMS = Path(__file__).resolve().parents[2]


def parameter_table(name: str) -> str:
    """Return a table of the parameters that people give, one row each; what a server sets itself is left out.

    Raises
    ------
    ParameterError
        When there is no software of this name.
    """
    rows = ["| parameter | default | what it is |", "| --- | --- | --- |"]
    rows += [_row(parameter) for parameter in descriptor(name).parameters if not parameter.set_by_server]
    return "\n".join(rows) + "\n"


def filled(text: str) -> str:
    """Return a README with the tables between its marks made anew."""
    return _MARKED.sub(lambda found: found[1] + parameter_table(found["name"]) + found[3], text)


def readmes() -> list[Path]:
    """Return the READMEs of the algorithms."""
    return sorted(_ALGORITHMS.glob("*/README.md"))


def _row(parameter: Parameter) -> str:
    default = (
        f"`{parameter.default}`" if parameter.default not in {None, ""} else "" if parameter.optional else "needed"
    )
    said = parameter.description or parameter.label
    limits = _limits(parameter)
    cell = f"{said.rstrip()} ({limits})" if limits else said
    cell = cell.replace("|", r"\|").replace("\n", " ")
    return f"| `{parameter.name}` | {default} | {cell} |"


def _limits(parameter: Parameter) -> str:
    if parameter.choices:
        return "one of " + ", ".join(f"`{choice}`" for choice in parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return "" if high is None else f"at most {high:g}"


def main() -> None:
    """Bring every README up to date."""
    for path in readmes():
        text = path.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
