"""One job's log file: complete, once, whatever crashed in between."""

import json
import os
import resource
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.engines.base import LogChunk, LogPosition
from router.logs import JobLog, LogLimits, excerpt, log_path
from router.logs.file import note_path

PLENTY = LogLimits(whole=10**9, tail=10**6)
KEY = "0b1c2d3e-1111-2222-3333-444455556666"


def engine_log(chunks, since):
    """What an engine answers: chunks from a second on, those already seen skipped."""
    return [chunk for chunk in chunks if chunk.second >= since.second][since.seen :]


def text(folder, job=5):
    return log_path(folder, job).read_bytes()


def test_lines_are_in_the_file_at_once_and_the_end_is_said(tmp_path):
    log = JobLog(tmp_path, 5, "c", (), PLENTY)
    log.write(LogChunk(100, b"one\n"))
    assert text(tmp_path) == b"one\n"
    log.write(LogChunk(100, b"half"))
    log.finish("ended with exit code 0")
    log.close()
    assert text(tmp_path) == b"one\nhalf\n[software-router] ended with exit code 0\n"


def test_secrets_are_masked_wherever_they_are_cut(tmp_path):
    log = JobLog(tmp_path, 5, "c", (KEY,), PLENTY)
    for piece in (KEY[:10], KEY[10:] + "\n", f"x{KEY}y\n"):
        log.write(LogChunk(1, piece.encode()))
    log.finish("end")
    log.close()
    assert KEY.encode() not in text(tmp_path)
    assert text(tmp_path).startswith(b"********\nx********y\n")


seconds = st.lists(st.integers(0, 2), min_size=1, max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seconds, st.lists(st.integers(0, 30), max_size=4), st.booleans())
def test_crashes_lose_and_double_nothing(tmp_path_factory, steps, crashes, noting):
    folder = tmp_path_factory.mktemp("log")
    second, chunks = 1000, []
    for number, step in enumerate(steps):
        second += step
        chunks.append(LogChunk(second, f"line {number} {KEY}\n".encode()))
    for crash in crashes:
        log = JobLog(folder, 5, "c", (KEY,), PLENTY)
        for chunk in engine_log(chunks, log.position)[:crash]:
            log.write(chunk)
            if noting:
                log._noted_at = 0.0
        log.close()  # without finish: as after kill -9, what was written is there
    log = JobLog(folder, 5, "c", (KEY,), PLENTY)
    for chunk in engine_log(chunks, log.position):
        log.write(chunk)
    log.finish("end")
    log.close()
    expected = "".join(f"line {number} ********\n" for number in range(len(steps)))
    assert text(folder).decode() == expected + "[software-router] end\n"


def test_the_ending_may_be_written_again(tmp_path):
    chunks = [LogChunk(1, b"one\n"), LogChunk(1, b"two")]
    for _ in range(3):
        log = JobLog(tmp_path, 5, "c", (), PLENTY)
        for chunk in engine_log(chunks, log.position):
            log.write(chunk)
        log.finish("end")
        log.close()
    assert text(tmp_path) == b"one\ntwo\n[software-router] end\n"


def test_a_further_attempt_is_appended(tmp_path):
    for container in ("first", "second"):
        log = JobLog(tmp_path, 5, container, (), PLENTY)
        log.write(LogChunk(1, f"{container}\n".encode()))
        log.finish("end")
        log.close()
    assert text(tmp_path) == b"first\n[software-router] end\nsecond\n[software-router] end\n"


def test_a_damaged_note_is_no_obstacle(tmp_path):
    note_path(tmp_path, 5).write_text("{")
    log = JobLog(tmp_path, 5, "c", (), PLENTY)
    assert log.position == LogPosition()
    log.close()
    assert json.loads(note_path(tmp_path, 5).read_text())["size"] == 0


def test_a_log_over_its_limit_keeps_its_end_and_says_what_is_missing(tmp_path):
    log = JobLog(tmp_path, 5, "c", (), LogLimits(whole=20, tail=12))
    for number in range(100):
        log.write(LogChunk(1, f"line{number:3}\n".encode()))
    log.finish("end")
    log.close()
    found = text(tmp_path).decode()
    assert found.startswith("line  0\nline  1\nline\n[software-router] the log has reached its limit of 20 bytes")
    assert "764 bytes are lost here" in found
    assert found.endswith("line 98\nline 99\n[software-router] end\n")


def test_a_disk_that_refuses_is_told_in_the_log(tmp_path):
    log = JobLog(tmp_path, 5, "c", (), PLENTY)
    log.write(LogChunk(1, b"before\n"))
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7, hard))
    try:
        log.write(LogChunk(1, b"lost"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
    log.write(LogChunk(1, b"after\n"))
    log.finish("end")
    log.close()
    assert text(tmp_path).decode() == (
        "before\nafter\n\n[software-router] 4 bytes were lost: File too large\n[software-router] end\n"
    )


def test_a_folder_that_cannot_be_made_does_not_stop_the_job(tmp_path):
    (tmp_path / "file").write_text("")
    log = JobLog(tmp_path / "file" / "logs", 5, "c", (), PLENTY)
    log.write(LogChunk(1, b"x"))
    log.finish("end")
    log.close()


@pytest.mark.parametrize("size", [0, 10, 200])
def test_a_short_log_goes_to_core_whole(tmp_path, size):
    path = tmp_path / "1.log"
    path.write_bytes(os.urandom(size))
    assert excerpt(path, 100) == path.read_bytes()


def test_a_long_log_goes_to_core_with_both_ends_and_a_mark(tmp_path):
    path = tmp_path / "1.log"
    path.write_text("".join(f"line {number:04}\n" for number in range(1000)))
    found = excerpt(path, 105).decode()
    first, _, last = found.partition(
        "\n[software-router] 9800 bytes are left out here; the whole log is the router's file 1.log\n\n"
    )
    assert first == "".join(f"line {number:04}\n" for number in range(10))
    assert last == "".join(f"line {number:04}\n" for number in range(990, 1000))


def test_there_may_be_no_log(tmp_path):
    assert excerpt(tmp_path / "1.log", 100) is None
