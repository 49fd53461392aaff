"""A log as server-sent events: at once, whole, taken up again where a browser left off."""

import threading
import time

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.http.live import _BLOCK, _usable, event
from router.states import Event


def read(outside, job=7, most=None, **headers):
    """The events of a log until it ends, or the first `most`: (id, kind, text)."""
    found = []
    with requests.get(f"{outside.url}/jobs/{job}/log/events", headers=headers, stream=True, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        buffer = b""
        for piece in answer.iter_content(None):
            buffer += piece
            *whole, buffer = buffer.split(b"\n\n")
            found += [parsed for one in whole if (parsed := parse(one.decode())) is not None]
            if most is not None and len(found) >= most:
                break
    return found


def parse(text):
    """What a browser makes of one event."""
    fields = [line.partition(": ") for line in text.split("\n")]
    data = [value for name, _, value in fields if name == "data"]
    if not data:
        return None
    named = {name: value for name, _, value in fields}
    return int(named["id"]), named.get("event", "message"), "\n".join(data)


def end(outside, job=7):
    with outside.store.write() as unit:
        row = unit.move(unit.find(job), Event.ENDED, ended_at=1.0)
        unit.move(unit.move(row, Event.LOG_SAFE), Event.REPORTED, done_at=2.0)


def texts(found):
    return "".join(text for _, kind, text in found if kind == "message")


def test_a_log_that_is_over(outside):
    outside.add(7)
    (outside.logs / "7.log").write_text("one\ntwo\nno newline")
    end(outside)
    found = read(outside)
    assert texts(found) == "one\ntwo\nno newline"
    assert found[-1] == (18, "end", "the job is over")


def test_taken_up_again(outside):
    outside.add(7)
    (outside.logs / "7.log").write_text("one\ntwo\n")
    end(outside)
    assert texts(read(outside, **{"Last-Event-ID": "4"})) == "two\n"
    assert texts(read(outside, **{"Last-Event-ID": "8"})) == ""
    assert texts(read(outside, **{"Last-Event-ID": "800"})) == ""
    for nonsense in ("x", "-1", "1.5"):
        answer = requests.get(f"{outside.url}/jobs/7/log/events", headers={"Last-Event-ID": nonsense}, timeout=5)
        assert answer.status_code == 400


def test_lines_come_as_they_are_written(outside):
    outside.add(7)
    log = outside.logs / "7.log"

    def write():
        for n in range(10):
            time.sleep(0.1)
            with log.open("a") as file:
                file.write(f"{n} {time.time()}\n")
        end(outside)

    writer = threading.Thread(target=write)
    writer.start()
    with requests.get(f"{outside.url}/jobs/7/log/events", stream=True, timeout=20) as answer:
        late = [
            time.time() - float(line.split()[2])
            for line in answer.iter_lines(chunk_size=1)
            if line.startswith(b"data: ") and line[6:7].isdigit()
        ]
    writer.join()
    assert len(late) == 10
    assert sorted(late)[8] < 0.2


def test_a_line_without_an_end_is_shown_in_the_end(outside):
    outside.add(7)
    (outside.logs / "7.log").write_bytes("50 %\r60 % é".encode()[:-1])
    assert read(outside, most=1) == [(10, "message", "50 %\n60 % ")]
    end(outside)


def test_a_large_log_comes_whole(outside):
    outside.add(7)
    content = "".join(f"line {n:07}\n" for n in range(100_000))
    (outside.logs / "7.log").write_text(content)
    end(outside)
    found = read(outside)
    assert texts(found) == content
    assert [ident for ident, _, _ in found] == sorted(ident for ident, _, _ in found)


def test_the_router_stops_in_the_middle(outside):
    outside.add(7)
    (outside.logs / "7.log").write_text("one\n")
    stopper = threading.Timer(0.5, outside.server.stop)
    stopper.start()
    began = time.monotonic()
    assert texts(read(outside)) == "one\n"
    stopper.join()
    assert time.monotonic() - began < 5


def test_too_many_readers_are_refused(outside, monkeypatch):
    monkeypatch.setattr("router.http.pages._MOST_STREAMS", 1)
    outside.add(7)
    (outside.logs / "7.log").write_text("one\n")
    with requests.get(f"{outside.url}/jobs/7/log/events", stream=True, timeout=5) as first:
        pieces = first.iter_content(None)  # dropped, it would close the connection
        next(pieces)
        assert requests.get(f"{outside.url}/jobs/7/log/events", timeout=5).status_code == 503
    end(outside)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=60), st.binary(max_size=4), st.booleans(), st.booleans())
def test_nothing_is_lost_wherever_it_is_cut(text, rest, final, impatient):
    data = text.encode() + rest
    used = _usable(data, final=final, impatient=impatient)
    assert 0 <= used <= len(data)
    if final and b"\n" not in data:
        assert used == len(data)
    if rest == b"" and impatient and b"\n" not in data:
        assert data[:used].decode() == text
    parsed = parse(event(data[:used].decode(errors="replace"), used).decode().removesuffix("\n\n"))
    assert parsed[0] == used
    assert parsed[2] == data[:used].decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def test_a_line_longer_than_a_block_does_not_stand_still():
    assert _usable(b"x" * _BLOCK, final=False, impatient=False) == _BLOCK
    assert _usable(b"x" * (_BLOCK - 1), final=False, impatient=False) == 0


@pytest.mark.parametrize(("text", "kind"), [("a\nb\n", ""), ("", "end")])
def test_the_form_of_an_event(text, kind):
    assert event(text, 5, kind).endswith(b"\n\n")
