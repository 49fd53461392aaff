"""From a request to a page: the session, the guard against foreign forms, templates, errors in plain words."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from router.core_server.auth import authenticate, session_token
from router.core_server.context import Caller, Core
from router.core_server.db import Sql
from router.core_server.errors import CoreError, Forbidden, NotFound, TooLarge, Unauthorized
from router.core_server.pages.api import Api, Table
from router.core_server.pages.rendering import HEADERS, render

logger = logging.getLogger(__name__)

LOGIN = "/pages/login"
#: Largest form, bytes; a drawn outline of 50,000 points fits.
MAX_FORM = 4 * 2**20

_TITLES = {
    400: "That did not work",
    403: "This is not open to you",
    404: "There is nothing here",
    409: "This exists already",
    413: "That was too large",
}


@dataclass
class Page:
    """One request for a page: who asks, what was sent, and the API as that person."""

    core: Core
    request: Request
    api: Api
    person: Caller | None
    params: Mapping[str, Any]
    form: dict[str, list[str]] = field(default_factory=dict)
    sent: Any = None

    @property
    def caller(self) -> Caller:
        """Return who is logged in, or send her to the log-in page."""
        if self.person is None:
            raise Unauthorized("log in first")
        return self.person

    @property
    def query(self) -> Mapping[str, str]:
        """Return the values behind the question mark."""
        return self.request.query_params

    def value(self, name: str, default: str = "") -> str:
        """Return the last value that the form holds under `name`."""
        return self.form.get(name, [default])[-1]

    @property
    def partial(self) -> bool:
        """Whether htmx asks for a piece of the page it shows already."""
        return "hx-request" in self.request.headers

    def show(self, template: str, status: int = 200, **context: Any) -> Response:
        """Return a rendered template."""
        secret = session_token(self.request)
        token = csrf_token(secret) if secret and self.person else ""
        return render(template, status, person=self.person, csrf=token, here=self.request.url.path, **context)

    def go(self, path: str) -> Response:
        """Send the browser to another page, also out of a piece that htmx loaded."""
        if self.partial:
            return Response(status_code=200, headers={**HEADERS, "HX-Redirect": path})
        return RedirectResponse(path, 303, headers=HEADERS)


Handler = Callable[[Page], Response]


@dataclass(frozen=True)
class View:
    """One address of the site."""

    method: str
    path: str
    handler: Handler
    open: bool


@dataclass
class Views:
    """The addresses of one part of the site."""

    views: list[View] = field(default_factory=list)

    def get(self, path: str, public: bool = False) -> Callable[[Handler], Handler]:
        """Return a decorator that shows a page at `path`."""
        return self._add("GET", path, public)

    def post(self, path: str, public: bool = False) -> Callable[[Handler], Handler]:
        """Return a decorator that takes a form at `path`."""
        return self._add("POST", path, public)

    def _add(self, method: str, path: str, public: bool) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self.views.append(View(method, path, handler, public))
            return handler

        return register


def csrf_token(secret: str) -> str:
    """Return the word that proves a form came from a page of this session."""
    return hmac.new(secret.encode(), b"pages", hashlib.sha256).hexdigest()


def endpoint(core: Core, table: Table, view: View) -> Callable[[Request], Any]:
    """Return the function that Starlette calls for a view."""

    async def serve(request: Request) -> Response:
        try:
            body = await _body(request) if view.method == "POST" else b""
            return await to_thread.run_sync(_answer, core, table, view, request, body)
        except ClientDisconnect:
            return Response(status_code=499)

    return serve


def _answer(core: Core, table: Table, view: View, request: Request, body: bytes) -> Response:
    person: Caller | None = None
    try:
        person = _person(core, request)
        transaction: AbstractContextManager[Sql | None] = core.db.read() if view.method == "GET" else nullcontext()
        with transaction as sql:
            api = Api(core, table, request, person, sql)
            page = Page(core, request, api, person, request.path_params)
            if not view.open:
                _ = page.caller
            if view.method == "POST":
                page.form, page.sent = _read(request, body)
                _refuse_foreign(page, view)
            return view.handler(page)
    except Unauthorized:
        return _to_login(request)
    except CoreError as error:
        return _explain(request, error, person)
    except OverflowError:
        return _explain(request, NotFound("no such page"), person)


def _person(core: Core, request: Request) -> Caller | None:
    with core.db.read() as sql:
        return authenticate(sql, request)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_FORM:
            msg = f"forms hold at most {MAX_FORM} bytes"
            raise TooLarge(msg)
        parts.append(part)
    return b"".join(parts)


def _read(request: Request, body: bytes) -> tuple[dict[str, list[str]], Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            return {}, json.loads(body)
        except (ValueError, RecursionError):
            return {}, None
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), None


def _refuse_foreign(page: Page, view: View) -> None:
    origin = page.request.headers.get("origin")
    if origin and urlsplit(origin).netloc != page.request.headers.get("host"):
        raise Forbidden("this form was sent from another site")
    if view.open:
        return
    given = page.request.headers.get("x-csrf-token") or page.value("csrf")
    secret = session_token(page.request) or ""
    if not hmac.compare_digest(given.encode(), csrf_token(secret).encode()):
        raise Forbidden("this form is too old: open the page again and repeat what you did")


def _to_login(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = LOGIN if here in {"/", LOGIN} or request.method != "GET" else f"{LOGIN}?next={quote(here, safe='')}"
    if "hx-request" in request.headers:
        return Response(status_code=200, headers={**HEADERS, "HX-Redirect": LOGIN})
    return RedirectResponse(target, 303, headers=HEADERS)


def _explain(request: Request, error: CoreError, person: Caller | None) -> Response:
    if error.status >= 500:
        logger.error("%s: %s", request.url.path, error)
    if "hx-request" in request.headers or "x-csrf-token" in request.headers:
        return render("notice.html", error.status, message=_sentence(error))
    secret = session_token(request)
    token = csrf_token(secret) if secret and person else ""
    title = _TITLES.get(error.status, "Something went wrong on the server")
    return render("error.html", error.status, person=person, csrf=token, here="", title=title, message=_sentence(error))


def _sentence(error: CoreError) -> str:
    if error.status == 404:
        return "It was removed, or its address was mistyped."
    text = str(error).strip() or "No reason was given."
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
