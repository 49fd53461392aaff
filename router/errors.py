"""The errors of the router: one tree; every message says what was wrong, where, and what to do.

RouterError
|-- CoreError                 Cytomine-Core could not do what was asked
|   |-- CoreUnavailable       retry later: no connection, time-out, 5xx, something that is not JSON
|   |-- CoreUnauthorized      401 or a redirection to a login page: the keys are wrong
|   |-- CoreForbidden         403: this identity may not do this
|   |-- CoreNotFound          404: no such object
|   |-- CoreConflict          409: it exists already
|   `-- CoreRefused           400 and the rest of 4xx: asking again will not help
"""


class RouterError(Exception):
    """Root of every error this package raises on purpose."""


class CoreError(RouterError):
    """Cytomine-Core could not do what was asked.

    Parameters
    ----------
    message
        What was asked, what Core answered, what to do.
    status
        The HTTP status code, None when there was no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class CoreUnavailable(CoreError):
    """Core gave no usable answer (no connection, time-out, 5xx, not JSON): the same call may work later."""


class CoreUnauthorized(CoreError):
    """Core does not know the keys (401), or sent us to a login page."""


class CoreForbidden(CoreError):
    """Core knows the keys and does not allow the call (403), for example in a READ_ONLY project."""


class CoreNotFound(CoreError):
    """The object does not exist in Core (404)."""


class CoreConflict(CoreError):
    """The object exists already (409)."""


class CoreRefused(CoreError):
    """Core found the request itself wrong (400 and other 4xx): asking again will not help."""
