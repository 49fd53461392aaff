"""Errors of the embedded Core; each knows the HTTP status that the real Core answers.

CoreError
├── WrongArgument      400  a field, a value or a state that cannot be
├── Unauthorized       401  no or wrong signature, key, password or session
├── Forbidden          403  known caller, not allowed
├── NotFound           404  no such thing (or none that the caller could see)
├── AlreadyExists      409  the same thing is there
├── TooLarge           413  body above its bound
├── Middleware         500  the message broker could not take a message
└── Unavailable        503  a server that this one asks does not answer
"""

from __future__ import annotations

from typing import Any


class CoreError(Exception):
    """Root of all errors that become an answer."""

    status = 500

    def body(self) -> dict[str, Any]:
        """Return the JSON body that clients read the reason from."""
        return {"success": False, "errors": str(self), "errorValues": None}


class WrongArgument(CoreError):
    """The request names a value, field or state that cannot be."""

    status = 400


class Unauthorized(CoreError):
    """The caller did not prove who it is."""

    status = 401


class Forbidden(CoreError):
    """The caller is known and may not do this."""

    status = 403


class NotFound(CoreError):
    """There is no such thing."""

    status = 404

    @classmethod
    def of(cls, label: str, ident: object) -> NotFound:
        """Return the error with Core's wording for class `label`."""
        return cls(f"{label} not found with id : {ident}")

    def body(self) -> dict[str, Any]:
        """Return Core's shape for missing things, which differs from all others."""
        return {"errors": {"message": str(self)}}


class AlreadyExists(CoreError):
    """The same thing exists already."""

    status = 409


class TooLarge(CoreError):
    """The body is larger than its bound."""

    status = 413


class Middleware(CoreError):
    """RabbitMQ could not take the message."""

    status = 500


class Unavailable(CoreError):
    """A server that this one asks does not answer."""

    status = 503
