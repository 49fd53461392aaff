"""The transition table."""

from hypothesis import given
from hypothesis import strategies as st

from router.states import HOLDS_SLOT, TRANSITIONS, UNFINISHED, Event, State, follow

events = st.lists(st.sampled_from(Event), max_size=40)


def walk(path):
    state = State.QUEUED
    for event in path:
        state = follow(state, event) or state
    return state


@given(events)
def test_every_job_can_come_to_its_end_from_wherever_it_is(path):
    state = walk(path)
    for event in (Event.ENDED, Event.LOG_SAFE, Event.REPORTED):
        state = follow(state, event) or state
    assert state is State.DONE


@given(events)
def test_ended_twice_is_ended_once(path):
    before = walk([event for event in path if event is not Event.RETRIED])
    once = follow(before, Event.ENDED) or before
    assert follow(once, Event.ENDED) is None


def test_every_state_is_reached():
    assert set(TRANSITIONS.values()) == set(State)


def test_nothing_runs_again_without_an_operators_wish():
    assert [event for (state, event) in TRANSITIONS if state is State.DONE] == [Event.RETRIED]
    for late in (State.FINISHING, State.REPORTING):
        assert {TRANSITIONS[key] for key in TRANSITIONS if key[0] is late} <= {State.REPORTING, State.DONE}


def test_only_a_job_with_a_slot_starts():
    assert {state for (state, event) in TRANSITIONS if event is Event.STARTED} <= HOLDS_SLOT
    assert State.DONE not in UNFINISHED
