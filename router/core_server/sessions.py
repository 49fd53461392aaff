"""Being alive, logging in and out, and what a web user interface asks before anything else."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from router.core_server import auth
from router.core_server.context import Call
from router.core_server.errors import Forbidden
from router.core_server.http import Routes
from router.core_server.resource import Row, as_bool
from router.core_server.users import current
from router.core_server.wire import answer

routes = Routes()


@routes.add("GET POST", "/server/ping", mode="read", public=True)
def ping(call: Call) -> Any:
    """Say that the server is alive, to anybody."""
    known = call.known
    return {
        "alive": True,
        "authenticated": known is not None,
        "version": "3.2.0-embedded",
        "serverURL": call.base,
        "serverID": "embedded",
        "user": known and known.id,
    }


@routes.add("GET", "/status", public=True)
def status(call: Call) -> Any:
    """Say that the server is alive, in the load balancer's words."""
    return {"alive": True, "version": "3.2.0-embedded", "serverURL": call.base}


@routes.add("GET", "/session/admin/open", "/session/admin/close", "/session/admin/info")
def admin_session(call: Call) -> Any:
    """Answer the switch between user and administrator; here an administrator always is one."""
    return current(call)


def _log_in(call: Call, name: str, password: str) -> Row | None:
    user = call.sql.one(
        "SELECT * FROM secuser WHERE (username = :name OR (email = :name AND email <> '')) AND enabled AND NOT algo",
        {"name": name},
    )
    fits = auth.password_fits(password, user["password"] if user else None)
    return user if fits else None


def _secure(call: Call) -> bool:
    return call.base.startswith("https://")


@routes.add("POST", "/j_spring_security_check", mode="own", public=True)
def form_log_in(call: Call) -> Response:
    """Start a session with a cookie (Web-UI v1.4.0)."""
    form = call.fields
    # checking a password takes its time on purpose, so nobody waits for it in a transaction
    with call.core.db.read() as call.sql:
        user = _log_in(call, str(form.get("j_username", "")), str(form.get("j_password", "")))
    if user is None:
        return answer({"success": False, "message": "Bad login or password"}, 403)
    seconds = call.core.settings.session_seconds
    with call.core.db.write() as sql:
        secret = auth.open_session(sql, user["id"], seconds)
    fullname = f"{user['firstname']} {user['lastname']}".strip() or user["username"]
    response = answer({"success": True, "id": user["id"], "fullname": fullname})
    remember = seconds if as_bool(form.get("remember_me")) else None
    response.set_cookie(auth.COOKIE, secret, max_age=remember, httponly=True, samesite="lax", secure=_secure(call))
    return response


@routes.add("POST", "authenticate", mode="own", public=True)
def token_log_in(call: Call) -> Any:
    """Start a session with a bearer token (Web-UI ce-3.0.1)."""
    body = call.fields
    with call.core.db.read() as call.sql:
        user = _log_in(call, str(body.get("username", "")), str(body.get("password", "")))
    if user is None:
        raise Forbidden("Bad login or password")
    with call.core.db.write() as sql:
        secret = auth.open_session(sql, user["id"], call.core.settings.session_seconds)
        short = auth.open_session(sql, user["id"], 300)
    return {"token": secret, "shortTermToken": short}


@routes.add("GET POST", "/logout", mode="write", public=True)
def log_out(call: Call) -> Response:
    """End the session."""
    token = auth.session_token(call.request)
    if token:
        auth.close_session(call.sql, token)
    response = answer({"success": True})
    response.delete_cookie(auth.COOKIE)
    return response
