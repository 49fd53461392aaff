"""A job as it runs when nobody set anything: its own network, a read-only root, its share of the machine."""

import pytest

from router.core import JobStatus
from tests.support.engine import Engine
from tests.support.workshop import Workshop

pytestmark = pytest.mark.timeout(240)

LOOK = """
import pathlib
status(2)
say("HOST " + HOST)
for place in ("/etc/x", "/opt/x", "/usr/x", "/tmp/x", "relative", os.path.expanduser("~/x")):
    try:
        pathlib.Path(place).write_text("x"); say("writable " + place)
    except OSError as error: say("refused " + place + " " + error.strerror)
say("caps " + [line for line in open("/proc/self/status") if line.startswith("CapEff")][0].split()[1])
say("nnp " + [line for line in open("/proc/self/status") if line.startswith("NoNewPrivs")][0].split()[1])
for place in (("1.1.1.1", 443), ("GATEWAY", OTHER)):
    try: socket.create_connection(place, 3).close(); say("reached")
    except OSError: say("silent")
status(3)
"""


@pytest.fixture
def workshop(amqp, embedded_core, router_daemon):
    return Workshop(embedded_core(amqp, name="core.example"), amqp, router_daemon)


def test_a_job_without_any_setting_is_kept_to_itself_and_reports(workshop: Workshop, engine: Engine) -> None:
    engine.image("services")
    router = workshop.router(
        slots=2,
        engine__network="",
        engine__reachable=f"core.example:{workshop.core.port}",
        engine__extra_hosts=f"core.example={workshop.core.host}",
    )
    program = LOOK.replace("GATEWAY", engine.gateway).replace("OTHER", str(router.port))
    job = workshop.launch(program)
    found = workshop.over(job)
    workshop.done(router, job)
    text = workshop.attached(job)
    assert found.status == JobStatus.SUCCESS, text
    said = text.splitlines()
    assert said[0] == f"HOST http://core.example:{workshop.core.port}"
    refused = "Read-only file system"
    assert said[1:9] == [
        f"refused /etc/x {refused}", f"refused /opt/x {refused}", f"refused /usr/x {refused}",
        "writable /tmp/x", "writable relative", "writable /tmp/x", "caps 0000000000000000", "nnp 1",
    ]  # fmt: skip
    assert said[9:11] == ["silent", "silent"]
    router.stop()
    assert engine.client.networks.list(names=[f"{router.name}_jobs"]) == []
    assert engine.containers(router=router.name) == []


def test_the_limits_that_count_are_on_the_container(workshop: Workshop, engine: Engine) -> None:
    router = workshop.router(slots=2, engine__keep_containers="true")
    job = workshop.launch("say('x')")
    workshop.over(job)
    workshop.done(router, job)
    (container,) = engine.containers(router=router.name)
    host = container.attrs["HostConfig"]
    total = engine.client.info()["MemTotal"]
    assert 0.4 * total < host["Memory"] == host["MemorySwap"] < 0.46 * total
    assert host["NanoCpus"] >= 10**9
    assert (host["PidsLimit"], host["ReadonlyRootfs"], host["Init"]) == (4096, True, True)
    assert (host["CapDrop"], host["SecurityOpt"]) == (["ALL"], ["no-new-privileges"])


def test_an_image_that_writes_elsewhere_is_loosened_by_its_name(workshop: Workshop, tmp_path) -> None:
    config = tmp_path / "router.yml"
    config.write_text("software:\n  base:\n    hardening: {read_only_root: false}\n")
    router = workshop.router(config=config, engine__extra_hosts=f"core.example={workshop.core.host}")
    job = workshop.launch("status(2)\nopen('/opt/x', 'w').write('x')\nstatus(3)")
    assert workshop.over(job).status == JobStatus.SUCCESS
    workshop.done(router, job)


def test_a_job_that_crashes_on_the_read_only_root_is_told_so(workshop: Workshop) -> None:
    router = workshop.router(engine__extra_hosts=f"core.example={workshop.core.host}")
    job = workshop.launch("status(2)\nopen('/opt/x', 'w')")
    found = workshop.over(job)
    workshop.done(router, job)
    assert found.status == JobStatus.FAILED
    assert "ask the administrator for an exception (read_only_root)" in (found.comment or "")
