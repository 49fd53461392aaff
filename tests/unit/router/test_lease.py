"""Who owns what, when routers live, stop, freeze, or lose the store."""

import pytest

from router.errors import StoreError
from router.states import Event
from router.store import NewJob, Store
from router.supervisor import lease as leases
from router.supervisor.lease import HELD_SECONDS, LEASE_SECONDS, Lease


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(leases, "_now", lambda: now[0])
    return now


@pytest.fixture
def store(tmp_path, clock):
    made = Store(f"sqlite:///{tmp_path / 'router.db'}", clock=lambda: clock[0])
    with made.write() as unit:
        unit.add_jobs([NewJob(job_id=1, command=["a"])])
    yield made
    made.close()


def keep(store, *kept):
    """One transaction of each router; what each lost and took."""
    said = []
    for lease in kept:
        with store.write() as unit:
            lost, left = lease.keep(unit)
        lease.done()
        said.append((lost, [job.job_id for job in left]))
    return said


def claim(store, lease):
    with store.write() as unit:
        assert unit.move(unit.find(1), Event.CLAIMED, owner=lease.owner) is not None


def test_a_job_stays_with_a_router_that_lives(store, clock):
    first, second = Lease("r", alone=False), Lease("r", alone=False)
    keep(store, first, second)
    claim(store, first)
    for _ in range(20):
        clock[0] += 5
        assert first.due
        assert keep(store, first, second) == [(False, []), (False, [])]
        assert first.held


def test_a_dead_routers_job_is_taken_within_a_minute(store, clock):
    first, second = Lease("r", alone=False), Lease("r", alone=False)
    keep(store, first, second)
    claim(store, first)
    waited = 0
    while keep(store, second) != [(False, [1])]:
        clock[0] += 5
        waited += 5
    assert LEASE_SECONDS <= waited < 60


def test_a_frozen_router_gives_up_before_anybody_takes_and_begins_anew(store, clock):
    frozen, other = Lease("r", alone=False), Lease("r", alone=False)
    keep(store, frozen, other)
    claim(store, frozen)
    before = frozen.owner
    for _ in range(int(HELD_SECONDS) // 5 + 1):
        clock[0] += 5
        assert keep(store, other) == [(False, [])]
    assert not frozen.held
    clock[0] += 10
    assert keep(store, other) == [(False, [1])]
    assert keep(store, frozen) == [(True, [])]
    assert frozen.owner != before
    assert frozen.held


def test_after_an_outage_of_the_store_everybody_takes_up_its_own(store, clock):
    first, second = Lease("r", alone=False), Lease("r", alone=False)
    keep(store, first, second)
    claim(store, first)
    clock[0] += 100
    assert keep(store, second, first) == [(True, []), (True, [1])]


def test_a_router_that_stops_in_order_leaves_its_jobs_at_once(store, clock):
    first, second = Lease("r", alone=False), Lease("r", alone=False)
    keep(store, first, second)
    claim(store, first)
    with store.write() as unit:
        first.leave(unit)
    assert keep(store, second) == [(False, [1])]


def test_alone_everything_found_is_ours_at_once(store):
    killed, again = Lease("r", alone=True), Lease("renamed", alone=True)
    keep(store, killed)
    claim(store, killed)
    assert keep(store, again) == [(False, [1])]
    assert not again.due


def test_a_transaction_that_failed_changed_nothing(store, clock):
    lease = Lease("r", alone=False)
    keep(store, lease)
    before = lease.owner
    clock[0] += HELD_SECONDS + 1

    def fail():
        with store.write() as unit:
            lease.keep(unit)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    lease.undone()
    assert lease.owner == before
    assert not lease.held
    assert keep(store, lease)[0][0]
    assert lease.held


def test_routers_of_two_names_do_not_share_a_store(store):
    first, second = Lease("r", alone=False), Lease("s", alone=False)
    keep(store, first)
    with pytest.raises(StoreError, match="a router named r works on this store"):
        keep(store, second)
