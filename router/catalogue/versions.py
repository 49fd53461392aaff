"""The order of versions as people mean it: v9 before v10, 1.0-rc1 before 1.0, 1.0 the same age as 1.0.0."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import version

_PIECE = re.compile(r"\d+|[a-z]+")
_BEFORE_RELEASE = frozenset({"a", "alpha", "b", "beta", "c", "rc", "pre", "preview", "dev", "snapshot", "m"})

# What a piece counts, so that 1.0-rc < 1.0 < 1.0-hotfix < 1.0.1.
_PRE, _END, _TEXT, _NUMBER = range(4)


def version_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A key to sort versions by; any text has one."""
    pieces = _PIECE.findall(re.sub(r"^\W*v(?:er(?:sion)?)?\W*(?=\d)", "", text.lower()))
    key: list[tuple[int, int, str]] = []
    for piece in pieces:
        if piece.isdigit():
            key.append((_NUMBER, int(piece), ""))
        else:
            _drop_zeros(key)
            key.append((_PRE if piece in _BEFORE_RELEASE else _TEXT, 0, piece))
    _drop_zeros(key)
    return (*key, (_END, 0, ""))


def is_older(one: str | None, other: str | None) -> bool:
    """Whether version `one` came before `other`; software without a version is older than any with one."""
    if one is None or other is None:
        return one is None and other is not None
    return version_key(one) < version_key(other)


def newest(versions: Iterable[str]) -> str | None:
    """The newest of some tags; the first of equals. A tag without any digit, such as `latest`, only if need be."""
    known = list(versions)
    numbered = [one for one in known if any(char.isdigit() for char in one)]
    return max(numbered or known, key=version_key, default=None)


def own_version() -> str:
    """The version of this distribution, which is that of its software and images."""
    return version("cytomine-software-router")


def _drop_zeros(key: list[tuple[int, int, str]]) -> None:
    while len(key) > 1 and key[-1] == (_NUMBER, 0, ""):
        key.pop()
