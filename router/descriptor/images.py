"""Where a software's image comes from, read out of any form of `pullingCommand` (router-protocol.md 2.2.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from router.errors import DescriptorError

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
# A first part is a registry only with a dot or a port (or as localhost); without, it is a user.
_HOST = r"(?:(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d+)?|[A-Za-z0-9-]+:\d+)"
_REFERENCE = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?", re.ASCII
)
_MAX_REFERENCE = 255 + 128 + 72


@dataclass(frozen=True)
class ImageSource:
    """An image to fetch by `reference`, or one to load from an `archive` on the router's disk.

    Exactly one of the two is set. `local` says that nobody serves the reference: it was built on this machine, from the
    Dockerfile in the folder `build` if the command says so.
    """

    reference: str | None = None
    archive: str | None = None
    local: bool = False
    build: str | None = None


def valid_reference(text: str) -> bool:
    """Whether Docker accepts this as the name of an image."""
    return len(text) <= _MAX_REFERENCE and _REFERENCE.fullmatch(text) is not None


def image_source(pulling_command: str) -> ImageSource:
    """The image that a pulling command speaks of.

    Parameters
    ----------
    pulling_command
        `singularity pull --name X.simg docker://IMAGE:TAG`, `singularity build X.simg docker-archive:/PATH.tar`,
        `docker build ... && singularity pull ... docker-daemon://IMAGE:TAG`, `docker pull IMAGE:TAG`, or `IMAGE:TAG`.

    Raises
    ------
    DescriptorError
        No form that is known, or a name that Docker does not accept.
    """
    words = pulling_command.split()
    for scheme, local in (("docker-daemon:", True), ("docker://", False)):
        for word in words:
            if word.startswith(scheme):
                reference = _checked(word.removeprefix(scheme).lstrip("/"), pulling_command)
                return ImageSource(reference, local=local, build=_folder(words) if local else None)
    for word in words:
        if word.startswith("docker-archive:/"):
            return ImageSource(archive="/" + word.removeprefix("docker-archive:").lstrip("/"))
    if len(words) == 1 or words[:2] == ["docker", "pull"]:
        return ImageSource(_checked(words[-1], pulling_command))
    message = (
        f"the pulling command {pulling_command!r} names no image; it should end in docker://IMAGE:TAG "
        "(docker-daemon://, docker-archive:/path and a plain IMAGE:TAG are read too)"
    )
    raise DescriptorError(message)


def _folder(words: list[str]) -> str | None:
    """The folder of `docker build -t NAME:TAG FOLDER && ...`."""
    if words[:2] != ["docker", "build"] or "&&" not in words:
        return None
    last = words[words.index("&&") - 1]
    return last if last.startswith("/") else None


def _checked(reference: str, pulling_command: str) -> str:
    if not valid_reference(reference):
        hint = "; Docker wants lower case" if valid_reference(reference.lower()) else ""
        message = f"{reference!r} in the pulling command {pulling_command!r} is no name of an image{hint}"
        raise DescriptorError(message)
    return reference
