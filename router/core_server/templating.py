"""How Core makes a command out of a job: the rules of its dialects, with their quirks (router-protocol 2.2 and 2.3).

Pure functions of rows; nothing here asks the database.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from router.core_server.errors import CoreError, WrongArgument
from router.core_server.resource import Row


class TemplateFailure(CoreError):
    """A value holds characters that Core's replaceAll trips over; the real one answers 500 as well."""

    status = 500


def known_parameters(parameters: Sequence[Row], known: Mapping[str, str]) -> dict[int, str]:
    """Return the values that the server fills in by name, by parameter id.

    Parameters
    ----------
    parameters : sequence of Row
        All parameters of the software, in database order; the first of each name wins.
    known : mapping
        HOST, PUBLICKEY, PRIVATEKEY, IDSOFTWARE, IDPROJECT.
    """
    filled: dict[int, str] = {}
    for name, value in known.items():
        for parameter in parameters:
            if parameter["name"].upper().replace("_", "") in {name, f"CYTOMINE{name}"}:
                filled[parameter["id"]] = value
                break
    return filled


def values_of(parameters: Sequence[Row], given: Mapping[int, str | None], dialect: str) -> list[tuple[Row, str | None]]:
    """Return each parameter with its value: the job's, else the default.

    Raises
    ------
    WrongArgument
        When a required parameter has neither.
    """
    pairs = []
    for parameter in parameters:
        if parameter["id"] in given:
            value = given[parameter["id"]]
        else:
            value = parameter["defaultParamValue"]
            missing = value is None if dialect == "C" else not value
            if missing and parameter["required"]:
                msg = f"Argument {parameter['name']} is required !"
                raise WrongArgument(msg)
        pairs.append((parameter, value))
    return pairs


def replace_all(text: str, value_key: str, replacement: str) -> str:
    """Replace as Java's replaceAll does after Core has escaped only the square brackets of the key."""
    pattern = value_key.replace("[", r"\[").replace("]", r"\]")
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        msg = f"value-key {value_key!r} is no regular expression: {error}"
        raise TemplateFailure(msg) from error
    return compiled.sub(lambda match: _java_replacement(replacement, match), text)


def _java_replacement(text: str, match: re.Match[str]) -> str:
    result, index = [], 0
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
            if index == len(text):
                raise TemplateFailure("character to be escaped is missing: a value ends with a backslash")
            result.append(text[index])
        elif char == "$":
            index += 1
            if index == len(text) or not text[index].isdigit():
                raise TemplateFailure("Illegal group reference: a value holds a dollar sign")
            try:
                result.append(match.group(int(text[index])) or "")
            except IndexError as error:
                msg = f"No group {text[index]}: a value holds a dollar sign"
                raise TemplateFailure(msg) from error
        else:
            result.append(char)
        index += 1
    return "".join(result)


def java_split(text: str) -> list[str]:
    """Split on single blanks as Java does: empty strings stay, but none at the end."""
    parts = text.split(" ")
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def command(execute_command: str, pairs: Sequence[tuple[Row, str | None]], dialect: str = "B") -> list[str]:
    """Return the `command` array of an execute message.

    Parameters
    ----------
    execute_command : str
        The software's command with value-keys.
    pairs : sequence of (parameter, value)
        Those with serverParameter false, by index.
    dialect : str
        B leaves unset parameters out; C inserts them, even as "null".
    """
    text, unset = execute_command, []
    for parameter, value in pairs:
        key, flag = parameter["valueKey"], parameter["commandLineFlag"] or ""
        if dialect == "B" and not value:
            unset.append(key)
            continue
        text = replace_all(text, key, f"{flag} {_text(value)}" if flag else _text(value))
    for key in unset:
        text = replace_all(text, key, "")
    return java_split(text)


def _text(value: str | None) -> str:
    return "null" if value is None else value


def legacy_command(execute_command: str, pairs: Sequence[tuple[Row, str | None]]) -> list[str]:
    """Return dialect A's array: `$name ` (with its blank) becomes `value `."""
    text = execute_command
    for parameter, value in pairs:
        text = text.replace(f"${parameter['name']} ", f"{_text(value)} ")
    return java_split(text)


def positional_command(
    execute_command: str, job: int, user_job: int, pairs: Sequence[tuple[Row, str | None]]
) -> list[Any]:
    """Return dialect A's other array: command, job id, user job id, one value a parameter by index."""
    return [*java_split(execute_command), str(job), str(user_job), *(value for _, value in pairs)]
