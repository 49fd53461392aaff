import sys

import pytest

from router.core import Job
from router.demo.follow import JobTooSlow, tail, until_final
from tests.support.waiting import wait_for


def job(status: int) -> Job:
    return Job.read({"id": 5, "status": status, "progress": 10})


class Answers:
    """A Core of which only `job` is asked."""

    def __init__(self, *statuses: int) -> None:
        self.left = list(statuses)

    def job(self, job_id: int) -> Job:
        assert job_id == 5
        return job(self.left.pop(0) if len(self.left) > 1 else self.left[0])


def test_every_answer_is_told_until_the_status_is_final() -> None:
    told: list[int] = []
    done = until_final(Answers(1, 2, 4), job(0), lambda found: told.append(found.status), timeout=5)
    assert done.status == 4
    assert told == [1, 2, 4]


def test_a_job_that_hangs_is_named_with_its_status() -> None:
    with pytest.raises(JobTooSlow, match="job 5 has status 2"):
        until_final(Answers(2), job(0), lambda _: None, timeout=0.3)


def test_lines_are_handed_over_while_the_follower_runs_and_it_ends_with_the_block() -> None:
    lines: list[str] = []
    program = "import time; print('one', flush=True); print('two', flush=True); time.sleep(60)"
    with tail([sys.executable, "-c", program], lines.append):
        wait_for("both lines", lambda: len(lines) == 2)
    assert lines == ["one", "two"]
