"""How a job ended: one status and one comment for every combination of facts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.endings import COMMENT_LENGTH, FAILED, KILLED, SUCCESS, Facts, Kind, StopReason, decide, with_clue

facts = st.builds(
    Facts,
    exit_code=st.none() | st.integers(0, 255),
    out_of_memory=st.booleans(),
    stop=st.none() | st.sampled_from(StopReason),
    kind=st.none() | st.sampled_from(Kind),
    problem=st.text(max_size=600),
    limit=st.text(max_size=20),
)


@given(facts, st.booleans())
def test_always_one_status_and_a_comment_that_fits(found, lenient):
    ending = decide(found, unreported_is_success=lenient)
    assert ending.status in {SUCCESS, FAILED, KILLED}
    assert 0 < len(ending.comment) <= COMMENT_LENGTH
    assert "\n" not in ending.comment
    assert (ending.status == KILLED) == (found.stop is StopReason.KILL)


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        (Facts(exit_code=0), Kind.EXITED, "never reported success"),
        (Facts(exit_code=1), Kind.CRASHED, "exit code 1"),
        (Facts(exit_code=127), Kind.CRASHED, "not found"),
        (Facts(exit_code=139), Kind.CRASHED, "segmentation fault"),
        (Facts(exit_code=136), Kind.CRASHED, "SIGFPE"),
        (Facts(exit_code=137), Kind.SIGNALLED, "Killed from outside"),
        (Facts(exit_code=137, out_of_memory=True, limit="64 MB"), Kind.OUT_OF_MEMORY, "64 MB"),
        (Facts(exit_code=0, out_of_memory=True), Kind.OUT_OF_MEMORY, "Out of memory"),
        (Facts(exit_code=143, stop=StopReason.RUN_TIME, limit="2 min"), Kind.RUN_TIME, "2 min"),
        (Facts(exit_code=137, stop=StopReason.NO_OUTPUT, limit="60 s"), Kind.NO_OUTPUT, "60 s"),
        (Facts(exit_code=137, out_of_memory=True, stop=StopReason.KILL), Kind.KILLED, "Killed on request"),
        (Facts(), Kind.LOST, "vanished"),
        (Facts(kind=Kind.IMAGE, problem="no such image"), Kind.IMAGE, "no such image"),
    ],
)
def test_kinds_are_told_apart(found, kind, words):
    ending = decide(found)
    assert ending.kind is kind
    assert words in ending.comment


def test_policy_for_an_algorithm_that_never_reports():
    assert decide(Facts(exit_code=0)).status == FAILED
    assert decide(Facts(exit_code=0), unreported_is_success=True).status == SUCCESS


@pytest.mark.parametrize("sign", ["OSError: [Errno 30] Read-only file system: '/opt'", "No space left on device"])
def test_the_last_lines_say_more(sign):
    plain = decide(Facts(exit_code=1)).comment
    told = with_clue(plain, f"Traceback\n{sign}\n")
    assert told.startswith(plain)
    assert "administrator" in told
    assert len(told) <= COMMENT_LENGTH
    assert with_clue(plain, "Traceback\nKeyError") == plain
