"""The store: what is stored once, in which order it comes out, and what a crash leaves."""

import sqlite3
import threading
import time

import pytest

from router.errors import StoreError
from router.states import Event, State
from router.store import NewJob, Store


@pytest.fixture
def store(tmp_path):
    made = Store(f"sqlite:///{tmp_path / 'router.db'}")
    yield made
    made.close()


def add(store, *jobs, **fields):
    with store.write() as unit:
        unit.add_jobs([NewJob(job_id=job, command=["a"], **fields) for job in jobs])


def test_a_job_that_comes_twice_is_stored_once(store):
    add(store, 1, pulling_command="first")
    add(store, 1, 2, pulling_command="second")
    with store.read() as unit:
        assert unit.counts() == {"queued": 2}
        assert unit.find(1).pulling_command == "first"


def test_an_execute_after_its_kill_never_runs(store):
    with store.write() as unit:
        unit.wish_stop(1, "kill")
    add(store, 1)
    with store.read() as unit:
        assert unit.waiting(10) == []
        assert [job.stop for job in unit.to_stop("me")] == ["kill"]


def test_a_kill_of_a_job_that_is_over_changes_nothing(store):
    add(store, 1)
    with store.write() as unit:
        unit.move(unit.find(1), Event.ENDED, ended_at=5.0)
        unit.wish_stop(1, "kill")
        assert unit.find(1).stop is None


def test_of_two_claims_one_wins(store):
    add(store, 1)
    with store.write() as unit:
        job = unit.find(1)
        assert unit.move(job, Event.CLAIMED, owner="a").state is State.PREPARING
        assert unit.move(job, Event.CLAIMED, owner="b") is None
        assert unit.find(1).owner == "a"
        assert [moment.what for moment in unit.timeline(job.seq)] == ["claimed"]


def test_the_oldest_of_every_project_wait_first(store):
    add(store, 1, 2, 3, project=7)
    add(store, 4, project=8)
    with store.write() as unit:
        unit.change(unit.find(2).seq, not_before=unit.now() + 60)
        assert [job.job_id for job in unit.waiting(1)] == [1, 4]
        assert [job.job_id for job in unit.waiting(5)] == [1, 3, 4]
        assert unit.next_time() > unit.now()


def test_reports_of_a_job_come_one_after_the_other(store):
    add(store, 1, 2)
    with store.write() as unit:
        for job in (1, 2):
            seq = unit.find(job).seq
            unit.change(seq, owner="me")
            unit.add_report(seq, job, status=6)
            unit.add_report(seq, job, status=4, final=True)
        first = unit.due_reports("me", 10)
        assert [(report.job_id, report.status) for report in first] == [(1, 6), (2, 6)]
        unit.report_sent(first[0].id)
        unit.report_postponed(first[1].id, "Core away", 60)
        assert [(report.job_id, report.final) for report in unit.due_reports("me", 10)] == [(1, True)]
        assert unit.due_reports("me", 10, without={first[0].seq}) == []
        assert unit.unsent() == 3


def test_a_legacy_job_is_known_by_its_key_until_core_names_it(store):
    add(store, None, public_key="PUB")
    add(store, None, public_key="PUB")
    add(store, 8)
    with store.write() as unit:
        (nameless,) = unit.nameless()
        assert unit.waiting(10) == [unit.find(8)]
        unit.identify(nameless.seq, 7)
        assert unit.find(7).public_key == "PUB"


def test_a_legacy_job_that_is_there_already_is_dropped(store):
    add(store, 7)
    add(store, None, public_key="PUB")
    with store.write() as unit:
        unit.identify(unit.nameless()[0].seq, 7)
        assert unit.counts() == {"queued": 1}


def test_a_transaction_that_fails_leaves_nothing(store):
    def fail():
        with store.write() as unit:
            unit.add_jobs([NewJob(job_id=1, command=["a"])])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as unit:
        assert unit.find(1) is None


def test_what_is_stored_survives_and_is_on_the_disk(tmp_path):
    url = f"sqlite:///{tmp_path / 'router.db'}"
    first = Store(url)
    add(first, 1)
    with first.read() as unit:
        synchronous = unit._connection.exec_driver_sql("PRAGMA synchronous").scalar()
        journal = unit._connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert (synchronous, journal) == (2, "wal")
    again = Store(url)
    with again.read() as unit:
        assert unit.find(1).state is State.QUEUED
    again.close()
    first.close()


def test_what_was_done_long_ago_goes_with_all_that_belongs_to_it(store):
    add(store, 1, 2, 3)
    with store.write() as unit:
        for job in (1, 2):
            moved = unit.move(unit.find(job), Event.ENDED)
            unit.add_report(moved.seq, job, status=4, final=True)
            moved = unit.move(unit.move(moved, Event.LOG_SAFE), Event.REPORTED, done_at=unit.now() - 100 * job)
        old = unit.find(2).seq
        unit.add_dead_letter("q", "young", b"")
        assert unit.prune(150) == 1
        assert len(unit.dead_letters()) == 1
        assert (unit.find(2), unit.timeline(old), unit.unsent()) == (None, [], 1)
        assert unit.prune(150) == 0
        assert unit.counts() == {"queued": 1, "done": 1}


