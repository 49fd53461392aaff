"""Values of a descriptor's parameters as numbers and ids."""

from __future__ import annotations

from collections.abc import Mapping

from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job.descriptor import Value


def whole(values: Mapping[str, Value], name: str) -> int:
    """Return the value of a parameter as a whole number; ParameterError as `number`."""
    return int(number(values, name))


def number(values: Mapping[str, Value], name: str) -> float:
    """Return the value of a parameter as a number.

    Raises
    ------
    ParameterError
        When it has none.
    """
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{name}: a number is needed, not {value!r}"
        raise ParameterError(msg)
    return value


def ids(values: Mapping[str, Value], name: str) -> tuple[int, ...]:
    """Return the ids that a parameter lists; nothing and 0 mean none."""
    value = values.get(name)
    listed = value if isinstance(value, list) else [value]
    return tuple(item for item in listed if isinstance(item, int) and not isinstance(item, bool) and item > 0)
