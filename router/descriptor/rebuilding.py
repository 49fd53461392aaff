"""The argv a job was meant to get, rebuilt from what Core stores where `command` was torn (router-protocol.md 2.2.6).

Substituted word by word: a value is one argument however many blanks it has, and a value-key that is part of another
one is not hit. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from router.descriptor.core_templating import (
    Parameter,
    TemplatingFault,
    Values,
    command_3x,
    command_uliege,
    templated,
    value_of,
)

_RUNNERS = (["singularity", "run"], ["docker", "run"])


@dataclass(frozen=True)
class Recovered:
    """What to run, and what was found out on the way.

    Attributes
    ----------
    arguments
        For the container: they follow its ENTRYPOINT.
    torn
        Whether they differ from the message's.
    explained
        Whether the message's command is what Core makes of the software and values read. When not, the message is
        believed.
    reasons
        Why it was torn, without any value in it.
    """

    arguments: list[str] = field(repr=False)
    torn: bool
    explained: bool
    reasons: tuple[str, ...] = ()


def arguments(command: Sequence[str | None]) -> list[str]:
    """The arguments in a message's command: no empty strings (a shell dropped them), no `singularity run X.simg`."""
    words = [word for word in command if word]
    return words[3:] if words[:2] in _RUNNERS else words


def rebuild_command(execute_command: str, parameters: Iterable[Parameter], values: Values) -> list[str]:
    """The arguments as they were meant.

    Parameters
    ----------
    execute_command
        Software.executeCommand.
    parameters
        All parameters of the software, those set by the server among them.
    values
        The job's parameter rows by name; where there is none, the default counts.

    Returns
    -------
    list of str
        Flag and value for every parameter that has a value and a place in the command; the rest of the command as
        it stands.
    """
    taking_part = templated(parameters)
    by_key = {parameter.value_key: parameter for parameter in reversed(taking_part) if parameter.value_key}
    if not by_key:
        return arguments(execute_command.split())
    pattern = re.compile("|".join(_delimited(key) for key in sorted(by_key, key=len, reverse=True)))
    out: list[str] = []
    for word in arguments(execute_command.split()):
        out += _substituted(word, pattern, by_key.__getitem__, values)
    return out


def torn(command: Sequence[str | None], rebuilt: Sequence[str]) -> bool:
    """Whether the message's command does not say what was meant."""
    return arguments(command) != list(rebuilt)


def recover(
    command: Sequence[str | None], execute_command: str, parameters: Iterable[Parameter], values: Values
) -> Recovered:
    """Rebuild the arguments, and believe the result only if it is known how the message came about.

    Parameters
    ----------
    command
        From the message.
    execute_command, parameters, values
        What Core stores now, as in `rebuild_command`.

    Returns
    -------
    Recovered
        With the rebuilt arguments when Core's own templating of the same values gives exactly `command`, else with
        the message's.
    """
    known = list(parameters)
    origin = _origin(list(command), execute_command, known, values)
    if origin is None:
        return Recovered(arguments(command), torn=False, explained=False)
    rebuilt = rebuild_command(execute_command, known, values) + origin.appended
    if not torn(command, rebuilt):
        return Recovered(rebuilt, torn=False, explained=True)
    reasons = tuple(_reasons(known, values, unset_passed=origin.unset_passed))
    return Recovered(rebuilt, torn=True, explained=True, reasons=reasons)


def _substituted(word: str, pattern: re.Pattern[str], named: Callable[[str], Parameter], values: Values) -> list[str]:
    """The arguments that one word of the command becomes: none when all of it was an unset placeholder."""
    out: list[str] = []
    open_word, has_text, start = "", False, 0
    for match in pattern.finditer(word):
        parameter = named(match.group())
        value = value_of(parameter, values)
        open_word += word[start : match.start()]
        has_text = has_text or match.start() > start
        start = match.end()
        if not value:
            continue
        if parameter.flag:
            out.append(open_word + parameter.flag)
            open_word = ""
        open_word += value
        has_text = True
    open_word += word[start:]
    return [*out, open_word] if has_text or open_word else out


def _delimited(key: str) -> str:
    """A pattern for the key that does not match inside a longer word."""
    before = r"(?<!\w)" if re.match(r"\w", key) else ""
    after = r"(?!\w)" if re.search(r"\w\Z", key) else ""
    return before + re.escape(key) + after


@dataclass(frozen=True)
class _Origin:
    """How a Core came to a command: what it appended, and whether it passes the flags of unset parameters."""

    appended: list[str]
    unset_passed: bool


def _origin(
    received: list[str | None], execute_command: str, parameters: list[Parameter], values: Values
) -> _Origin | None:
    """The dialect that gives exactly the command received, None when none does."""
    with suppress(TemplatingFault):
        if command_3x(execute_command, parameters, values) == received:
            return _Origin([], unset_passed=False)
    for appended in ([], ["-nmc"], ["-nau"], ["-nmc", "-nau"]):
        with suppress(TemplatingFault):
            made = command_uliege(
                execute_command,
                parameters,
                values,
                metrics="-nmc" not in appended,
                upload_annotations="-nau" not in appended,
            )
            if made == received:
                return _Origin(appended, unset_passed=True)
    return None


def _reasons(parameters: list[Parameter], values: Values, *, unset_passed: bool) -> list[str]:
    """What may have torn the command, in words without a value."""
    taking_part = templated(parameters)
    found = []
    for parameter in taking_part:
        value = value_of(parameter, values)
        key = parameter.value_key
        longer = [other.value_key for other in taking_part if other.value_key != key and key in other.value_key]
        if not value and parameter.flag and unset_passed:
            found.append(f"{parameter.name} is unset and its flag was passed all the same")
        if value and " " in value:
            found.append(f"the value of {parameter.name} holds blanks")
        if value and ("\\" in value or "$" in value):
            found.append(f"the value of {parameter.name} holds a backslash or a dollar sign")
        if longer:
            found.append(f"the value-key {key} is part of {', '.join(longer)}")
    return found or ["a value, or a word of the command, holds the value-key of another parameter"]
