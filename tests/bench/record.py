"""What one measurement is, and whether it reaches its goal."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}
_GOAL = re.compile(r"(<=|>=)\s*([0-9.]+)")


def reaches(value: float, goal: str) -> bool:
    """Tell whether `value` satisfies `goal`, a string such as ``"<= 1.3"``; an empty goal is always reached.

    Raises
    ------
    ValueError
        If the goal is neither empty nor of that form.

    Examples
    --------
    >>> reaches(1.2, "<= 1.3"), reaches(1.2, ">= 2000"), reaches(7.0, "")
    (True, False, True)
    """
    if not goal:
        return True
    match = _GOAL.fullmatch(goal.strip())
    if match is None:
        raise ValueError(f"goal {goal!r} is not of the form '<= NUMBER' or '>= NUMBER'")
    return _COMPARISONS[match[1]](value, float(match[2]))


@dataclass(frozen=True)
class Measurement:
    """One figure, as a bench returns it.

    Attributes
    ----------
    name : str
        ``area.figure``, as the issues and READMEs name it.
    value, unit
        The figure of this project; for a ratio the unit is ``"x"``.
    goal : str
        ``"<= N"``, ``">= N"`` or empty where the figure is only recorded.
    peer, peer_value
        What it was compared with in the same run, if anything.
    """

    name: str
    value: float
    unit: str
    goal: str = ""
    peer: str | None = None
    peer_value: float | None = None

    def record(self) -> dict[str, object]:
        """Return the line of ``results.json``: the figure, its verdict and the machine's load."""
        load = round(os.getloadavg()[0], 2)
        return {**asdict(self), "reached": reaches(self.value, self.goal), "load": load}
