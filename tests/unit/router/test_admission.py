"""What stored jobs want of the machine, and what they hold once they run."""

import pytest

from router.engines.fake import FakeEngine
from router.settings import Settings
from router.states import Event
from router.store import NewJob, Store
from router.supervisor.admission import Admission


@pytest.fixture
def store(tmp_path):
    found = Store(f"sqlite:///{tmp_path / 'router.db'}")
    yield found
    found.close()


def _settings(**engine):
    return Settings(slots=4, engine={"kind": "fake", **engine}, ceiling={"gpus": -1, "processes": None})


def _admitted(store, settings):
    """Start what may start; their ids."""
    admission = Admission(settings, FakeEngine())
    with store.write() as unit:
        started = admission.chosen(unit.waiting(4), unit.holding_slots("me"))
        for job, taken in started:
            unit.move(job, Event.CLAIMED, owner="me", **taken)
    return [job.job_id for job, _ in started]


def _wish(job, gres):
    return NewJob(job, ["x"], "docker pull a/b:1", {"gres": gres} if gres else {}, project=job)


def test_jobs_that_need_a_gpu_take_turns(store):
    with store.write() as unit:
        unit.add_jobs([_wish(1, "gpu:1"), _wish(2, "gpu:1"), _wish(3, "")])
    assert _admitted(store, _settings(gpus=1)) == [1, 3]
    assert _admitted(store, _settings(gpus=1)) == []
    assert _admitted(store, _settings(gpus=2)) == [2]


def test_gpus_that_nobody_counts_are_shared(store):
    with store.write() as unit:
        unit.add_jobs([_wish(1, "gpu:1"), _wish(2, "gpu:1")])
    assert _admitted(store, _settings()) == [1, 2]


def test_a_job_that_gets_all_gpus_runs_beside_none(store):
    settings = _settings(gpus=2)
    everything = Settings(slots=4, engine={"kind": "fake", "gpus": 2}, software={"b": {"limits": {"gpus": -1}}})
    with store.write() as unit:
        unit.add_jobs([_wish(1, "")])
    assert _admitted(store, everything) == [1]
    with store.write() as unit:
        unit.add_jobs([_wish(2, "gpu:1")])
    assert _admitted(store, settings) == []
