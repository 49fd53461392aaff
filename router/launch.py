"""A job, the operator's policy and the job's keys in; one container, complete, out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from router.descriptor.images import ImageSource, image_source
from router.engines.base import ContainerSpec, Hardening, Identity, Limits
from router.engines.isolation import Isolation, targets
from router.errors import DescriptorError, LaunchError
from router.policy import MEBIBYTE, Machine, hardening, limits, network, software_policy
from router.settings import Settings
from router.settings.sections import HardeningSection, SoftwareSection

__all__ = ["MEBIBYTE", "container_spec", "hub_login", "isolation", "legacy", "own_version", "source_of", "wanted"]

#: So that a line of a Python program is in the log when it is written, not when a buffer is full.
_ENVIRONMENT = {"PYTHONUNBUFFERED": "1"}
_LEGACY_FOLDER = "/software_router"


def source_of(pulling_command: str) -> ImageSource:
    """Where the image is that a job's pulling command names.

    Raises
    ------
    LaunchError
        It names none that the engine could run.
    """
    try:
        return image_source(pulling_command)
    except DescriptorError as error:
        message = f"The software has no usable image: {error}"
        raise LaunchError(message) from error


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


def wanted(
    settings: Settings, pulling_command: str, asked: Mapping[str, str], memory: int | None = None
) -> tuple[Limits, float | None]:
    """What a job as it is stored counts for; one whose image cannot be read wants the defaults.

    Parameters
    ----------
    settings, pulling_command, asked
        Policy, and what the message says.
    memory
        Bytes of the machine. Its processors are left out: the share that nobody asked for is a limit, no claim.
    """
    try:
        policy = software_policy(settings, source_of(pulling_command).reference or "")
    except LaunchError:
        policy = SoftwareSection()
    return limits(settings, policy, asked, Machine(memory=memory))


def container_spec(
    settings: Settings,
    identity: Identity,
    image: str,
    arguments_: Sequence[str],
    asked: Mapping[str, str],
    *,
    machine: Machine = Machine(),  # noqa: B008 - frozen
    legacy_folder: bool = False,
) -> ContainerSpec:
    """The container of one attempt of a job.

    Parameters
    ----------
    settings, identity, image, arguments_
        What to run, and as what.
    asked
        The message's serverParameters.
    machine
        What is shared out where nobody said how much.
    legacy_folder
        Work in /software_router, as legacy commands did (2.3): a writable folder of the job's own.
    """
    policy = software_policy(settings, image)
    allowed, _ = limits(settings, policy, asked, machine)
    engine = settings.engine
    return ContainerSpec(
        identity=identity,
        image=image,
        arguments=tuple(arguments_),
        environment={**_ENVIRONMENT, **engine.environment, **policy.environment},
        limits=allowed,
        hardening=_hardening(hardening(settings, policy)),
        network=network(settings, policy),
        extra_hosts=engine.extra_hosts,
        mounts=policy.mounts,
        working_folder=_LEGACY_FOLDER if legacy_folder else None,
        scratch={_LEGACY_FOLDER: None} if legacy_folder else {},
    )


def isolation(settings: Settings) -> Isolation | None:
    """What jobs may reach on a network of their own; None where the operator chose another one, or none can be had."""
    engine = settings.engine
    found = targets([settings.core.url, *engine.reachable])
    if engine.network is not None or not found:
        return None
    return Isolation(settings.name, found, engine.extra_hosts, engine.forwarder.replace("{version}", own_version()))


def hub_login(settings: Settings) -> tuple[str, str] | None:
    """User name and password at Docker Hub, if there are any."""
    images = settings.images
    if not images.docker_hub_username:
        return None
    return images.docker_hub_username, images.docker_hub_password.get_secret_value()


def _hardening(section: HardeningSection) -> Hardening:
    return Hardening(
        drop_capabilities=section.drop_capabilities,
        no_new_privileges=section.no_new_privileges,
        read_only_root=section.read_only_root,
        user=section.user,
    )
