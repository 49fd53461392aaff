"""The one place that touches cytomine-python-client: sign, send, time out, and turn every failure into our errors.

The client of 3.0.0 is made for scripts (router-protocol.md section 9): its constructor makes itself the process-wide
singleton and pings for two minutes, its calls have no time-outs, a refusal is `False`, a redirection raises a
BaseException and `dump_all` formats every answer. This subclass keeps its signing and its requests and replaces the
rest, so that several identities live side by side in one process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from cytomine.cytomine import Cytomine, CytomineAuth
from requests.adapters import HTTPAdapter
from requests_toolbelt import MultipartEncoder

from router.core.answers import check, outage
from router.errors import CoreNotFound, CoreRefused, CoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True)
class Keys:
    """The key pair of one identity. Neither `repr` nor `str` shows the private key."""

    public: str
    private: str = field(repr=False)


@dataclass(frozen=True)
class Timeouts:
    """How long one call may take, in seconds: to connect, and between two packets of the answer."""

    connect: float = 5.0
    read: float = 30.0


class _Adapter(HTTPAdapter):
    """Gives every request the time-outs that the client does not set."""

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = (timeouts.connect, timeouts.read)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        options["timeout"] = self._timeouts
        return super().send(request, *args, **options)


class _Client(Cytomine):
    """A `Cytomine` that is no singleton, does not ping, and logs no answers."""

    def __init__(self, url: str, keys: Keys, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        super().__init__(url, keys.public, keys.private, verbose=30, use_cache=False, configure_logging=False)

    def _start(self) -> None:
        self._current_user = None
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(self._timeouts))
        self._session.hooks["response"].append(check)

    def _log_response(self, response: requests.Response, message: object) -> None:
        """Say nothing: `check` has raised already, and an answer may hold keys."""

    def close(self) -> None:
        self._session.close()

    def multipart(self, uri: str, fields: Mapping[str, Any], query: Mapping[str, Any]) -> Any:
        """POST a form with files; the client's own `upload_file` never closes the file it opens."""
        body = MultipartEncoder(fields=dict(fields))
        answer = self._session.post(
            f"{self._base_url()}{uri}",
            auth=CytomineAuth(self._public_key, self._private_key, self._base_url(), self._base_path),
            headers=self._headers(content_type=body.content_type),
            params=dict(query),
            data=body,
        )
        return answer.json()

    def stream(self, uri: str) -> requests.Response:
        """GET bytes; the caller reads and closes. A redirection is handed back, not followed."""
        return self._session.get(
            f"{self._base_url()}{uri}",
            auth=CytomineAuth(self._public_key, self._private_key, self._base_url(), self._base_path),
            headers=self._headers(),
            stream=True,
            allow_redirects=False,
            hooks={"response": _check_unless_elsewhere},
        )


class Connection:
    """One identity at one Core; safe to use from several threads (a client serves one call at a time).

    Parameters
    ----------
    url
        Address of Core, `http://host[:port]`; without a scheme it is http.
    keys
        Who asks.
    timeouts
        For each call.
    """

    def __init__(self, url: str, keys: Keys, timeouts: Timeouts | None = None) -> None:
        self.url = _address(url)
        self.keys = keys
        self.timeouts = timeouts or Timeouts()
        self._idle: list[_Client] = []
        self._lock = threading.Lock()

    def get(self, uri: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET /api/`uri`; the parsed answer."""
        return self._call(f"GET {uri}", lambda client: client.get(uri, query))

    def get_mapped(self, uri: str) -> Any:
        """`get` of a list that some Cores do not have.

        Raises
        ------
        CoreNotFound
            Also for the page that Grails answers where it has no mapping for the path.
        """
        try:
            return self.get(uri)
        except CoreUnavailable as error:
            if error.status == requests.codes.not_found:
                message = f"{self.url} has no /api/{uri}: another kind of Core, or an older one"
                raise CoreNotFound(message, error.status) from error
            raise

    def post(self, uri: str, body: str = "", query: Mapping[str, Any] | None = None) -> Any:
        """POST JSON text to /api/`uri`; the parsed answer."""
        return self._call(f"POST {uri}", lambda client: client.post(uri, body, query))

    def put(self, uri: str, body: str) -> Any:
        """PUT JSON text to /api/`uri`; the parsed answer."""
        return self._call(f"PUT {uri}", lambda client: client.put(uri, body))

    def delete(self, uri: str) -> None:
        """DELETE /api/`uri`."""
        self._call(f"DELETE {uri}", lambda client: client.delete(uri))

    def multipart(self, uri: str, fields: Mapping[str, Any], query: Mapping[str, Any]) -> Any:
        """POST a form with files to /api/`uri`; the parsed answer."""
        return self._call(f"POST {uri}", lambda client: client.multipart(uri, fields, query))

    def download(self, uri: str, target: IO[bytes], limit: int) -> int:
        """Write /api/`uri` to `target` and return the number of bytes; more than `limit` is refused.

        A redirection (Core answers one when a software's source is elsewhere) is followed once, unsigned.
        """
        return self._call(f"GET {uri}", lambda client: _copy(_follow(client.stream(uri), self.timeouts), target, limit))

    def close(self) -> None:
        """Close the sockets that are idle; a later call opens new ones."""
        with self._lock:
            clients, self._idle = self._idle, []
        for client in clients:
            client.close()

    def _call(self, what: str, call: Callable[[_Client], T]) -> T:
        with self._lock:
            client = self._idle.pop() if self._idle else None
        if client is None:
            client = _Client(self.url, self.keys, self.timeouts)
        try:
            return call(client)
        except requests.exceptions.JSONDecodeError as error:
            message = f"{what}: {self.url} answered something that is not JSON; is this address a Cytomine-Core?"
            raise CoreUnavailable(message, 200) from error
        except requests.exceptions.RequestException as error:
            raise outage(what, self.url, error) from error
        finally:
            with self._lock:
                self._idle.append(client)


def _address(url: str) -> str:
    """The URL as requests will send it: the client cuts it from the sent one to find the path to sign."""
    text = url.strip() if "://" in url else f"http://{url.strip()}"
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = f"{url!r} is no address of a Cytomine-Core; write it as http://host or https://host:port"
        raise CoreRefused(message)
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def _check_unless_elsewhere(answer: requests.Response, **_: Any) -> None:
    """`check`, but a redirection to another host is a place to fetch from and no login page."""
    place = urlsplit(answer.headers.get("location", ""))
    if not (answer.is_redirect and place.hostname not in {None, urlsplit(answer.url).hostname}):
        check(answer)


def _follow(answer: requests.Response, timeouts: Timeouts) -> requests.Response:
    """The answer, or what lies where it points; asked without a signature, which is nobody else's business."""
    if not answer.is_redirect:
        return answer
    place = answer.headers["location"]
    answer.close()
    found = requests.get(place, timeout=(timeouts.connect, timeouts.read), stream=True)
    if not found.ok:
        found.close()
        message = f"Core points to {place}, which answers {found.status_code}"
        raise CoreRefused(message, found.status_code)
    return found


def _copy(answer: requests.Response, target: IO[bytes], limit: int) -> int:
    total = 0
    with answer:
        for block in answer.iter_content(1 << 16):
            total += len(block)
            if total > limit:
                message = f"{answer.url} holds more than {limit} bytes; raise the limit if that is right"
                raise CoreRefused(message)
            target.write(block)
    return total
