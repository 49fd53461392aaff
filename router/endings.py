"""The one place that decides how a job ended: facts in, one status for Core and one comment a user can act on out."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import StrEnum

#: Width of Core's column (router-protocol.md 3.1).
COMMENT_LENGTH = 255
SUCCESS, FAILED, KILLED = 3, 4, 8


class StopReason(StrEnum):
    """Why the router itself stopped a job."""

    KILL = "kill"  # a user asked Core, or an operator asked us
    RUN_TIME = "run time"
    NO_OUTPUT = "no output"


class Kind(StrEnum):
    """How a job ended; stored, counted and shown."""

    EXITED = "exited"  # exit code 0
    CRASHED = "crashed"  # another exit code
    OUT_OF_MEMORY = "out of memory"
    SIGNALLED = "signalled"  # killed from outside
    RUN_TIME = "run time"
    NO_OUTPUT = "no output"
    KILLED = "killed"
    IMAGE = "image"  # the image could not be had
    NOT_LAUNCHED = "not launched"  # refused before there was a container
    LOST = "lost"  # the container vanished
    GONE = "gone"  # Core does not know the job any more


@dataclass(frozen=True)
class Facts:
    """What is known when nothing of a job runs any more.

    Parameters
    ----------
    exit_code
        From inspect; None when there was no container.
    out_of_memory
        The engine saw the memory limit hit.
    stop
        Why the router stopped it, if it did.
    kind, problem
        What went wrong without a container, with the words for the user.
    limit
        The limit that was hit, in words ("2 GB", "60 minutes").
    """

    exit_code: int | None = None
    out_of_memory: bool = False
    stop: StopReason | None = None
    kind: Kind | None = None
    problem: str = ""
    limit: str = ""


@dataclass(frozen=True)
class Ending:
    """One status and one comment for Core, if the algorithm itself has not reported a final one."""

    kind: Kind
    status: int
    comment: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "comment", shorten(self.comment))


def decide(facts: Facts, *, unreported_is_success: bool = False) -> Ending:
    """How a job with these facts ended.

    Parameters
    ----------
    facts
        What is known.
    unreported_is_success
        The operator's policy for exit code 0 of an algorithm that never told Core that it succeeded.
    """
    if facts.stop is StopReason.KILL:
        return Ending(Kind.KILLED, KILLED, "Killed on request.")
    if facts.kind is not None:
        return Ending(facts.kind, FAILED, facts.problem.strip() or _WITHOUT_WORDS.get(facts.kind, str(facts.kind)))
    if facts.stop is not None:
        return _limited(facts.stop, facts.limit)
    if facts.exit_code is None:
        return Ending(Kind.LOST, FAILED, _WITHOUT_WORDS[Kind.LOST])
    if facts.exit_code == 0 and not facts.out_of_memory:
        if unreported_is_success:
            return Ending(Kind.EXITED, SUCCESS, "Ended with exit code 0 (the algorithm itself reported nothing).")
        comment = "The algorithm ended with exit code 0 but never reported success to Cytomine. See the log of the job."
        return Ending(Kind.EXITED, FAILED, comment)
    if facts.out_of_memory:
        limit = f" ({facts.limit})" if facts.limit else ""
        comment = (
            f"Out of memory: the algorithm reached its memory limit{limit}. Use smaller images or tiles, "
            "or ask the administrator for a higher limit."
        )
        return Ending(Kind.OUT_OF_MEMORY, FAILED, comment)
    return _crashed(facts.exit_code)


def with_clue(comment: str, last_lines: str) -> str:
    """The comment of a job that crashed, with what its last lines give away, if anything."""
    clue = next((words for sign, words in _CLUES.items() if sign in last_lines), "")
    return shorten(f"{comment} {clue}") if clue else comment


def shorten(comment: str) -> str:
    """The comment as Core's column can hold it, in one line."""
    text = " ".join(comment.split())
    return text if len(text) <= COMMENT_LENGTH else text[: COMMENT_LENGTH - 3] + "..."


def _limited(stop: StopReason, limit: str) -> Ending:
    if stop is StopReason.RUN_TIME:
        comment = (
            f"Stopped: it ran longer than the time limit ({limit}). Use fewer or smaller images, or ask the "
            "administrator for a longer limit."
        )
        return Ending(Kind.RUN_TIME, FAILED, comment)
    comment = (
        f"Stopped: it wrote nothing for {limit} and was taken for stuck. See the log of the job, or ask the "
        "administrator for a longer limit."
    )
    return Ending(Kind.NO_OUTPUT, FAILED, comment)


def _crashed(code: int) -> Ending:
    known = _CODES.get(code)
    if known is not None:
        return Ending(Kind.CRASHED, FAILED, f"{known} (exit code {code}). See the log of the job.")
    if code in {128 + signal.SIGKILL, 128 + signal.SIGTERM}:
        comment = f"Killed from outside (exit code {code}), not by a limit of the router. Launch it again."
        return Ending(Kind.SIGNALLED, FAILED, comment)
    if 128 < code < 160:
        name = _signal_name(code - 128)
        return Ending(
            Kind.CRASHED, FAILED, f"The algorithm crashed: {name} (exit code {code}). See the log of the job."
        )
    return Ending(Kind.CRASHED, FAILED, f"The algorithm failed with exit code {code}. See the log of the job.")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_CODES = {
    126: "The program in the image cannot be executed",
    127: "The program was not found in the image",
    128 + signal.SIGSEGV: "The algorithm crashed: segmentation fault",
    128 + signal.SIGABRT: "The algorithm aborted",
}
_CLUES = {
    "Read-only file system": "It wrote where the image is read-only: ask the administrator for an exception "
    "(read_only_root).",
    "No space left on device": "A disk is full: tell the administrator.",
}
_WITHOUT_WORDS = {
    Kind.LOST: "The container vanished before its result was known (removed by hand, or the engine was reset). "
    "Launch the job again.",
    Kind.GONE: "Cytomine does not know this job any more.",
}
