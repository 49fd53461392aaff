"""Accounts on GitHub and Docker Hub.

The list of an account's repositories is the only call that GitHub limits without a token (60 an hour): it is asked
with the ETag of the last answer, and an unchanged list is free. Descriptors come from the raw host, tags from the Hub.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

from router.catalogue.accounts import SourceUnavailable
from router.descriptor.reading import MAX_BYTES

_TIMEOUTS = (5.0, 30.0)
_PAGE = 100
_MOST_PAGES = 50
_LONGEST_WAIT = 3600.0


class GitHubAccounts:
    """Reads repositories from GitHub and tags from Docker Hub.

    Parameters
    ----------
    github_url, raw_url, hub_url
        Base addresses of GitHub's API, of its raw files, and of Docker Hub.
    token
        Of GitHub; raises the limit from 60 calls an hour to 5,000. Sent to `github_url` only.
    """

    def __init__(
        self,
        github_url: str = "https://api.github.com",
        raw_url: str = "https://raw.githubusercontent.com",
        hub_url: str = "https://hub.docker.com",
        token: str = "",
    ) -> None:
        self._github, self._raw, self._hub = (url.rstrip("/") for url in (github_url, raw_url, hub_url))
        self._token = token
        self._session = requests.Session()
        self._pages: dict[str, tuple[str, Any]] = {}

    def close(self) -> None:
        """Close the sockets."""
        self._session.close()

    def repositories(self, username: str) -> list[str]:
        """Names of the public repositories of a user or an organisation."""
        names: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            found = self._listed(f"{self._github}/users/{quote(username, '')}/repos?per_page={_PAGE}&page={page}")
            names += [str(one["name"]) for one in found or []]
            if not found or len(found) < _PAGE:
                break
        return names

    def releases(self, docker_username: str, image: str) -> list[str]:
        """Tags of an image on Docker Hub, as it orders them."""
        place = f"{self._hub}/v2/repositories/{quote(docker_username.lower(), '')}/{quote(image.lower(), '')}/tags"
        address: str | None = f"{place}?page_size={_PAGE}"
        tags: list[str] = []
        for _ in range(_MOST_PAGES):
            answer = self._get(address) if address and address.startswith(self._hub) else None
            if answer is None:
                break
            found = self._json(answer)
            tags += [str(one["name"]) for one in found.get("results", [])]
            address = found.get("next")
        return tags

    def descriptor(self, username: str, repository: str, release: str) -> bytes | None:
        """The descriptor.json that the Git tag `release` has."""
        parts = "/".join(quote(part, "") for part in (username, repository, release))
        answer = self._get(f"{self._raw}/{parts}/descriptor.json")
        return answer.content[: MAX_BYTES + 1] if answer is not None else None

    def _listed(self, address: str) -> Any:
        """A page of GitHub's API; what has not changed since is taken from memory."""
        etag, known = self._pages.get(address, ("", None))
        headers = {"accept": "application/vnd.github+json", "if-none-match": etag} if etag else {}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        answer = self._get(address, headers)
        if answer is None:
            return None
        if answer.status_code == requests.codes.not_modified:
            return known
        found = self._json(answer)
        if answer.headers.get("etag"):
            self._pages[address] = (answer.headers["etag"], found)
        return found

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> requests.Response | None:
        """The answer; None when there is no such thing."""
        try:
            answer = self._session.get(address, headers=dict(headers or {}), timeout=_TIMEOUTS)
        except requests.RequestException as error:
            message = f"no answer from {address} ({type(error).__name__})"
            raise SourceUnavailable(message) from error
        if answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code in {requests.codes.forbidden, requests.codes.too_many_requests}:
            wait = _pause_wanted(answer)
            message = f"{address} asks to wait {wait:.0f} s; a GitHub token raises its limit"
            raise SourceUnavailable(message, wait)
        if answer.status_code not in {requests.codes.ok, requests.codes.not_modified}:
            message = f"{address} answered {answer.status_code}"
            raise SourceUnavailable(message)
        return answer

    @staticmethod
    def _json(answer: requests.Response) -> Any:
        try:
            return answer.json()
        except ValueError as error:
            message = f"{answer.url} answered something that is not JSON"
            raise SourceUnavailable(message) from error


def _pause_wanted(answer: requests.Response) -> float:
    """How long a source wants to be left alone, in seconds."""
    try:
        if "retry-after" in answer.headers:
            wait = float(answer.headers["retry-after"])
        else:
            wait = float(answer.headers["x-ratelimit-reset"]) - time.time()
    except (KeyError, ValueError):
        wait = 60.0
    return min(_LONGEST_WAIT, max(1.0, wait))
