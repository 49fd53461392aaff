"""Broker, Core and router on this machine, and one call that runs a job the whole way."""

from pathlib import Path

from router.core import Keys
from router.demo.outcome import Outcome
from router.demo.show import Screen
from router.demo.story import Launch, Story
from tests.support.core import EmbeddedCore
from tests.support.router import RouterDaemon

ROOT = Path(__file__).resolve().parents[2]


class Laboratory:
    """A `router.demo.stack.Place` made of processes instead of containers.

    Parameters
    ----------
    core, router
        Running; the router has registered our descriptors.
    output
        Folder for the results of jobs.
    """

    checkout = ROOT

    def __init__(self, core: EmbeddedCore, router: RouterDaemon, output: Path) -> None:
        self.core = core
        self.router = router
        self.output = output

    @property
    def url(self) -> str:
        return self.core.url

    def admin(self) -> Keys:
        keys = self.core.keys["admin"]
        return Keys(keys["publicKey"], keys["privateKey"])

    def tail_command(self, job: int) -> list[str]:
        return ["tail", "-n", "+1", "-F", str(self.router.logs_folder / f"{job}.log")]

    def run(self, *launches: Launch) -> list[Outcome]:
        """Bring in the slides and run one job after the other, to the end; how each went."""
        return Story(self, Screen(), self.output).tell(launches)
