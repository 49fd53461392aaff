"""`python -m router.demo [--keep]`, called by `make demo`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from router.demo.outcome import Outcome
from router.demo.show import Screen
from router.demo.stack import Stack, running
from router.demo.story import Launch, Story
from router.errors import RouterError

CHECKOUT = Path(__file__).resolve().parents[2]
#: Dark things of a nucleus' size, 110 grey levels darker than glass.
NUCLEI = {"background_contrast": 110, "cytomine_min_area": 60, "cytomine_max_area": 3000}
LAUNCHES = (
    Launch("tissue_finder", "Tissue", ("slide",), {}),
    Launch("object_finder", "Object", ("pyramid",), NUCLEI),
)


def main(arguments: list[str] | None = None) -> int:
    """Run the demonstration; 0 only when all of it really happened."""
    parser = argparse.ArgumentParser(
        prog="python -m router.demo", description="The whole way of a job on this machine."
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running at the end")
    parser.add_argument("--output", type=Path, default=CHECKOUT / "demo-output", help="folder for the results")
    chosen = parser.parse_args(arguments)
    if not (CHECKOUT / "docker/setup/stack.sh").is_file():
        print("error: the demonstration needs the project's checkout; run 'make demo' in it", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    screen, started = Screen(), time.monotonic()
    stack = Stack(CHECKOUT)
    try:
        with running(stack, keep=chosen.keep):
            outcomes = Story(stack, screen, chosen.output).tell(LAUNCHES)
            _conclude(screen, stack, outcomes)
    except RouterError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    problems = [f"job {outcome.job}: {problem}" for outcome in outcomes for problem in outcome.missing]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    screen.step(f"{'NOT all of it happened' if problems else 'done'} in {time.monotonic() - started:.0f} s")
    if chosen.keep:
        screen.step(f"it goes on running; stop it with  make down VOLUMES=1 ROUTER_NAME={stack.name}")
    else:
        screen.step("page and containers are gone again; with  KEEP=1 make demo  they stay")
    return 1 if problems else 0


def _conclude(screen: Screen, stack: Stack, outcomes: list[Outcome]) -> None:
    """Say what came of it and where it is."""
    screen.table(outcomes)
    for outcome in outcomes:
        for file in outcome.files:
            screen.step(f"{outcome.software}: {file}")
    admin = stack.keys("admin")
    screen.step(f"page: {stack.url}  (user {admin['username']}, password {admin['password']})")
    screen.step(f"router's container: {stack.name}")
    screen.step(f"a job's log: {shlex.join(stack.tail_command(outcomes[-1].job))}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