def test_jobs_of_a_router_that_lives_stay_its_own_and_those_of_a_dead_one_are_taken(tmp_path):
    now = [1000.0]
    store = Store(f"sqlite:///{tmp_path / 'router.db'}", clock=lambda: now[0])
    add(store, 1, 2, 3)
    with store.write() as unit:
        unit.join("a", "r", 20)
        unit.join("b", "r", 20)
        for job, owner in ((1, "a"), (2, "b")):
            unit.move(unit.find(job), Event.CLAIMED, owner=owner)
        assert (unit.expire(), unit.take_over("b")) == (0, [])
        now[0] += 15
        assert unit.renew("b", 20)
        now[0] += 15
        assert unit.expire() == 1
        assert not unit.renew("a", 20)
        assert [(job.job_id, job.owner) for job in unit.take_over("b")] == [(1, "b")]
        assert len(unit.holding_slots("b")) == 2
        unit.leave("b")
        assert [job.job_id for job in unit.take_over("c")] == [1, 2]
    store.close()


def test_a_job_that_was_taken_over_does_not_move_for_its_old_owner(store):
    add(store, 1)
    with store.write() as unit:
        mine = unit.move(unit.find(1), Event.CLAIMED, owner="a")
        unit.take_over("b")
        assert unit.move(mine, Event.STARTED) is None
        assert unit.move(unit.find(1), Event.STARTED).owner == "b"


def test_two_routers_never_share_a_file(tmp_path):
    url = f"sqlite:///{tmp_path / 'router.db'}"
    first, second = Store(url), Store(url)
    assert first.alone()
    with pytest.raises(StoreError, match="another router works on"):
        second._database.alone(patience=0.2)
    first.close()
    assert second.alone()
    second.close()


def test_ten_thousand_waiting_jobs_are_not_looked_through(store):
    with store.write() as unit:
        unit.add_jobs([NewJob(job_id=n, command=["a"] * 30, project=n % 7 or None) for n in range(1, 10_001)])
    with store.read() as unit:
        assert [job.job_id for job in unit.waiting(1)] == [1, 2, 3, 4, 5, 6, 7]
        assert len(unit.waiting(4)) == 28
        started = time.perf_counter()
        for _ in range(20):
            unit.waiting(4)
        assert (time.perf_counter() - started) / 20 < 0.02


def test_many_threads_write_at_once(store):
    def write(start):
        for job in range(start, start + 25):
            add(store, job)

    threads = [threading.Thread(target=write, args=(100 * number + 1,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as unit:
        assert unit.counts() == {"queued": 100}


def test_a_file_that_is_no_database_is_said_in_words(tmp_path):
    (tmp_path / "router.db").write_text("this is no database, it is a text of some length" * 30)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:///{tmp_path / 'router.db'}")


def test_a_dead_letter_is_kept_as_it_came(store):
    with store.write() as unit:
        unit.add_dead_letter("q", "not JSON", b"\x00\xff")
        (letter,) = unit.dead_letters()
        unit.replayed(letter.id)
    with store.read() as unit:
        assert (letter.queue, letter.reason, letter.body) == ("q", "not JSON", b"\x00\xff")
        assert unit.dead_letter(letter.id).replayed_at is not None


def test_tasks_wait_for_their_time(store):
    with store.write() as unit:
        unit.add_task("addSoftware", {"SoftwareId": 5})
        (task,) = unit.due_tasks()
        unit.task_postponed(task.id, "Core away", 60)
        assert unit.due_tasks() == []


def test_a_task_belongs_to_one_living_router(store):
    with store.write() as unit:
        unit.join("a", "r", 20)
        unit.join("b", "r", 20)
        unit.add_task("addSoftware", {"SoftwareId": 5})
        unit.add_task("addSoftware", {"SoftwareId": 6})
    with store.write() as unit:
        (first,) = unit.claim_tasks("a", 1)
    with store.write() as unit:
        (second,) = unit.claim_tasks("b")
        assert second.id != first.id
        assert [task.id for task in unit.claim_tasks("a")] == [first.id]  # again, after a crash of the thread
        unit.leave("a")
        assert [task.id for task in unit.claim_tasks("b")] == [first.id, second.id]
        unit.task_postponed(first.id, "Core away", 0)
        unit.join("c", "r", 20)
        assert [task.id for task in unit.claim_tasks("c")] == [first.id]


def test_the_sum_of_the_migrations_is_the_schema(tmp_path):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from router.store.schema import metadata

    store = Store(f"sqlite:///{tmp_path / 'router.db'}")
    with store.read() as unit:
        context = MigrationContext.configure(unit._connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    store.close()
    assert sqlite3.connect(tmp_path / "router.db").close() is None
