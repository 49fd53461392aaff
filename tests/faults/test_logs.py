"""Output of every kind: very much, very fast, not text, and a disk that is full."""

import os
import subprocess
import time

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]


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
