"""Starlette under uvicorn, in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from router.errors import SettingError
from router.http.pages import Jobs, Pages
from router.metrics import REGISTRY

Problems = Callable[[], Mapping[str, str]]
_STOP_SECONDS = 5.0


class Outside:
    """The HTTP side of the daemon.

    Parameters
    ----------
    host, port
        Where to listen; loopback by default, since nobody has to log in.
    problems
        What is wrong just now, by part; empty when the router is ready.
    warnings
        What is wrong and keeps no job from running.
    """

    def __init__(self, host: str, port: int, problems: Problems, warnings: Problems) -> None:
        self._host, self._port, self._problems, self._warnings = host, port, problems, warnings
        self._pages: Pages | None = None
        self._application = Starlette(
            routes=[
                Route("/healthz", _alive),
                Route("/readyz", self._ready),
                Route("/metrics", _metrics),
            ]
        )
        config = uvicorn.Config(
            self._application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Listen.

        Raises
        ------
        SettingError
            The address is taken or not ours.
        """
        try:
            self._socket = _listen(self._host, self._port)
        except OSError as error:
            message = f"http.port: {self._host}:{self._port} cannot be listened on ({error.strerror}); choose another"
            raise SettingError(message) from None
        self._thread.start()

    def show(self, jobs: Jobs) -> None:
        """Serve the pages of jobs too, now that there is a store to read them from."""
        self._pages = Pages(jobs)
        self._application.router.routes.extend(self._pages.routes())

    def stop(self) -> None:
        """Stop listening."""
        if self._pages is not None:
            self._pages.stop()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket else None)

    def _ready(self, _: Request) -> Response:
        # Asks parts that may take seconds to answer: Starlette runs what is not async in a thread.
        problems, warnings = dict(self._problems()), dict(self._warnings())
        found = {"ready": not problems, "problems": problems, "warnings": warnings}
        return JSONResponse(found, 503 if problems else 200)


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket. asyncio sets TCP_NODELAY only where the protocol is named; small answers wait 40 ms else."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _metrics(_: Request) -> Response:
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
