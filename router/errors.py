"""The errors of the router: one tree; every message says what was wrong, where, and what to do.

RouterError
|-- SettingError              a setting is missing or wrong; names the key and the fix (exit code 2)
|-- StoreError                the store cannot be read or written
|-- LaunchError               this job cannot be started as it was asked for; asking again will not help
|-- EngineError               the engine (Docker, ...) could not do what was asked
|   |-- EngineUnavailable     retry later: the engine does not answer
|   |-- ContainerGone         no such container
|   `-- ImageError            the image cannot be used
|       |-- ImageMissing      it is not here (and the pull policy says never)
|       |-- ImageForbidden    the allow-list does not hold it
|       `-- PullFailed        the registry refused, stalled or took too long
|-- DescriptorError           a descriptor.json cannot be read at all, or names no usable image
|-- CatalogueError            software cannot be installed: bad descriptor, bad archive, source does not answer
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


class SettingError(RouterError):
    """A setting is missing or wrong."""


class StoreError(RouterError):
    """The store cannot be read or written."""


class LaunchError(RouterError):
    """A job cannot be started as it was asked for."""


class EngineError(RouterError):
    """The engine could not do what was asked."""


class EngineUnavailable(EngineError):
    """The engine does not answer; the same call may work later."""


class ContainerGone(EngineError):
    """The engine knows no such container."""


class ImageError(EngineError):
    """The image of a job cannot be used."""


class ImageMissing(ImageError):
    """The image is not here."""


class ImageForbidden(ImageError):
    """The operator's allow-list does not hold the image."""


class PullFailed(ImageError):
    """The image could not be fetched."""


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


class DescriptorError(RouterError):
    """A descriptor.json cannot be read at all, or a pulling command names no image."""


class CatalogueError(RouterError):
    """Software cannot be installed: a bad descriptor or archive, or a source that does not answer."""
