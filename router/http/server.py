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
from starlette.routing import BaseRoute, Route

from router.errors import SettingError
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
    routes
        Further pages.
    """

    def __init__(self, host: str, port: int, problems: Problems, routes: list[BaseRoute] | None = None) -> None:
        self._host, self._port, self._problems = host, port, problems
        application = Starlette(
            routes=[
                Route("/healthz", _alive),
                Route("/readyz", self._ready),
                Route("/metrics", _metrics),
                *(routes or []),
            ]
        )
        config = uvicorn.Config(
            application, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
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
            self._socket = socket.create_server((self._host, self._port))
        except OSError as error:
            message = f"http.port: {self._host}:{self._port} cannot be listened on ({error.strerror}); choose another"
            raise SettingError(message) from None
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        if self._socket is not None:
            self._socket.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket] if self._socket else None)

    async def _ready(self, _: Request) -> Response:
        problems = dict(self._problems())
        return JSONResponse({"ready": not problems, "problems": problems}, 503 if problems else 200)


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n")


def _metrics(_: Request) -> Response:
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
