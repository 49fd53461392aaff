"""Who may start."""

from hypothesis import given
from hypothesis import strategies as st

from router.scheduler import Capacity, Need, admit, fits

needs = st.builds(
    Need,
    seq=st.integers(1, 10**6),
    project=st.none() | st.integers(1, 4),
    memory=st.integers(0, 8),
    cpus=st.integers(0, 4),
    gpus=st.integers(0, 2),
)
unique = st.lists(needs, max_size=12, unique_by=lambda need: need.seq)
capacities = st.builds(
    Capacity,
    slots=st.integers(1, 6),
    memory=st.none() | st.integers(1, 10),
    cpus=st.none() | st.integers(1, 8),
    gpus=st.none() | st.integers(0, 3),
)


def test_the_oldest_first():
    waiting = [Need(3), Need(1), Need(2)]
    assert [need.seq for need in admit(waiting, [], Capacity(2))] == [1, 2]


def test_a_project_with_few_running_jobs_goes_first():
    waiting = [Need(1, project=7), Need(2, project=7), Need(3, project=8)]
    chosen = admit(waiting, [Need(0, project=7)], Capacity(3))
    assert [need.seq for need in chosen] == [3, 1]


def test_a_job_too_big_for_the_machine_runs_alone():
    assert admit([Need(1, memory=99)], [], Capacity(4, memory=10)) == [Need(1, memory=99)]
    assert admit([Need(1, memory=99)], [Need(0)], Capacity(4, memory=10)) == []


def test_a_big_job_is_not_starved_by_small_ones_of_its_project():
    waiting = [Need(1, project=7, memory=8), Need(2, project=7, memory=1)]
    assert admit(waiting, [Need(0, project=8, memory=5)], Capacity(4, memory=10)) == []


def test_jobs_with_a_gpu_wait_for_each_other_and_others_do_not():
    waiting = [Need(1, project=7, gpus=1), Need(2, project=8, gpus=1), Need(3, project=9)]
    assert [need.seq for need in admit(waiting, [], Capacity(4, gpus=1))] == [1, 3]
    assert [need.seq for need in admit(waiting, [], Capacity(4, gpus=2))] == [1, 2, 3]
    assert [need.seq for need in admit(waiting, [], Capacity(4))] == [1, 2, 3]


@given(unique, unique, capacities)
def test_never_more_than_the_machine_has(waiting, running, capacity):
    running = running[: capacity.slots]
    chosen = admit(waiting, running, capacity)
    assert len(running) + len(chosen) <= capacity.slots
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(waiting)
    busy = list(running)
    for need in chosen:
        assert fits(need, busy, capacity)
        busy.append(need)


@given(unique, capacities)
def test_an_idle_machine_never_leaves_all_waiting(waiting, capacity):
    assert bool(admit(waiting, [], capacity)) == bool(waiting)
