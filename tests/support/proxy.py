"""A proxy in front of the embedded Core that answers in its place when told to: errors, pages, silence."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from tests.support.stand_in import Answer, Asked

#: Not passed on: they belong to one connection.
_OF_THE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

Rule = Callable[[Asked], Answer | None]


class CoreProxy:
    """Passes requests on, unless `rule` has an answer of its own; signatures stay valid, since the path stays.

    Parameters
    ----------
    host, port
        Of the real server; the proxy listens on the same address, another port.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host, self.target = host, port
        self.rule: Rule | None = None
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self._server = ThreadingHTTPServer((host, 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self._server.server_address[1]}"

    def refuse(self, status: int, body: object = "", **headers: str) -> None:
        """Answer everything with this, until `relent`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.rule = lambda _: Answer(body.encode() if isinstance(body, str) else body, status, given)

    def delay(self, seconds: float) -> None:
        """Pass everything on, late, until `relent`."""

        def late(_: Asked) -> None:
            self.stopping.wait(seconds)

        self.rule = late

    def relent(self) -> None:
        """Pass on again."""
        self.rule = None

    def refused(self, method: str, part: str) -> bool:
        """Whether such a request came; for `wait_for`."""
        return any(asked.method == method and part in asked.path for asked in self.asked)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(proxy: CoreProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            asked = Asked(self.command, self.path, headers, self.rfile.read(length))
            rule = proxy.rule
            found = rule(asked) if rule is not None else None
            if rule is not None:
                proxy.asked.append(asked)
            status, given, body = (found.status, found.headers, found.body) if found else self._passed_on(asked)
            self.send_response(status)
            for name, value in given.items():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _passed_on(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection(proxy.host, proxy.target, timeout=60)
            try:
                connection.request(asked.method, asked.target, asked.body or None, asked.headers)
                answer = connection.getresponse()
                return answer.status, dict(answer.getheaders()), answer.read()
            except OSError:
                return 502, {}, b"the server behind the proxy does not answer"
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Be quiet."""

        def handle(self) -> None:
            try:
                super().handle()
            except (ConnectionError, TimeoutError):
                self.close_connection = True

    return Handler
