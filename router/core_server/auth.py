"""Who asks: HMAC signatures in all forms that clients send, sessions, bearer tokens, passwords."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterator
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.requests import Request

from router.core_server import ids
from router.core_server.context import Caller
from router.core_server.db import Sql
from router.core_server.errors import Unauthorized
from router.core_server.resource import Row

COOKIE = "JSESSIONID"
#: scrypt's cost; about 50 ms and 16 MB a password.
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


def hash_password(password: str) -> str:
    """Return a salted scrypt hash as text."""
    salt = secrets.token_bytes(16)
    digest = hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT["n"], r=SCRYPT["r"], p=SCRYPT["p"])
    return f"scrypt${salt.hex()}${digest.hex()}"


def password_fits(password: str, stored: str | None) -> bool:
    """Tell whether `password` is the one behind the `stored` hash; takes as long for unknown users."""
    _, salt, expected = (stored or f"scrypt${'00' * 16}${'00' * 64}").split("$")
    digest = hashlib.scrypt(
        password.encode("utf-8", "replace"), salt=bytes.fromhex(salt), n=SCRYPT["n"], r=SCRYPT["r"], p=SCRYPT["p"]
    )
    return hmac.compare_digest(digest.hex(), expected) and stored is not None


def sign(private_key: str, message: str) -> str:
    """Return the signature that goes into the authorization header."""
    digest = hmac.new(private_key.encode(), message.encode("utf-8", "surrogateescape"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def messages(request: Request) -> Iterator[str]:
    """Give every text that a client may have signed for this request (core-api 1.2, forms a to f)."""
    headers = request.headers
    raw = request.scope.get("raw_target", b"").decode("latin-1")
    content_types = [headers.get("content-type", ""), ""]
    if headers.get("content-type-full"):
        content_types.reverse()
    host = headers.get("host", "")
    targets = [f"\n{raw}", f"\n/api/http://{host}{raw}", f"\n/api/https://{host}{raw}", ""]
    for date in (headers.get("datefull"), headers.get("date")):
        if date is None:
            continue
        for content_type in dict.fromkeys(content_types):
            for target in targets:
                yield f"{request.method}\n{headers.get('content-md5', '')}\n{content_type}\n{date}{target}"


def caller_of(sql: Sql, user: Row) -> Caller:
    """Return the caller that account `user` stands for; a user job takes its launcher's roles."""
    person = user["user"] if user["algo"] and user["user"] else user["id"]
    roles = sql.all(
        "SELECT authority FROM secrole JOIN secusersecrole ON secrole.id = role WHERE secuser = ?", (person,)
    )
    return Caller(
        user["id"], person, user["username"], bool(user["algo"]), user["job"], frozenset(r["authority"] for r in roles)
    )


def authenticate(sql: Sql, request: Request) -> Caller | None:
    """Return who asks, or None when the request says nothing about it.

    Raises
    ------
    Unauthorized
        When it says something that is wrong.
    """
    authorization = request.headers.get("authorization", "")
    scheme, _, credentials = authorization.partition(" ")
    if scheme == "CYTOMINE":
        return _signed(sql, request, credentials)
    if scheme.lower() == "bearer":
        return _session(sql, credentials.strip(), strict=True)
    token = session_token(request)
    if token and _from_elsewhere(request):
        raise Unauthorized("Unauthorized: a page of another server may not change anything with this session")
    return _session(sql, token, strict=False) if token else None


def _from_elsewhere(request: Request) -> bool:
    """Tell whether a browser says that another server's page sends a request that changes something."""
    origin = request.headers.get("origin", "")
    if request.method in {"GET", "HEAD", "OPTIONS"} or not origin:
        return False
    hosts = {request.headers.get("host", "").lower(), request.headers.get("x-forwarded-host", "").lower()}
    return urlsplit(origin).netloc.lower() not in hosts


def session_token(request: Request) -> str | None:
    """Return the session that the request's cookie names."""
    try:
        cookie = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return None
    return cookie[COOKIE].value if COOKIE in cookie else None


def _signed(sql: Sql, request: Request, credentials: str) -> Caller:
    public, _, signature = credentials.partition(":")
    user = sql.one("SELECT * FROM secuser WHERE publicKey = ? AND enabled", (public,))
    if user is None:
        raise Unauthorized("Unauthorized: unknown public key")
    for message in messages(request):
        if hmac.compare_digest(sign(user["privateKey"], message).encode(), signature.encode()):
            return caller_of(sql, user)
    raise Unauthorized("Unauthorized: the signature does not fit the request")


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _session(sql: Sql, token: str, strict: bool) -> Caller | None:
    user = sql.one(
        "SELECT secuser.* FROM secuser JOIN session ON session.user = secuser.id"
        " WHERE token = ? AND expires > ? AND enabled",
        (_token_hash(token), ids.now()),
    )
    if user:
        return caller_of(sql, user)
    if strict:
        raise Unauthorized("Unauthorized: this session is unknown or over")
    return None


def open_session(sql: Sql, user: int, seconds: int) -> str:
    """Start a session and return its secret; what is over is forgotten."""
    secret = ids.token()
    sql.run("DELETE FROM session WHERE expires <= ?", (ids.now(),))
    sql.run("INSERT INTO session VALUES (?, ?, ?)", (_token_hash(secret), user, ids.now() + seconds * 1000))
    return secret


def close_session(sql: Sql, token: str) -> None:
    """End a session."""
    sql.run("DELETE FROM session WHERE token = ?", (_token_hash(token),))


SCHEMA = (
    "CREATE TABLE session (token TEXT PRIMARY KEY, user INTEGER NOT NULL REFERENCES secuser(id) ON DELETE CASCADE,"
    " expires INTEGER NOT NULL) WITHOUT ROWID;"
)
