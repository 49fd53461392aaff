"""What is wished (store) against what is (engine): the only writer of job state."""

from router.supervisor.events import Exited, PullEnded, PullSaid, Reported, Wake
from router.supervisor.loop import Supervisor
from router.supervisor.steps import Steps

__all__ = ["Exited", "PullEnded", "PullSaid", "Reported", "Steps", "Supervisor", "Wake"]
