"""Start the embedded Core: ``python -m router.core_server --data DIR --port P``.

Annotations and slides in and out: ``python -m router.core_server import -h`` and ``export -h``.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from router.core_server.app import build, open_core
from router.core_server.context import Settings


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    arguments = argparse.ArgumentParser(prog="python -m router.core_server", description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="folder of the database and all files")
    arguments.add_argument("--port", type=int, required=True, help="port to listen on (0: any free one)")
    arguments.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    arguments.add_argument(
        "--amqp",
        default=os.environ.get("CORE_AMQP"),
        help="RabbitMQ's address, amqp://user:password@host:port/vhost (default: the variable CORE_AMQP)",
    )
    arguments.add_argument("--job-url", help="address of this server that jobs get (default: the one listened on)")
    arguments.add_argument("--dialect", choices=("A", "B", "C"), default="B", help="how commands are made")
    arguments.add_argument(
        "--retrieval",
        default=os.environ.get("CORE_RETRIEVAL"),
        help="retrieval server for similar annotations, http://user:password@host:port (default: CORE_RETRIEVAL)",
    )
    arguments.add_argument("--web-ui", type=Path, help="folder of a built Cytomine-Web-UI to serve")
    return arguments


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises
    ------
    SystemExit
        When the port is taken, saying what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        msg = f"cannot listen on {host}:{port}: {error}; choose another --port (0 finds one)"
        raise SystemExit(msg) from error
    return listener


def spare_collector() -> None:
    """Keep the garbage collector off what lives for ever; listings make many objects and no cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the server until SIGTERM or SIGINT, or one of the commands import and export."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words[:1] in (["import"], ["export"]):
        from router.core_server import transfer

        transfer.main(words)
        return
    options = parser().parse_args(words)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    listener = listen(options.host, options.port)
    with listener:
        port = listener.getsockname()[1]
        url = f"http://{f'[{options.host}]' if ':' in options.host else options.host}:{port}"
        settings = Settings(
            data=options.data.resolve(),
            job_url=(options.job_url or url).rstrip("/"),
            amqp=options.amqp,
            dialect=options.dialect,
            web_ui=options.web_ui,
            retrieval=options.retrieval,
        )
        core, announcements = open_core(settings)
        print(f"Cytomine-Core (embedded) at {url}/ - keys in {settings.data / 'keys.json'}", flush=True)
        config = uvicorn.Config(
            build(core, announcements), log_level="warning", access_log=False, timeout_graceful_shutdown=5
        )
        spare_collector()
        # uvicorn raises the signal once more when it has stopped in order: that is no failure
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
