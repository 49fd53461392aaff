"""What the container of one software may do and use: defaults, the operator's exception, the ceiling. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.descriptor.resources import megabytes
from router.engines.base import Limits
from router.engines.isolation import targets
from router.settings import Settings
from router.settings.sections import HardeningSection, SoftwareSection

MEBIBYTE = 1 << 20
#: Of the machine's memory, what jobs share; the rest is for the router, the engine and the file cache.
_FOR_JOBS = 0.9
_LEAST_SHARE_MB = 512
_MEMORY_KEYS = ("mem", "memory", "ram")
_CPU_KEYS = ("cpus-per-task", "cpus", "c", "cpu-cores")
_TIME_KEYS = ("time", "t")
_GPU_KEYS = ("gres", "gpus", "gpus-per-node", "gpu")
_GPU = re.compile(r"gpu(?::[a-z][\w.-]*)?(?::(\d{1,3}))?(?:\(.*\))?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Machine:
    """What the engine's machine has; None is not known.

    Parameters
    ----------
    memory
        Bytes.
    cpus
        Processors.
    """

    memory: int | None = None
    cpus: float | None = None


def software_policy(settings: Settings, image: str) -> SoftwareSection:
    """What the operator set for this image: by its whole reference, by its name, or nothing."""
    repository = image.split("@", maxsplit=1)[0]
    name = repository.rpartition(":")[0] if ":" in repository.rpartition("/")[2] else repository
    for key in (image, name, name.rpartition("/")[2]):
        if key in settings.software:
            return settings.software[key]
    return SoftwareSection()


def limits(
    settings: Settings, policy: SoftwareSection, asked: Mapping[str, str], machine: Machine
) -> tuple[Limits, float | None]:
    """What the job may use, and for how many seconds.

    Parameters
    ----------
    settings, policy
        Defaults, what one software gets instead, and the ceiling over everything a job asks for.
    asked
        The message's serverParameters: options of sbatch (router-protocol.md 2.2.6).
    machine
        What is shared out by slots where nobody said anything.
    """
    base, ceiling = policy.limits or settings.limits, settings.ceiling
    memory_mb: float | None = _asked_memory(asked)
    if memory_mb is None:
        memory_mb = _share_of_memory(settings, machine) if base.memory_mb is None else base.memory_mb
    cpus = _asked_number(asked, _CPU_KEYS)
    if cpus is None:
        cpus = _share_of_cpus(settings, machine) if base.cpus is None else base.cpus
    if machine.cpus and cpus:
        cpus = min(cpus, machine.cpus)
    memory_mb, cpus = _least(memory_mb or None, ceiling.memory_mb or None), _least(cpus or None, ceiling.cpus or None)
    processes = _least(base.processes, ceiling.processes)
    allowed = Limits(
        memory=int(memory_mb) * MEBIBYTE if memory_mb else None,
        cpus=cpus,
        processes=int(processes) if processes is not None else None,
        shared_memory=base.shared_memory_mb * MEBIBYTE if base.shared_memory_mb else None,
        gpus=base.gpus if (wished := _asked_gpus(asked)) is None else _allowed_gpus(wished, base.gpus, ceiling.gpus),
    )
    return allowed, _least(_asked_time(asked) or base.run_time_s, ceiling.run_time_s)


def hardening(settings: Settings, policy: SoftwareSection) -> HardeningSection:
    """What the container may not do."""
    return policy.hardening or settings.engine.hardening


def network(settings: Settings, policy: SoftwareSection) -> str | None:
    """Where the container is; None for the router's own network."""
    return policy.network or settings.engine.network


def effective(settings: Settings, machine: Machine) -> dict[str, dict[str, Any]]:
    """The policy as it counts, for people: that of every software, then the exceptions the operator made by name."""
    names: dict[str, SoftwareSection] = {"(every software)": SoftwareSection(), **settings.software}
    return {name: _shown(settings, policy, machine) for name, policy in names.items()}


