"""The port to places where software is published: an account has repositories, a repository has releases."""

from __future__ import annotations

from typing import Protocol

from router.errors import CatalogueError


class SourceUnavailable(CatalogueError):
    """A source does not answer, or asks to wait.

    Parameters
    ----------
    message
        Which, and why.
    wait_s
        Seconds until it makes sense to ask again.
    """

    def __init__(self, message: str, wait_s: float = 60.0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class Accounts(Protocol):
    """Where the software of an account is found. Every method raises `SourceUnavailable`."""

    def repositories(self, username: str) -> list[str]:
        """Names of the repositories of an account; empty when there is no such account."""

    def releases(self, docker_username: str, image: str) -> list[str]:
        """Tags of an image, in the order the registry gives them; empty when there is no such image."""

    def descriptor(self, username: str, repository: str, release: str) -> bytes | None:
        """The descriptor.json of a release; None when there is none."""
