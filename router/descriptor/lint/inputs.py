"""Rules about single inputs, looked at as they are written in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.descriptor.lint.finding import Finding, error, note, warning
from router.descriptor.model import Input, filled_by_core

TYPES = frozenset({"Number", "String", "Boolean", "Domain", "ListDomain", "Date", "List"})
_BOOLEANS = ("optional", "set-by-server", "server-parameter", "integer")
_TEXT_LENGTH = 255


def input_findings(path: str, item: Mapping[str, Any], one: Input) -> Iterator[Finding]:
    """Findings about one input.

    Parameters
    ----------
    path
        Its JSON path.
    item
        As it is written.
    one
        As it was read.
    """
    yield from _type(path, one)
    yield from _spelling(path, item)
    yield from _default(path, item, one)
    yield from _limits(path, one)
    yield from _choice_list(path, one)
    if one.set_by_server and not filled_by_core(one.id) and one.required and not one.default:
        yield error(
            f"{path}.set-by-server",
            f"Core has no value for {one.id}: it fills host, keys, project and software only, and refuses the launch",
            'Set "set-by-server" to false, or give a "default-value".',
        )
    if filled_by_core(one.id) and not one.set_by_server:
        hint = 'Set "set-by-server" to true, so that nobody is asked for it.'
        yield warning(f"{path}.set-by-server", f"Core fills {one.id} by its name, whatever is typed in", hint)


def _type(path: str, one: Input) -> Iterator[Finding]:
    if one.type not in TYPES:
        hint = f"Use one of {', '.join(sorted(TYPES))}."
        yield error(f"{path}.type", f"Core has no type {one.type or '(none)'}", hint)
    elif "$" in one.id:
        yield error(f"{path}.id", "a $ in an id breaks Core's templating", "Use letters, digits and underscores.")


def _spelling(path: str, item: Mapping[str, Any]) -> Iterator[Finding]:
    for name in _BOOLEANS:
        if isinstance(item.get(name), str):
            yield warning(
                f"{path}.{name}",
                f"{item[name]!r} is a text; other readers take any text but an empty one for true",
                f"Write {str(item[name].strip().lower() == 'true').lower()} without quotation marks.",
            )
    if "default" in item and "default-value" not in item:
        yield warning(f"{path}.default", "other readers do not know this name", 'Write "default-value".')
    hint = "Nothing to do: this router reads both spellings."
    if "value-choices" in item:
        yield note(f"{path}.value-choices", "the Java router looks for values-choice and ignores this", hint)
    if "values-choice" in item:
        yield note(f"{path}.values-choice", "Boutiques calls this value-choices, and its tools ignore it", hint)


def _default(path: str, item: Mapping[str, Any], one: Input) -> Iterator[Finding]:
    value = item.get("default-value")
    where = f"{path}.default-value"
    if len(one.default) > _TEXT_LENGTH:
        yield error(where, f"{len(one.default)} characters; Core stores {_TEXT_LENGTH}", "Shorten it.")
    if one.type == "Number" and one.default:
        if _number(one.default) is None:
            yield error(where, f"{one.default!r} is no number", "Write a number.")
        elif isinstance(value, str):
            yield note(where, f"the number is written as the text {value!r}", "Harmless: Core stores text.")
    if one.type == "Boolean" and one.default:
        if one.default.lower() not in {"true", "false", "0", "1"}:
            yield error(where, f"{one.default!r} is no boolean", "Write true or false.")
        elif not isinstance(value, bool):
            yield note(
                where, f"the boolean is written as {value!r}", "Write true or false, so that a page shows it right."
            )
    if one.choices and one.default and one.default not in one.choices:
        yield warning(where, f"{one.default!r} is not among the choices", f"Use one of {', '.join(one.choices)}.")


def _limits(path: str, one: Input) -> Iterator[Finding]:
    if one.type != "Number":
        return
    low, high, default = _number(one.minimum), _number(one.maximum), _number(one.default)
    if low is not None and high is not None and low > high:
        yield error(f"{path}.minimum", f"the minimum {one.minimum} is above the maximum {one.maximum}", "Swap them.")
    elif default is not None and ((low is not None and default < low) or (high is not None and default > high)):
        hint = f"Choose one from {one.minimum or 'anything'} to {one.maximum or 'anything'}."
        yield warning(f"{path}.default-value", f"{one.default} is out of its limits", hint)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _choice_list(path: str, one: Input) -> Iterator[Finding]:
    if one.type in {"Domain", "ListDomain"}:
        if one.uri is None:
            hint = "Name the list to choose from, such as /api/project/$currentProject$/imageinstance.json."
            yield warning(f"{path}.uri", f"a {one.type} without a uri cannot be chosen on the page", hint)
        elif one.uri_print_attribute is None:
            yield warning(f"{path}.uri-print-attribute", "the page has nothing to show of each item", 'Usually "name".')
        elif one.uri_sort_attribute is None:
            hint = f'Write "uri-sort-attribute": "{one.uri_print_attribute}" to have them in order.'
            yield note(f"{path}.uri-sort-attribute", "the items come in no order", hint)
    elif one.uri is not None:
        yield note(f"{path}.uri", f"a {one.type} has no list to choose from", "Use Domain or ListDomain, or drop it.")
