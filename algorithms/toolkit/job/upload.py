"""Annotations to a Core: in batches, while more are being found, and all of a layer or none."""

from __future__ import annotations

import json
import logging
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from algorithms.toolkit.errors import UploadError
from algorithms.toolkit.geometry import to_cytomine
from algorithms.toolkit.job.session import PAUSES, JobSession, patiently
from router.errors import CoreError, CoreNotFound, CoreUnavailable

log = logging.getLogger(__name__)

#: Annotations in a request, requests at a time, and batches that may wait.
BATCH, SENDERS, WAITING = 500, 2, 8
#: Answers by which a Core says that it has not taken the request.
NOT_TAKEN = {408, 425, 429, 503}
#: Decimals of a coordinate: a thousandth of a pixel.
DECIMALS = 3


class AnnotationLayer:
    """The results of a job on one slide; a context manager that takes everything back on an error.

    Parameters
    ----------
    session : JobSession
        Whose user the annotations belong to.
    project, image : int
    height : int
        Of the slide at full resolution, for the flip.
    term : int or None
    """

    def __init__(self, session: JobSession, project: int, image: int, height: int, term: int | None) -> None:
        self._session = session
        self._common: dict[str, Any] = {"image": image, "project": project}
        if term is not None:
            self._common["term"] = [term]
        self._image, self._height = image, height
        self._buffer: list[BaseGeometry] = []
        self._sent: deque[Future[None]] = deque()
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="upload")

    def add(self, geometries: Sequence[BaseGeometry]) -> None:
        """Take annotations in full-resolution pixels, origin top-left; waits while too many are on their way."""
        self._buffer.extend(geometries)
        while len(self._buffer) >= BATCH:
            batch, self._buffer = self._buffer[:BATCH], self._buffer[BATCH:]
            self._send(batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                if self._buffer:
                    self._send(self._buffer)
                while self._sent:
                    self._sent.popleft().result()
        except BaseException:
            self._give_up()
            raise
        if error is not None:
            self._give_up()
        self._pool.shutdown()

    def _send(self, batch: list[BaseGeometry]) -> None:
        if len(self._sent) >= WAITING:
            self._sent.popleft().result()
        self._sent.append(self._pool.submit(self._post, batch))

    def _post(self, batch: list[BaseGeometry]) -> None:
        flipped = to_cytomine(np.asarray(batch, dtype=object), self._height)
        texts = shapely.to_wkt(flipped, rounding_precision=DECIMALS)
        body = json.dumps([{"location": text, **self._common} for text in texts])
        for pause in (*PAUSES, None):
            try:
                self._session.api.post("annotation.json", body)
            except CoreError as error:
                refused_for_now = isinstance(error, CoreUnavailable) and error.status in NOT_TAKEN
                if not refused_for_now or pause is None:
                    msg = f"{len(batch)} annotations of image {self._image} could not be uploaded: {error}"
                    raise UploadError(msg) from error
                time.sleep(pause)
            else:
                return

    def _give_up(self) -> None:
        """Drop what waits and delete what the Core has taken: results are complete or absent."""
        for future in self._sent:
            future.cancel()
        self._pool.shutdown(wait=True)
        try:
            count = take_back(self._session, self._image)
        except CoreError as error:
            log.warning("the annotations uploaded to image %d could not be taken back: %s", self._image, error)
        else:
            log.info("took back %d annotations of image %d", count, self._image)


def take_back(session: JobSession, image: int) -> int:
    """Delete the annotations of a job's user on an image; return how many there were."""
    query = {"user": session.user, "image": image, "includeAlgo": "true", "showBasic": "true"}
    found = patiently(lambda: session.api.get("annotation.json", query))["collection"]
    own = [item["id"] for item in found if item.get("user", session.user) == session.user]

    def delete(ident: int) -> None:
        try:
            patiently(lambda: session.api.delete(f"annotation/{ident}.json"))
        except CoreNotFound:
            return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(delete, own))
    return len(own)
