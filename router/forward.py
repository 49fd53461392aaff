"""A TCP forwarder, the one door of the jobs' network: `python -m router.forward HOST PORT...`.

Runs in a container of its own (`engines/network.py`), listens on every PORT and passes each connection on to HOST at
the same port, so that an algorithm uses the address that Core gave it. It knows nothing of HTTP or TLS.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from functools import partial

_CONNECT_SECONDS = 30.0
_PIECE = 1 << 16


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy until the end of one direction, then close that direction only."""
    while piece := await source.read(_PIECE):
        target.write(piece)
        await target.drain()
    if target.can_write_eof():
        target.write_eof()


async def _serve(host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer):
        try:
            far = await asyncio.wait_for(asyncio.open_connection(host, port), _CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            print(f"{host}:{port} does not answer: {error or 'time-out'}", file=sys.stderr, flush=True)
            return
        # A side that breaks off ends both: gather leaves the other copy running, closing ends it.
        with contextlib.closing(far[1]), contextlib.suppress(OSError):
            await asyncio.gather(_pass_on(reader, far[1]), _pass_on(far[0], writer))


async def forward(host: str, ports: Sequence[int]) -> None:
    """Forward until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    servers = [await asyncio.start_server(partial(_serve, host, port), "0.0.0.0", port) for port in ports]  # noqa: S104
    print(f"forwarding to {host}, ports {', '.join(map(str, ports))}", flush=True)
    await stopped.wait()
    for server in servers:
        server.close()


def main(arguments: Sequence[str]) -> None:
    """Run with HOST and PORTs."""
    asyncio.run(forward(arguments[0], [int(port) for port in arguments[1:]]))


if __name__ == "__main__":
    main(sys.argv[1:])
