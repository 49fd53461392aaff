"""What Core answered, judged once: everything that is not a usable answer becomes one of our errors."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests

from router.errors import (
    CoreConflict,
    CoreError,
    CoreForbidden,
    CoreNotFound,
    CoreRefused,
    CoreUnauthorized,
    CoreUnavailable,
)

_REASON_LENGTH = 300
_RETRY_LATER = frozenset({408, 425, 429})
_BY_STATUS: dict[int, type[CoreError]] = {
    401: CoreUnauthorized,
    403: CoreForbidden,
    404: CoreNotFound,
    409: CoreConflict,
}


def check(answer: requests.Response, **_: Any) -> None:
    """Raise unless the answer is a 200 (a hook of requests; runs before a redirection is followed).

    Raises
    ------
    CoreError
        The kind follows the status. An HTML page under 404 or 409 comes from a proxy in front of Core and says
        nothing about the object, so it counts as unavailable.
    """
    if answer.status_code == requests.codes.ok:
        return
    try:
        raise _error(answer)
    finally:
        answer.close()


def _error(answer: requests.Response) -> CoreError:
    status = answer.status_code
    what = f"{answer.request.method} {urlsplit(answer.url).path}"
    if answer.is_redirect or 300 <= status < 400:
        place = answer.headers.get("location", "nowhere")
        message = (
            f"{what}: redirected to {place}. Core does that when the keys are wrong or when the address needs the "
            "other of http and https; correct the setting core.url or the keys"
        )
        return CoreUnauthorized(message, status)
    reason = _reason(answer)
    if status >= 500 or status in _RETRY_LATER or (status in {404, 409} and reason is None):
        message = f"{what}: Core answered {status} ({reason or answer.reason}); it may work later"
        return CoreUnavailable(message, status)
    message = f"{what}: Core answered {status} ({reason or answer.reason})"
    if status == 401:
        message += "; check the public and private key"
    return _BY_STATUS.get(status, CoreRefused)(message, status)


def outage(what: str, url: str, error: requests.exceptions.RequestException) -> CoreError:
    """Our error for a request that got no answer."""
    problems = requests.exceptions
    if isinstance(error, problems.InvalidURL | problems.MissingSchema | problems.InvalidSchema):
        return CoreRefused(f"{what}: {url} is no usable address ({error}); correct the setting core.url")
    if isinstance(error, problems.SSLError):
        return CoreUnavailable(f"{what}: the certificate of {url} is not trusted ({error})")
    if isinstance(error, problems.Timeout):
        return CoreUnavailable(f"{what}: {url} did not answer in time")
    return CoreUnavailable(f"{what}: no answer from {url} ({type(error).__name__}); is Core running?")


def _reason(answer: requests.Response) -> str | None:
    """The text of Core's JSON error, None when the body is no JSON object."""
    try:
        body = answer.json()
    except (ValueError, requests.exceptions.RequestException):
        return None
    if not isinstance(body, dict):
        return None
    found = body.get("errors", body.get("message", ""))
    if isinstance(found, dict):
        found = found.get("message", found)
    return str(found)[:_REASON_LENGTH]