def _shown(settings: Settings, policy: SoftwareSection, machine: Machine) -> dict[str, Any]:
    allowed, run_time = limits(settings, policy, {}, machine)
    strict = hardening(settings, policy)
    place = network(settings, policy)
    return {
        "memory": f"{allowed.memory // MEBIBYTE} MB" if allowed.memory else "no limit",
        "cpus": round(allowed.cpus, 2) if allowed.cpus else "no limit",
        "processes": allowed.processes or "no limit",
        "gpus": "all" if allowed.gpus < 0 else allowed.gpus,
        "run time": f"{run_time:.0f} s" if run_time else "no limit",
        "capabilities": "none" if strict.drop_capabilities else "the engine's defaults",
        "new privileges": "no" if strict.no_new_privileges else "yes",
        "root": "read-only" if strict.read_only_root else "writable",
        "user": strict.user or "the image's",
        "network": place or _own_network(settings),
        "mounts": dict(policy.mounts),
    }


def _own_network(settings: Settings) -> str:
    found = targets([settings.core.url, *settings.engine.reachable])
    doors = ", ".join(f"{host}:{port}" for host, ports in sorted(found.items()) for port in ports)
    if not doors:
        return "bridge: Core's address is no host name, so jobs cannot be kept to it (see engine.reachable)"
    return f"one for each job: only {doors}"


def _share_of_memory(settings: Settings, machine: Machine) -> int | None:
    if machine.memory is None:
        return None
    return max(_LEAST_SHARE_MB, int(machine.memory / MEBIBYTE * _FOR_JOBS / settings.slots))


def _share_of_cpus(settings: Settings, machine: Machine) -> float | None:
    return max(1.0, machine.cpus / settings.slots) if machine.cpus else None


def _least(value: float | None, ceiling: float | None) -> float | None:
    if value is None or ceiling is None:
        return value if ceiling is None else ceiling
    return min(value, ceiling)


def _allowed_gpus(wished: int, base: int, ceiling: int) -> int:
    """A wish up to the ceiling; what the operator gives anyway is never taken away. -1 is all."""
    most = -1 if -1 in (base, ceiling) else max(base, ceiling)
    return wished if most == -1 else min(wished, most)


def _asked_memory(asked: Mapping[str, str]) -> int | None:
    for key in _MEMORY_KEYS:
        if asked.get(key) and (found := megabytes(asked[key])) is not None:
            return found
    return None


def _asked_number(asked: Mapping[str, str], keys: Sequence[str]) -> float | None:
    for key in keys:
        try:
            value = float(asked.get(key, ""))
        except ValueError:
            continue
        if 0 < value < 1e6:
            return value
    return None


def _asked_gpus(asked: Mapping[str, str]) -> int | None:
    """`gpu`, `gpu:2`, `gpu:tesla:2`, one of a list of generic resources; or a plain number."""
    for key in _GPU_KEYS:
        for word in asked.get(key, "").split(","):
            text = word.strip()
            found = _GPU.fullmatch(text)
            if found or (text.isascii() and text.isdigit() and len(text) < 4):
                return int((found[1] or "1") if found else text)
    return None


def _asked_time(asked: Mapping[str, str]) -> float | None:
    """Seconds in sbatch's forms: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:minutes[:seconds]]."""
    text = next((asked[key] for key in _TIME_KEYS if asked.get(key)), "")
    days, dash, rest = text.rpartition("-")
    try:
        parts = [int(part) for part in rest.split(":")]
        whole_days = int(days) if dash else 0
    except ValueError:
        return None
    if dash:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    elif len(parts) == 3:
        hours, minutes, seconds = parts
    else:
        hours, minutes, seconds = (0, *parts, 0)[:3]
    total = ((whole_days * 24 + hours) * 60 + minutes) * 60 + seconds
    return float(total) if total > 0 else None
