"""A job, the operator's policy and the job's keys in; one container, complete, out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from router.descriptor.images import image_source
from router.descriptor.resources import megabytes
from router.engines.base import ContainerSpec, Hardening, Identity, Limits
from router.errors import DescriptorError, LaunchError
from router.settings import Settings
from router.settings.sections import HardeningSection, SoftwareSection

MEBIBYTE = 1 << 20
#: So that a line of a Python program is in the log when it is written, not when a buffer is full.
_ENVIRONMENT = {"PYTHONUNBUFFERED": "1"}
_MEMORY_KEYS = ("mem", "memory", "ram")
_CPU_KEYS = ("cpus-per-task", "cpus", "c", "cpu-cores")
_TIME_KEYS = ("time", "t")


def image_of(pulling_command: str) -> str:
    """The image a job's pulling command names.

    Raises
    ------
    LaunchError
        It names none that the engine could run.
    """
    try:
        source = image_source(pulling_command)
    except DescriptorError as error:
        message = f"The software has no usable image: {error}"
        raise LaunchError(message) from error
    if source.reference is None:
        message = f"The software's image is the file {source.archive}; load it into the engine and give it a name."
        raise LaunchError(message)
    return source.reference


def legacy(settings: Settings, command: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Image and arguments for a legacy command: what follows the script's path goes to the image's program.

    Raises
    ------
    LaunchError
        router.yml names no image for any word of the command.
    """
    for place, word in enumerate(command):
        for pattern, image in settings.legacy.images.items():
            if fnmatchcase(word, pattern):
                return image.replace("{version}", own_version()), tuple(command[place + 1 :])
    message = f"router.yml names no image for the command {' '.join(command[:2])!r}; add it under legacy.images."
    raise LaunchError(message)


def own_version() -> str:
    """The version of this distribution, which is the tag of its images."""
    from importlib.metadata import version

    return version("cytomine-software-router")


def software_policy(settings: Settings, image: str) -> SoftwareSection:
    """What the operator set for this image: by its whole reference, by its name, or nothing."""
    repository = image.split("@", maxsplit=1)[0]
    name = repository.rpartition(":")[0] if ":" in repository.rpartition("/")[2] else repository
    for key in (image, name, name.rpartition("/")[2]):
        if key in settings.software:
            return settings.software[key]
    return SoftwareSection()


def limits(settings: Settings, policy: SoftwareSection, asked: Mapping[str, str]) -> tuple[Limits, float | None]:
    """What the job may use, and for how many seconds.

    Parameters
    ----------
    settings, policy
        Defaults, what one software gets instead, and the ceiling over everything a job asks for.
    asked
        The message's serverParameters: options of sbatch (router-protocol.md 2.2.6).
    """
    base = policy.limits or settings.limits
    ceiling = settings.ceiling
    memory_mb = _least(_asked_memory(asked) or base.memory_mb, ceiling.memory_mb)
    cpus = _least(_asked_number(asked, _CPU_KEYS) or base.cpus, ceiling.cpus)
    run_time = _least(_asked_time(asked) or base.run_time_s, ceiling.run_time_s)
    allowed = Limits(
        memory=int(memory_mb) * MEBIBYTE if memory_mb else None,
        cpus=cpus,
        processes=_whole(_least(base.processes, ceiling.processes)),
        shared_memory=base.shared_memory_mb * MEBIBYTE if base.shared_memory_mb else None,
        gpus=base.gpus,
    )
    return allowed, run_time


def wanted(settings: Settings, pulling_command: str, asked: Mapping[str, str]) -> tuple[Limits, float | None]:
    """As `limits`, for a job as it is stored; one whose image cannot be read wants the defaults."""
    try:
        policy = software_policy(settings, image_of(pulling_command))
    except LaunchError:
        policy = SoftwareSection()
    return limits(settings, policy, asked)


def container_spec(
    settings: Settings,
    identity: Identity,
    image: str,
    arguments_: Sequence[str],
    asked: Mapping[str, str],
) -> ContainerSpec:
    """The container of one attempt of a job."""
    policy = software_policy(settings, image)
    allowed, _ = limits(settings, policy, asked)
    engine = settings.engine
    return ContainerSpec(
        identity=identity,
        image=image,
        arguments=tuple(arguments_),
        environment={**_ENVIRONMENT, **engine.environment, **policy.environment},
        limits=allowed,
        hardening=_hardening(policy.hardening or engine.hardening),
        network=policy.network or engine.network,
        extra_hosts=engine.extra_hosts,
        mounts=policy.mounts,
    )


def _hardening(section: HardeningSection) -> Hardening:
    return Hardening(
        drop_capabilities=section.drop_capabilities,
        no_new_privileges=section.no_new_privileges,
        read_only_root=section.read_only_root,
        user=section.user,
    )


def _least(value: float | None, ceiling: float | None) -> float | None:
    if value is None or ceiling is None:
        return value if ceiling is None else ceiling
    return min(value, ceiling)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _asked_memory(asked: Mapping[str, str]) -> int | None:
    for key in _MEMORY_KEYS:
        if asked.get(key):
            return megabytes(asked[key])
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
