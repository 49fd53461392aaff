"""Offer software in projects: a project's page shows only what is linked to it."""

from __future__ import annotations

from router.catalogue.versions import version_key
from router.core import CoreClient, Software
from router.errors import CatalogueError


def find_software(core: CoreClient, wanted: str) -> Software:
    """The software with this id or name (`NAME` or `NAME:VERSION`); of several versions the newest offered.

    Raises
    ------
    CatalogueError
        There is none.
    """
    if wanted.isdecimal():
        return core.software(int(wanted))
    name, _, release = wanted.partition(":")
    known = [one for one in core.software_list() if one.name.lower() == name.lower()]
    found = [one for one in known if one.version == release] if release else known
    if not found:
        versions = ", ".join(one.version or "no version" for one in known)
        message = f"Core has no software {wanted}" + (f"; there is {versions}" if known else "; see `software list`")
        raise CatalogueError(message)
    return max(found, key=lambda one: (not one.deprecated, version_key(one.version or "")))


def link(core: CoreClient, software: Software, projects: list[int] | None = None) -> list[int]:
    """Offer the software in the projects, in all of them by default; the ids of those that did not have it yet."""
    wanted = [project.id for project in core.projects()] if projects is None else projects
    return [project for project in wanted if core.link_software(software.id, project)]
