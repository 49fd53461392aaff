"""Bring Core's software up to date with the accounts it names (software user repositories, router-protocol.md 2.1).

Nothing is remembered between refreshes: Core's list of accounts is read each time, so adding and removing one need no
state here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from router.catalogue.accounts import Accounts
from router.catalogue.install import install
from router.catalogue.versions import newest
from router.core import CoreClient, Software, SoftwareUserRepository
from router.descriptor import image_source, parse
from router.errors import CatalogueError, CoreConflict, CoreForbidden, CoreNotFound, CoreRefused, DescriptorError
from router.log import get_logger

log = get_logger(__name__)


@dataclass
class Refreshed:
    """What a refresh did: names of repositories, with the version installed or the reason why not."""

    installed: dict[str, str] = field(default_factory=dict)
    current: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


def refresh_accounts(
    core: CoreClient, accounts: Accounts, *, username: str | None = None, stopped: Callable[[], bool] = lambda: False
) -> Refreshed:
    """Refresh every account Core names, or those of `username` (in any case).

    `stopped` is asked before every repository; what is left then is left to the next refresh.

    Raises
    ------
    SourceUnavailable
        GitHub or Docker Hub is away or asks to wait; what was installed so far stays.
    CoreError
        Core is away.
    """
    done = Refreshed()
    try:
        known = core.user_repositories()
    except CoreNotFound:
        log.debug("a Core without accounts")
        return done
    for account in known:
        if username is None or account.username.lower() == username.lower():
            refresh_account(core, accounts, account, done, stopped=stopped)
    log.info(
        "software refreshed",
        accounts=username or "all",
        installed=done.installed,
        current=len(done.current),
        failed=done.failed,
    )
    return done


def refresh_account(
    core: CoreClient,
    accounts: Accounts,
    account: SoftwareUserRepository,
    done: Refreshed | None = None,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Refreshed:
    """Install the newest release of every repository of an account that is software, if Core has it not yet."""
    done = done or Refreshed()
    if account.provider.lower() not in {"github", ""}:
        log.warning("only GitHub is known", account=account.username, provider=account.provider)
        done.failed[account.username] = f"provider {account.provider} is not known"
        return done
    known = _images(core.software_list())
    for repository in accounts.repositories(account.username):
        if stopped():
            break
        if not repository.lower().startswith(account.prefix.lower()):
            continue
        release = newest(accounts.releases(account.docker_username, repository))
        if release is None:
            log.debug("repository without an image", repository=repository)
        elif f"{account.docker_username}/{repository}:{release}".lower() in known:
            done.current.append(repository)
        elif (reason := _install(core, accounts, account, repository, release)) is None:
            done.installed[repository] = release
        else:
            done.failed[repository] = reason
    return done


def _install(
    core: CoreClient, accounts: Accounts, account: SoftwareUserRepository, repository: str, release: str
) -> str | None:
    """Install one release; None, or why not: what is wrong with one keeps no other out."""
    text = accounts.descriptor(account.username, repository, release)
    if text is None:
        return f"the Git tag {release} has no descriptor.json, or does not exist"
    where = f"{account.username}/{repository}@{release}"
    try:
        install(core, parse(text, where), release, repository=account.id)
    except (CatalogueError, DescriptorError, CoreRefused, CoreForbidden, CoreConflict, CoreNotFound) as error:
        log.warning("release not installed", release=where, reason=str(error))
        return str(error)
    return None


def _images(software: list[Software]) -> set[str]:
    """The images that Core's software runs, in lower case."""
    found = set()
    for one in software:
        try:
            reference = image_source(one.pulling_command).reference
        except DescriptorError:
            continue
        if reference:
            found.add(reference.lower())
    return found
