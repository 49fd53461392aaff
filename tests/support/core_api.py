"""Core's REST API by hand: every form of signature, raw bodies, nothing that a client would hide."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import requests


def signature(private_key: str, message: str) -> str:
    """What goes behind the colon of the authorization header."""
    return base64.b64encode(hmac.new(private_key.encode(), message.encode(), hashlib.sha1).digest()).decode()


class Api:
    """One identity at one Core.

    Parameters
    ----------
    url
        The server's address.
    public_key, private_key
        The identity's; None signs nothing.
    """

    def __init__(self, url: str, public_key: str | None = None, private_key: str | None = None) -> None:
        self.url = url
        self.public_key = public_key
        self.private_key = private_key

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        form: str = "path",
        content_type: str | None = "application/json",
        headers: dict[str, str] | None = None,
        files: Any = None,
    ) -> requests.Response:
        """Send a request; `form` is one of path, path-no-type, base, plain, plain-no-type (core-api 1.2 a to e)."""
        path = path if path.startswith("/") else f"/api/{path}"
        arguments: dict[str, Any] = {"files": files} if files else {"json": body} if body is not None else {}
        prepared = requests.Request(method, self.url + path, **arguments).prepare()
        if content_type and not files:
            prepared.headers["Content-Type"] = content_type
        prepared.headers["date"] = formatdate(usegmt=False)
        prepared.headers.update(headers or {})
        if self.public_key and self.private_key:
            target = urlsplit(prepared.url or "")
            raw = target.path + (f"?{target.query}" if target.query else "")
            sent = "" if form.endswith("no-type") else prepared.headers.get("Content-Type", "")
            end = {"path": f"\n{raw}", "base": f"\n/api/{prepared.url}", "plain": ""}[form.removesuffix("-no-type")]
            date = prepared.headers["date"]
            message = f"{method}\n{prepared.headers.get('content-md5', '')}\n{sent}\n{date}{end}"
            prepared.headers["authorization"] = f"CYTOMINE {self.public_key}:{signature(self.private_key, message)}"
        with requests.Session() as session:
            return session.send(prepared, timeout=60, allow_redirects=False)

    def call(self, method: str, path: str, body: Any = None, expect: int | Iterable[int] = 200, **options: Any) -> Any:
        """Send a request that must be answered with `expect`; the parsed answer."""
        answer = self.request(method, path, body, **options)
        expected = {expect} if isinstance(expect, int) else set(expect)
        assert answer.status_code in expected, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content

    def get(self, path: str, **options: Any) -> Any:
        """GET."""
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """POST."""
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        """PUT."""
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Any:
        """DELETE."""
        return self.call("DELETE", path, **options)

    def upload(self, path: str, name: str, content: bytes, **options: Any) -> Any:
        """POST a file as the one multipart part `files[]`."""
        return self.call("POST", path, files={"files[]": (name, content)}, **options)
