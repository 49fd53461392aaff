"""Descriptors into Core's software: from a folder, from uploaded zips, from accounts on GitHub and Docker Hub."""

from router.catalogue.accounts import Accounts, SourceUnavailable
from router.catalogue.archive import install_archive, read_archive
from router.catalogue.folder import FolderInstalled, descriptors_in, install_folder
from router.catalogue.github import GitHubAccounts
from router.catalogue.install import Installed, install
from router.catalogue.keep import Keep
from router.catalogue.links import find_software, link
from router.catalogue.refresh import Refreshed, refresh_account, refresh_accounts
from router.catalogue.stored import StoredTasks
from router.catalogue.tasks import Catalogue
from router.catalogue.versions import is_older, newest, own_version, version_key

__all__ = [
    "Accounts",
    "Catalogue",
    "FolderInstalled",
    "GitHubAccounts",
    "Installed",
    "Keep",
    "Refreshed",
    "SourceUnavailable",
    "StoredTasks",
    "descriptors_in",
    "find_software",
    "install",
    "install_archive",
    "install_folder",
    "is_older",
    "link",
    "newest",
    "own_version",
    "read_archive",
    "refresh_account",
    "refresh_accounts",
    "version_key",
]
