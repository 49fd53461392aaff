"""What a request handler is given: the server's parts, the caller and the request."""

# ruff: noqa: S608 - conditions are written in this package, values are always bound
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from router.core_server.db import Database, Sql
from router.core_server.errors import Forbidden, NotFound, Unauthorized, WrongArgument
from router.core_server.resource import Row
from router.core_server.wire import Arguments

if TYPE_CHECKING:
    from router.core_server.broker import Broker
    from router.core_server.slides import SlideShelf


@dataclass(frozen=True)
class Settings:
    """How this server was started.

    Parameters
    ----------
    data : Path
        Folder of the database and all files.
    job_url : str
        Address that jobs get as their host.
    amqp : str or None
        RabbitMQ's address; without one, execute answers 500.
    dialect : str
        How commands are templated: B (Cytomine 3.x), C (ULiege, BIAFLOWS) or A (legacy).
    max_body : int
        Largest JSON body, bytes.
    max_upload : int
        Largest uploaded file, bytes.
    session_seconds : int
        Life of a session without use.
    web_ui : Path or None
        Folder of a built Cytomine-Web-UI, given by the user.
    retrieval : str or None
        Address of a retrieval server, http://user:password@host:port.
    """

    data: Path
    job_url: str
    amqp: str | None = None
    dialect: str = "B"
    max_body: int = 512 * 2**20
    max_upload: int = 256 * 2**30
    session_seconds: int = 12 * 3600
    web_ui: Path | None = None
    retrieval: str | None = None

    @property
    def slides(self) -> Path:
        """Folder of the slides."""
        return self.data / "slides"

    @property
    def files(self) -> Path:
        """Folder of attached files and job data."""
        return self.data / "files"

    @property
    def incoming(self) -> Path:
        """Folder of uploads that are not complete."""
        return self.data / "incoming"


@dataclass(frozen=True)
class Core:
    """The server's parts."""

    settings: Settings
    db: Database
    broker: Broker
    slides: SlideShelf


@dataclass(frozen=True)
class Caller:
    """Who asks: a person, or a user job that acts for its launcher."""

    id: int
    person: int
    username: str
    algo: bool
    job: int | None
    roles: frozenset[str]

    @property
    def admin(self) -> bool:
        """Whether everything is allowed."""
        return bool(self.roles & {"ROLE_ADMIN", "ROLE_SUPER_ADMIN"})

    @property
    def guest(self) -> bool:
        """Whether only looking is allowed."""
        return self.roles <= {"ROLE_GUEST"}

    def names(self) -> dict[str, Any]:
        """Return the named arguments of the rules' conditions."""
        return {"me": self.person, "self": self.id}


@dataclass
class Received:
    """One uploaded file, complete in the folder of incoming files."""

    name: str
    path: Path
    size: int
    form: dict[str, str]


@dataclass
class Call:
    """One request."""

    core: Core
    request: Request
    sql: Sql
    params: Mapping[str, Any]
    args: Arguments
    body: Any = None
    received: Received | None = None
    known: Caller | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Return who asks, or refuse those who did not say."""
        if self.known is None:
            raise Unauthorized("Unauthorized: sign the request or log in first")
        return self.known

    @property
    def id(self) -> int:
        """Return the identifier in the path."""
        return int(self.params["id"])

    @property
    def base(self) -> str:
        """Return the address under which the caller reached this server, without a trailing slash."""
        headers = self.request.headers
        scheme = headers.get("x-forwarded-proto", self.request.url.scheme).split(",")[0].strip()
        scheme = scheme if scheme in {"http", "https"} else "http"
        return f"{scheme}://{headers.get('host', 'localhost')}"

    @property
    def fields(self) -> dict[str, Any]:
        """Return the body as one JSON object."""
        if self.body is None:
            return {}
        if not isinstance(self.body, dict):
            raise WrongArgument("the body must be one JSON object")
        return self.body

    def must_be_admin(self) -> None:
        """Refuse everybody but administrators."""
        if not self.caller.admin:
            raise Forbidden("You don't have the right to do this: administrators only")

    def row(self, table: str, ident: object, label: str) -> Row:
        """Return a row by identifier, whoever asks.

        Raises
        ------
        NotFound
            When there is none.
        """
        row = self.sql.one(f'SELECT * FROM "{table}" WHERE id = ?', (ident,))
        if row is None:
            raise NotFound.of(label, ident)
        return row
