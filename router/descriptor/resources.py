"""The resource fields of a descriptor, in the spellings that are about.

`ram-needed`, `cpu-cores`, `disk-space`, `preferred-processor-type` come from the unreleased flexible-job branches of
ULiege (router-protocol.md 4.1); `suggested-resources` is Boutiques'; `gpu` is ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from router.descriptor.model import Resources

_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", re.IGNORECASE)
_MEGABYTES = {"": 1.0, "k": 1 / 1024, "m": 1.0, "g": 1024.0, "t": 1024.0 * 1024.0}


def read_resources(source: Mapping[str, Any]) -> Resources:
    """What one run needs. A field that cannot be read counts as absent; the lint says so."""
    boutiques = source.get("suggested-resources")
    boutiques = boutiques if isinstance(boutiques, Mapping) else {}
    ram = megabytes(source.get("ram-needed"))
    disk = megabytes(source.get("disk-space"))
    cpus = amount(source.get("cpu-cores")) or amount(boutiques.get("cpu-cores"))
    return Resources(
        ram_mb=ram if ram is not None else megabytes(boutiques.get("ram"), unit="g"),
        cpus=cpus,
        disk_mb=disk if disk is not None else megabytes(boutiques.get("disk-space"), unit="g"),
        gpus=_gpus(source),
    )


def megabytes(value: Any, unit: str = "m") -> int | None:
    """An amount of memory in MB: 2048, "2048", "2 GB", {"numberInMB": 2048}.

    Parameters
    ----------
    value
        What the descriptor says.
    unit
        Counted in, where the value names no unit: "m" or "g".

    Returns
    -------
    int or None
        None when it cannot be read or is not above zero.
    """
    if isinstance(value, Mapping):
        value, unit = value.get("numberInMB"), "m"
    found = _AMOUNT.fullmatch(str(value)) if value is not None and not isinstance(value, bool) else None
    if found is None:
        return None
    total = round(float(found[1]) * _MEGABYTES[(found[2] or unit).lower()])
    return total if total > 0 else None


def amount(value: Any) -> float | None:
    """A number above zero, also one that was written as text."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if 0 < found < float("inf") else None


def _gpus(source: Mapping[str, Any]) -> int | None:
    wish = source.get("gpu", source.get("gpus"))
    if isinstance(wish, bool):
        return 1 if wish else None
    found = amount(wish)
    if found is not None:
        return max(1, round(found))
    return 1 if str(source.get("preferred-processor-type", "")).strip().lower() == "gpu" else None
