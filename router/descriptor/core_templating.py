"""How Core itself makes `command` of a software and a job's values, fault for fault (router-protocol.md 2.2.3, 2.3).

Core substitutes with Java's `replaceAll` over the whole command and splits at single blanks, so values with blanks
are torn and a value-key that is part of another is hit too. To know whether a message was damaged, the same has to be
computed here. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class Parameter(Protocol):
    """What templating needs of a software's parameter, as Core stores it."""

    @property
    def name(self) -> str:
        """Joins it with its value."""

    @property
    def index(self) -> int:
        """Core substitutes in this order."""

    @property
    def value_key(self) -> str:
        """The placeholder in the command."""

    @property
    def flag(self) -> str:
        """Put before the value; may be empty."""

    @property
    def default(self) -> str | None:
        """Counts when the job has no row."""

    @property
    def required(self) -> bool:
        """Whether Core refuses to launch without a value."""

    @property
    def server_parameter(self) -> bool | None:
        """True: travels in serverParameters instead."""


Values = Mapping[str, str | None]


class TemplatingFault(ValueError):
    """Core would answer an error instead of publishing: a required value is missing, or Java chokes on a value."""


def command_3x(execute_command: str, parameters: Iterable[Parameter], values: Values) -> list[str]:
    """`command` of a Core 3.0 to 3.2 (dialect B).

    Parameters
    ----------
    execute_command
        Software.executeCommand.
    parameters
        All parameters, those set by the server among them.
    values
        The job's parameter rows by name; a row may be None or empty, which counts as unset.

    Returns
    -------
    list of str
        As published: with empty strings where something was unset.

    Raises
    ------
    TemplatingFault
        A required parameter has neither a row nor a default, or a value or value-key breaks Java's replaceAll.
    """
    text = execute_command
    unset: list[Parameter] = []
    for parameter in templated(parameters):
        if parameter.required and parameter.name not in values and not parameter.default:
            raise _missing(parameter)
        value = value_of(parameter, values)
        if value:
            text = _replace_all(text, parameter, _argument(parameter, value))
        else:
            unset.append(parameter)
    for parameter in unset:
        text = _replace_all(text, parameter, "")
    return java_split(text)


def command_uliege(
    execute_command: str,
    parameters: Iterable[Parameter],
    values: Values,
    *,
    metrics: bool = True,
    upload_annotations: bool = True,
) -> list[str]:
    """`command` of a ULiege or BIAFLOWS Core (dialect C): unset values are inserted too, as "" or "null".

    Parameters
    ----------
    execute_command, parameters, values
        As in `command_3x`.
    metrics, upload_annotations
        A BIAFLOWS project without them gets " -nmc" and " -nau" appended.

    Raises
    ------
    TemplatingFault
        As in `command_3x`, but an empty value does for a required parameter.
    """
    text = execute_command
    for parameter in templated(parameters):
        value = value_of(parameter, values)
        if value is None and parameter.required:
            raise _missing(parameter)
        text = _replace_all(text, parameter, _argument(parameter, "null" if value is None else value))
    return java_split(text + ("" if metrics else " -nmc") + ("" if upload_annotations else " -nau"))


def command_legacy(execute_command: str, names: Sequence[str], values: Values) -> list[str]:
    """`command` of a legacy Core with `$name` placeholders (dialect A, form 1).

    Only "$name" with a blank behind it is replaced, so one at the very end stays; no value becomes "null".
    """
    text = execute_command
    for name in names:
        value = values.get(name)
        place = f"${name} "
        if place in text:
            text = text.replace(place, java_replacement(("null" if value is None else value) + " ", place))
    return java_split(text)


def command_legacy_positional(
    execute_command: str, job: int, user_job: int, values: Iterable[str | None]
) -> list[str | None]:
    """`command` of a legacy Core without placeholders (dialect A, form 2): two ids, then one value a parameter."""
    return [*java_split(execute_command), str(job), str(user_job), *values]


def value_of(parameter: Parameter, values: Values) -> str | None:
    """The job's row if there is one, whatever it holds, else the default."""
    return values.get(parameter.name, parameter.default)


def templated(parameters: Iterable[Parameter]) -> list[Parameter]:
    """The parameters that take part: server parameters travel apart, and rows without the field are left out."""
    return sorted((one for one in parameters if one.server_parameter is False), key=lambda one: one.index)


def java_split(text: str) -> list[str]:
    """Java's `text.split(" ")`: a leading and the inner empty strings stay, the trailing ones go."""
    parts = text.split(" ")
    if len(parts) == 1:
        return parts
    while parts and not parts[-1]:
        parts.pop()
    return parts


def java_replacement(text: str, matched: str) -> str:
    r"""What Java's replaceAll inserts for `text` where it found `matched` by a pattern without groups.

    A backslash vanishes and keeps the next character as it is; "$0" is what was found.

    Raises
    ------
    TemplatingFault
        Another "$", or a backslash at the end: Core answers 500.
    """
    if "$" not in text and "\\" not in text:
        return text
    out: list[str] = []
    rest = iter(text)
    for char in rest:
        if char not in "$\\":
            out.append(char)
            continue
        following = next(rest, "")
        if char == "$" and following != "0":
            message = "Java reads the $ in the value as a group that does not exist"
            raise TemplatingFault(message)
        if not following:
            message = "Java misses the character behind the backslash at the end of the value"
            raise TemplatingFault(message)
        out.append(matched if char == "$" else following)
    return "".join(out)


def _missing(parameter: Parameter) -> TemplatingFault:
    return TemplatingFault(f"Argument {parameter.name} is required !")


def _argument(parameter: Parameter, value: str) -> str:
    return f"{parameter.flag} {value}" if parameter.flag else value


def _replace_all(text: str, parameter: Parameter, argument: str) -> str:
    """Replace the value-key as a regular expression in which only the brackets are escaped, as Core does."""
    escaped = parameter.value_key.replace("[", r"\[").replace("]", r"\]")
    try:
        pattern = re.compile(escaped)
    except re.error as error:
        message = f"the value-key {parameter.value_key!r} is no regular expression ({error})"
        raise TemplatingFault(message) from error
    return pattern.sub(lambda match: java_replacement(argument, match.group()), text)
