"""Jobs over HTTP: a list, one job, its log whole or live; as pages and as JSON. Nothing can be changed from here."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from router import metrics
from router.http import html
from router.http.live import events

_STATIC = Path(__file__).parent / "static"
_MOST_LISTED, _USUALLY_LISTED = 1000, 100
_MOST_STREAMS = 64
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Jobs(Protocol):
    """What the pages ask; keys are masked in every answer."""

    def listed(self, states: Sequence[str], limit: int) -> list[Mapping[str, Any]]:
        """The newest jobs."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Number of jobs by state."""
        ...

    def shown(self, job: int) -> Mapping[str, Any] | None:
        """Everything about one job."""
        ...

    def over(self, job: int) -> bool | None:
        """Whether nothing will be added to its log any more."""
        ...

    def log(self, job: int) -> Path:
        """Its log file."""
        ...


class Pages:
    """The routes.

    Parameters
    ----------
    jobs
        Is asked.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._stopping = threading.Event()
        self._streams = 0

    def routes(self) -> list[BaseRoute]:
        """What is answered."""
        return [
            Route("/", lambda _: RedirectResponse("/jobs")),
            Route("/jobs", self._list),
            Route("/jobs.json", self._list_json),
            Route("/jobs/{job:int}", self._show),
            Route("/jobs/{job:int}.json", self._show_json),
            Route("/jobs/{job:int}/log", self._log),
            Route("/jobs/{job:int}/log/events", self._live),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]

    def stop(self) -> None:
        """End every live log."""
        self._stopping.set()

    def _list(self, request: Request) -> Response:
        state, found = self._chosen(request)
        return HTMLResponse(html.listing(found, self._jobs.counts(), state), headers=_HEADERS)

    def _list_json(self, request: Request) -> Response:
        return JSONResponse(self._chosen(request)[1], headers=_HEADERS)

    def _chosen(self, request: Request) -> tuple[str | None, list[Mapping[str, Any]]]:
        state = request.query_params.get("state")
        limit = request.query_params.get("limit", "")
        number = min(int(limit), _MOST_LISTED) if limit.isdecimal() and int(limit) else _USUALLY_LISTED
        return state, self._jobs.listed([state] if state else [], number)

    def _show(self, request: Request) -> Response:
        found = self._jobs.shown(request.path_params["job"])
        return _unknown(request) if found is None else HTMLResponse(html.single(found), headers=_HEADERS)

    def _show_json(self, request: Request) -> Response:
        found = self._jobs.shown(request.path_params["job"])
        return _unknown(request) if found is None else JSONResponse(found, headers=_HEADERS)

    def _log(self, request: Request) -> Response:
        job = request.path_params["job"]
        path = self._jobs.log(job)
        if self._jobs.over(job) is None or not path.is_file():
            return _unknown(request)
        return FileResponse(path, media_type="text/plain; charset=utf-8", headers=_HEADERS)

    async def _live(self, request: Request) -> Response:
        job = request.path_params["job"]
        start = request.headers.get("last-event-id") or request.query_params.get("from") or "0"
        if not start.isdecimal():
            return PlainTextResponse("Last-Event-ID: a number of bytes is expected\n", 400, _HEADERS)
        if await run_in_threadpool(self._jobs.over, job) is None:
            return _unknown(request)
        if self._streams >= _MOST_STREAMS:
            return PlainTextResponse(f"{_MOST_STREAMS} logs are followed already; try again later\n", 503, _HEADERS)
        return StreamingResponse(self._counted(job, int(start)), media_type="text/event-stream", headers=_HEADERS)

    async def _counted(self, job: int, start: int) -> AsyncIterator[bytes]:
        self._streams += 1
        metrics.LOG_STREAMS.set(self._streams)
        try:
            async for piece in events(self._jobs.log(job), start, lambda: self._jobs.over(job), self._stopping):
                yield piece
        finally:
            self._streams -= 1
            metrics.LOG_STREAMS.set(self._streams)


def _unknown(request: Request) -> Response:
    return PlainTextResponse(f"there is no job {request.path_params['job']}, or it has no log yet\n", 404, _HEADERS)
