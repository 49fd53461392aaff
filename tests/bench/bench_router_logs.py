"""How long a line takes from the algorithm's `print` to the job's log file."""

from __future__ import annotations

import base64
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.record import Measurement
from tests.bench.stand import Publisher, running_router, stand

LINES = 1000
PROGRAM = f"import time\nfor n in range({LINES}):\n print('at', time.time(), flush=True)\n time.sleep(0.01)\n"


def command() -> list[str]:
    """Python's own words for the program, without a space in them: Core splits commands at spaces."""
    code = base64.b64encode(PROGRAM.encode()).decode()
    return ["python3", "-c", f"exec(__import__('base64').b64decode('{code}'))"]


def follow(log: Path) -> list[float]:
    """Seconds from print to file of every line, as somebody sees them who looks every half millisecond."""
    late: list[float] = []
    deadline = time.monotonic() + 120
    while not log.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{log} did not appear")
        time.sleep(0.001)
    rest = ""
    with log.open() as file:
        while len(late) < LINES:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(late)} of {LINES} lines in {log}")
            read = file.read()
            now = time.time()
            *lines, rest = (rest + read).split("\n")
            late += [now - float(line.split("at ", 1)[1]) for line in lines if "at " in line]
            time.sleep(0.0005)
    return late


def latency() -> Iterator[Measurement]:
    """95th percentile over a thousand lines; container and router share the machine's clock."""
    with stand() as place, running_router(place) as daemon, Publisher(place.amqp) as publisher:
        software = place.software(" ".join(command()))
        (job,) = place.jobs(software, 1)
        publisher.publish(place.message(job, software))
        late = follow(daemon.logs_folder / f"{job}.log")
    p95 = statistics.quantiles(late, n=20)[-1]
    yield Measurement("router.log_latency_p95_ms", 1000 * p95, "ms", "<= 100")


BENCHES = {("router.log_latency_p95_ms",): latency}
