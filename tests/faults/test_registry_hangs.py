"""The registry of an image says nothing, or stops in the middle: the pull ends by itself and the job says why."""

import hashlib
import json
import time

import pytest

from router.core import JobStatus
from tests.support.stand_in import Answer, StandIn
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

LAYER, CONFIG = hashlib.sha256(b"a layer").hexdigest(), b'{"architecture":"amd64","os":"linux","rootfs":{}}'
KIND = "application/vnd.docker.distribution.manifest.v2+json"
FOR_EVER = 600.0


def silent(_):
    return Answer(delay=FOR_EVER)


def stops_at_a_layer(asked):
    """A registry whose manifest is there and whose layer never comes."""
    if asked.path == "/v2/":
        return Answer({})
    if "/manifests/" in asked.path:
        digest = f"sha256:{hashlib.sha256(CONFIG).hexdigest()}"
        image = "application/vnd.docker.container.image.v1+json"
        layers = [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": 50_000_000,
                "digest": f"sha256:{LAYER}",
            }
        ]
        config = {"mediaType": image, "size": len(CONFIG), "digest": digest}
        manifest = {"schemaVersion": 2, "mediaType": KIND, "config": config, "layers": layers}
        return Answer(json.dumps(manifest).encode(), headers={"Content-Type": KIND})
    return Answer(CONFIG) if LAYER not in asked.path else Answer(delay=FOR_EVER)


@pytest.mark.parametrize("answer", [silent, stops_at_a_layer])
def test_a_stalled_pull_ends(workshop, answer):
    router = workshop.router(images__stalled_s=4)
    with StandIn(answer) as registry:
        place = registry.url.removeprefix("http://")
        began = time.monotonic()
        stalled = workshop.launch("say('never')", image=f"{place}/nobody/has")
        again = workshop.launch("say('never')", image=f"{place}/nobody/has")
        other = workshop.launch("say('ran'); status(3)")
        workshop.done(router, other)
        assert workshop.status(other) is JobStatus.SUCCESS
        workshop.done(router, stalled, again)
        assert 4 <= time.monotonic() - began < 60
        for job in (stalled, again):
            assert workshop.status(job) is JobStatus.FAILED
            assert "said nothing for 4 s" in workshop.job(job).comment
            assert f"{place}/nobody/has" in workshop.job(job).comment
            assert "could not be fetched" in workshop.attached(job)


def test_a_pull_that_takes_too_long_ends(workshop):
    router = workshop.router(images__stalled_s=60, images__timeout_s=5)
    with StandIn(silent) as registry:
        job = workshop.launch("say('never')", image=f"{registry.url.removeprefix('http://')}/nobody/has")
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.FAILED
        assert "5 s" in workshop.job(job).comment


def test_a_job_killed_while_its_image_is_fetched(workshop):
    router = workshop.router(images__stalled_s=60)
    with StandIn(stops_at_a_layer) as registry:
        job = workshop.launch("say('never')", image=f"{registry.url.removeprefix('http://')}/nobody/has")
        wait_for("pulling", lambda: (row := workshop.row(router, job)) and row.state == "pulling", timeout=30)
        wait_for("Core says so", lambda: workshop.status(job) is JobStatus.WAIT, timeout=30)
        workshop.kill(job)
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.KILLED
        assert "killed" in workshop.attached(job)


def test_a_registry_that_refuses_is_quoted(workshop):
    router = workshop.router()
    refusal = {"errors": [{"code": "DENIED", "message": "no pull rights, ask the registry's owner"}]}
    with StandIn(lambda _: Answer(refusal, 403)) as registry:
        job = workshop.launch("say('never')", image=f"{registry.url.removeprefix('http://')}/nobody/has")
        workshop.done(router, job)
        assert workshop.status(job) is JobStatus.FAILED
        assert "no pull rights" in workshop.job(job).comment
