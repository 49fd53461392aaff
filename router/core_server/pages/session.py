"""The front door: logging in and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from router.core_server.pages.rendering import HEADERS
from router.core_server.pages.site import LOGIN, Page, View, Views

views = Views()

HOME = "/pages/projects"


def _front_door(page: Page) -> Response:
    return page.go(HOME if page.person else LOGIN)


#: The server's bare address, unless a Web-UI lives there.
FRONT_DOOR = View("GET", "/", _front_door, open=True)


def _inside(target: str) -> str:
    """Return `target` when it is a page of this site, else the home page."""
    parts = urlsplit(target)
    safe = not parts.scheme and not parts.netloc and parts.path.startswith("/pages/") and "\\" not in target
    return target if safe and target.isprintable() else HOME


@views.get(LOGIN, public=True)
def log_in(page: Page) -> Response:
    """Show the log-in form."""
    target = _inside(page.query.get("next", ""))
    return page.go(target) if page.person else page.show("login.html", next=target, wrong="", username="")


@views.post(LOGIN, public=True)
def check(page: Page) -> Response:
    """Start a session, or say that name and password do not fit."""
    name, target = page.value("username").strip(), _inside(page.value("next"))
    form = {"j_username": name, "j_password": page.value("password"), "remember_me": "on"}
    answer = page.api.raw("POST", "/j_spring_security_check", form)
    if answer.status_code != 200:
        wrong = "This name and password do not belong together. Look at capitals and spaces."
        return page.show("login.html", 403, next=target, wrong=wrong, username=name)
    response = RedirectResponse(target, 303, headers=HEADERS)
    response.headers["Set-Cookie"] = answer.headers["set-cookie"]
    return response


@views.post("/pages/logout")
def log_out(page: Page) -> Response:
    """End the session."""
    answer = page.api.raw("POST", "/logout")
    response = RedirectResponse(LOGIN, 303, headers=HEADERS)
    response.headers["Set-Cookie"] = answer.headers["set-cookie"]
    return response
