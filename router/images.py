"""Have the image of a job here: allow-list, pull policy, one pull at a time for each image, time limits, progress."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fnmatch import fnmatchcase

from router import metrics
from router.descriptor.images import ImageSource
from router.engines.base import Engine
from router.errors import EngineError, ImageForbidden, ImageMissing, PullFailed
from router.local_images import LocalImages
from router.log import get_logger
from router.settings.sections import ImagesSection

log = get_logger(__name__)

_BELIEVED_SECONDS = 60.0
_WORDS_EVERY_SECONDS = 15.0


class Images:
    """The images on the engine.

    Parameters
    ----------
    engine
        Holds and fetches them.
    policy
        The section `images` of the settings.
    said
        Told image and words now and then during a pull, for the users who wait.
    ended
        Told image and problem when a pull ended; an empty problem is success.
    local
        What may be loaded from files and built here.
    """

    def __init__(
        self,
        engine: Engine,
        policy: ImagesSection,
        *,
        said: Callable[[str, str], None],
        ended: Callable[[str, str], None],
        local: LocalImages = LocalImages(),  # noqa: B008 - frozen
    ) -> None:
        self._local, self._made_here = local, dict[str, Callable[[Engine], None]]()
        self._engine, self._policy, self._said, self._ended = engine, policy, said, ended
        self._lock = threading.Lock()
        self._pulling: set[str] = set()
        self._here: dict[str, tuple[str, float]] = {}

    def name(self, source: ImageSource) -> str:
        """The name of an image on the engine; ImageForbidden for a file that may not be loaded."""
        image, make = self._local.find(source)
        if make is not None:
            self._made_here[image] = make
        return image

    def check(self, image: str) -> None:
        """Raise ImageForbidden unless the operator allows this image; files are allowed by their folder."""
        if (
            image in self._made_here
            or not self._policy.allow
            or any(fnmatchcase(image, pattern) for pattern in self._policy.allow)
        ):
            return
        message = f"The image {image} is not on the list of allowed images. Ask the administrator to allow it."
        raise ImageForbidden(message)

    def digest(self, image: str) -> str | None:
        """The image's digest if it is here; an answer is believed for a minute."""
        known = self._here.get(image)
        if known is not None and time.monotonic() - known[1] < _BELIEVED_SECONDS:
            return known[0]
        self.forget(image)
        digest = self._engine.has_image(image) if self._may_be_here(image) else None
        if digest is not None:
            self._here[image] = (digest, time.monotonic())
        return digest

    def _may_be_here(self, image: str) -> bool:
        return self._policy.pull != "always" or image in self._made_here

    def forget(self, image: str) -> None:
        """The engine says it is not here after all."""
        self._here.pop(image, None)

    def fetch(self, image: str) -> None:
        """Fetch an image in a thread of its own, if nobody does already; `ended` tells how it went."""
        with self._lock:
            if image in self._pulling:
                return
            self._pulling.add(image)
        threading.Thread(target=self._pull, args=(image,), name="pull", daemon=True).start()

    def _pull(self, image: str) -> None:
        began = time.monotonic()
        problem = ""
        try:
            self._get(image, began)
            digest = self._engine.has_image(image)
            if digest is None:
                message = f"Image {image} was fetched, and is not there all the same."
                raise PullFailed(message)
            self._here[image] = (digest, time.monotonic())
            metrics.PULL_SECONDS.observe(time.monotonic() - began)
        except EngineError as error:
            problem = str(error)
            log.warning("image not pulled", image=image, reason=problem)
        finally:
            with self._lock:
                self._pulling.discard(image)
        self._ended(image, problem)

    def _get(self, image: str, began: float) -> None:
        """Make it, or fetch it."""
        make = self._made_here.get(image)
        if make is not None:
            log.info("making image", image=image)
            make(self._engine)
            return
        if self._policy.pull == "never":
            message = f"The image {image} is not on this machine, and images.pull is never."
            raise ImageMissing(message)
        log.info("pulling", image=image)
        silence = min(self._policy.stalled_s, self._policy.timeout_s)
        self._engine.pull(image, self._teller(image, began), silence)

    def _teller(self, image: str, began: float) -> Callable[[str], None]:
        """Passes on progress from time to time, and ends a pull that takes too long."""
        last = began

        def tell(words: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - began > self._policy.timeout_s:
                message = f"Image {image} was not fetched within {self._policy.timeout_s:.0f} s."
                raise PullFailed(message)
            if now - last >= _WORDS_EVERY_SECONDS:
                last = now
                self._said(image, words)

        return tell
