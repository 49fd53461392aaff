"""Output of every kind: very much, very fast, not text, and a disk that is full."""

import os
import subprocess
import time

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(480)]


def fill(path):
    """Leave no byte free on the disk of this file."""
    free = os.statvfs(path.parent)
    with path.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_bsize)


def test_very_fast_output_is_complete_and_core_gets_both_ends(workshop):
    router = workshop.router(logs__attached_bytes=100_000)
    program = """
out = sys.stdout.buffer
for n in range(300):
    out.write(b''.join(b'%08d\\n' % (1000 * n + k) for k in range(1000)))
out.flush()
status(3)
"""
    job = workshop.launch(program)
    workshop.done(router, job)
    lines = router.job_log(job).splitlines()
    assert lines[:300_000] == [f"{n:08}" for n in range(300_000)]
    attached = workshop.attached(job)
    assert attached.startswith("00000000\n")
    assert "bytes are left out here" in attached
    assert "00299999\n[software-router] ended" in attached


def test_bytes_that_are_no_text_do_no_harm(workshop):
    router = workshop.router()
    program = """
out = sys.stdout.buffer
out.write(b'a\\xff\\xfe\\x00\\x80b' + 'é'.encode()[:1])
out.flush()
time.sleep(1)
out.write('é'.encode()[1:] + bytes(range(256)) * 100)
out.flush()
status(3)
"""
    job = workshop.launch(program)
    workshop.done(router, job)
    found = (router.logs_folder / f"{job}.log").read_bytes()
    assert found.startswith(b"a\xff\xfe\x00\x80b" + "é".encode() + bytes(range(256)) * 100)
    assert workshop.status(job) is JobStatus.SUCCESS


def test_a_log_over_its_limit_is_marked_and_the_job_goes_on(workshop):
    router = workshop.router(logs__max_bytes=100_000, logs__attached_bytes=10_000)
    job = workshop.launch("for n in range(100_000): print(f'{n:08}')\nstatus(3)")
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
    log = router.job_log(job)
    assert "reached its limit of 100000 bytes" in log
    assert "00099999\n[software-router] ended" in log
    assert len(log) < 150_000


def test_a_full_disk_under_the_logs_stops_no_job(workshop, tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        router = workshop.router(logs__folder=folder)
        job = workshop.launch("for n in range(400_000): print(f'{n:08}')\nstatus(3)")
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.SUCCESS
        assert "No space left on device" in router.log
        (folder / f"{job}.log").unlink()
        after = workshop.launch("say('fine'); status(3)")
        workshop.done(router, after)
        assert "fine" in workshop.attached(after)
        router.stop()
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_under_the_store_keeps_messages_with_the_broker(workshop, tmp_path):
    folder = tmp_path / "store"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
    try:
        router = workshop.router(store__url=f"sqlite:///{folder / 'router.db'}")
        ballast = folder / "ballast"
        fill(ballast)
        job = workshop.launch("say('ran'); status(3)")
        wait_for("says so", lambda: not router.ready(), timeout=60)
        time.sleep(1)
        assert workshop.status(job) is JobStatus.NOT_LAUNCHED
        ballast.unlink()
        assert workshop.over(job).status == JobStatus.SUCCESS
        wait_for("ready", router.ready, timeout=60)
        router.stop()
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_log_of_a_gigabyte(workshop):
    limit, attached = 300_000_000, 5_000_000
    router = workshop.router(logs__max_bytes=limit)
    program = """
out = sys.stdout.buffer
row = b'x' * 989
for n in range(1_000_000):
    out.write(b'%09d ' % n + row + b'\\n')
out.flush()
status(3)
"""
    job = workshop.launch(program)
    workshop.done(router, job, timeout=400)
    assert workshop.status(job) is JobStatus.SUCCESS
    with (router.logs_folder / f"{job}.log").open("rb") as file:
        for number in range(limit // 1000):
            line = file.readline()
            assert line[:10] == b"%09d " % number
            assert len(line) == 1000
        file.readline()
        assert b"[software-router] the log has reached its limit of 300000000 bytes" in file.readline()
        rest = file.read()
    head, _, tail = rest.partition(b"bytes are lost here: over the limit of this file\n")
    lost = int(head.split()[-1])
    assert 1000 * 1_000_000 - limit == lost + len(tail[: tail.rindex(b"[software-router]")])
    *lines, last = tail.splitlines()
    assert last == b"[software-router] ended with exit code 0"
    assert len(tail) >= attached
    numbers = [int(line[:9]) for line in lines if len(line) == 999]
    assert numbers == list(range(1_000_000 - len(numbers), 1_000_000))
    log = workshop.attached(job)
    assert log.startswith("000000000 x")
    assert "bytes are left out here" in log
    assert log.endswith("[software-router] ended with exit code 0\n")
    assert 2 * attached - 10_000 < len(log) < 2 * attached + 10_000


def test_core_has_the_log_while_the_job_runs(workshop):
    router = workshop.router(logs__attach_every_s=2)
    job = workshop.launch("""
status(2)
say('one'); time.sleep(14)
say('two'); time.sleep(300)
""")
    wait_for("the log in Core", lambda: workshop.admin.attached_files(job), timeout=60)
    assert workshop.attached_now(job) == "one\n"
    wait_for("its next line", lambda: "two" in workshop.attached_now(job), timeout=60)
    assert workshop.job(job).status == JobStatus.RUNNING
    workshop.kill(job)
    workshop.done(router, job)
    assert workshop.attached(job) == router.job_log(job)


def test_half_characters_and_lines_arrive_as_they_were_cut(workshop):
    router = workshop.router()
    program = """
out = sys.stdout.buffer
for byte in 'é€😀'.encode():
    out.write(bytes([byte])); out.flush(); time.sleep(0.3)
out.write(b'\\r50 %\\r100 %'); out.flush()
time.sleep(2)
status(3)
"""
    job = workshop.launch(program)
    log = router.logs_folder / f"{job}.log"
    wait_for("the first half", lambda: log.exists() and log.read_bytes().startswith(b"\xc3"), timeout=60, pause=0.01)
    workshop.done(router, job)
    assert log.read_bytes() == "é€😀\r50 %\r100 %\n[software-router] ended with exit code 0\n".encode()
    assert workshop.attached(job).encode() == log.read_bytes()


def test_a_hundred_lines_a_millisecond(workshop):
    router = workshop.router()
    program = """
began, n = time.perf_counter(), 0
out = sys.stdout.buffer
while n < 200_000:
    out.write(b''.join(b'%08d\\n' % k for k in range(n, n + 100))); out.flush()
    n += 100
    time.sleep(max(0, began + n / 100_000 - time.perf_counter()))
status(3, f'{n / (time.perf_counter() - began) / 1000:.0f} lines a ms')
"""
    job = workshop.launch(program)
    workshop.done(router, job)
    assert workshop.status(job) is JobStatus.SUCCESS
    assert router.job_log(job).splitlines()[:-1] == [f"{n:08}" for n in range(200_000)]
