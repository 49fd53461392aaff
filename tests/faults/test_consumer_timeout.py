"""RabbitMQ closes the channel of a consumer that holds a delivery for too long; a job may take longer than that."""

import pytest

from router.core import JobStatus
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(400)]

# The broker looks once a minute who holds a delivery for longer than its limit.
LONG = "status(2); say('begin'); time.sleep(150); say('end'); status(3)"


@pytest.fixture
def sixty_seconds(broker):
    """A broker with `consumer_timeout` of a minute."""
    before = broker.rabbitmqctl("eval", "application:get_env(rabbit, consumer_timeout, 1800000).").strip()
    broker.rabbitmqctl("eval", "application:set_env(rabbit, consumer_timeout, 60000).")
    yield
    broker.rabbitmqctl("eval", f"application:set_env(rabbit, consumer_timeout, {before}).")


def test_a_job_that_is_longer_than_the_timeout_runs_once(workshop, sixty_seconds, engine):
    router = workshop.router(slots=1)
    first, second = workshop.launch(LONG), workshop.launch("status(2); say('ran'); status(3)")
    wait_for("the first", lambda: "begin" in router.job_log(first), timeout=60)
    containers = {container.id for container in engine.containers(router=router.name)}
    workshop.done(router, first, timeout=240)
    workshop.done(router, second, timeout=60)
    assert [workshop.status(job) for job in (first, second)] == [JobStatus.SUCCESS] * 2
    assert workshop.attached(first).splitlines()[:2] == ["begin", "end"]
    assert workshop.row(router, first).attempt == 1
    assert len(containers) == 1
    assert "queue not consumed" not in router.log
    assert router.log.count("broker connected") == 1
