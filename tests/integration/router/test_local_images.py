"""Images that no registry serves: an uploaded Dockerfile is built, an image file loaded, only where it is allowed."""

import io
import json
import subprocess
import tarfile
import zipfile
from uuid import uuid4

import pytest

from router.core import JobStatus
from tests.support.engine import Engine
from tests.support.waiting import wait_for
from tests.support.workshop import PRELUDE, Workshop

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def workshop(amqp, embedded_core, router_daemon):
    return Workshop(embedded_core(amqp), amqp, router_daemon)


def descriptor(name: str) -> str:
    names = ["cytomine_host", "cytomine_public_key", "cytomine_private_key"]
    return json.dumps({
        "name": name, "description": "x", "schema-version": "cytomine-0.1",
        "container-image": {"type": "singularity", "image": f"nobody/{name}"},
        "command-line": " ".join(f"[{one.upper()}]" for one in names),
        "inputs": [{"id": one, "type": "String", "value-key": "[@ID]", "command-line-flag": "--@id",
                    "set-by-server": True} for one in names],
    })  # fmt: skip


def upload(workshop: Workshop, name: str, **files: bytes | str) -> int:
    """Upload a zip as the web page does; the software's id."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, content in {"descriptor.json": descriptor(name), **files}.items():
            archive.writestr(path, content)
    answer = workshop.admin._connection.multipart(
        "software/upload", {"files[]": ("x.zip", io.BytesIO(made.getvalue()), "application/zip")},
        {"name": name, "softwareVersion": "1", "filename": "x.zip"},
    )  # fmt: skip
    software = int((answer.get("software") or answer)["id"])

    wait_for("the parameters", lambda: len(workshop.admin.software_parameters(software)) == 3, 60)
    return software


@pytest.fixture
def name(engine: Engine):
    """A name for images, which are removed."""
    found = f"csr-test-{uuid4().hex[:8]}"
    yield found
    for image in engine.client.images.list():
        for tag in image.tags:
            if tag.startswith(found):
                engine.client.images.remove(tag, force=True)


def test_a_dockerfile_that_was_uploaded_is_built_by_the_first_job(workshop: Workshop, tmp_path, name) -> None:
    router = workshop.router(catalogue__uploads=tmp_path / "uploads", catalogue__allow_dockerfile="true")
    dockerfile = 'FROM cytomine-software-router/base:bookworm\nCOPY run.py /run.py\nENTRYPOINT ["python3", "/run.py"]\n'
    program = PRELUDE + "status(2); say('built here'); status(3)"
    job = workshop.launch(upload(workshop, name, Dockerfile=dockerfile, **{"run.py": program}))
    assert workshop.over(job, 120).status == JobStatus.SUCCESS, router.job_log(job) + router.log[-3000:]
    workshop.done(router, job)
    assert "built here" in workshop.attached(job)
    command = workshop.admin.software(workshop.job(job).software).pulling_command
    place = tmp_path / "uploads" / str(workshop.job(job).software)
    built = f"docker build -t {name}:1 {place} && singularity pull --name {name}-1.simg docker-daemon://{name}:1"
    assert command == built


def test_an_image_that_was_uploaded_is_loaded_by_the_first_job(workshop: Workshop, engine: Engine, tmp_path, name):
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w"):
        pass
    made = engine.client.api.import_image_from_data(
        empty.getvalue(), repository=name, tag="1", changes=['CMD ["/none"]']
    )
    assert "error" not in made
    engine.client.images.get(f"{name}:1").tag(f"{name}-other", "1")
    saved = subprocess.run(["docker", "save", f"{name}:1", f"{name}-other:1"], capture_output=True, check=True).stdout
    for tag in (f"{name}:1", f"{name}-other:1"):
        engine.client.images.remove(tag)
    other = engine.client.images.get("cytomine-software-router/base:bookworm")
    other.tag(f"{name}-other", "1")
    router = workshop.router(catalogue__uploads=tmp_path / "uploads")
    job = workshop.launch(upload(workshop, name, **{"image.tar": saved}))
    found = workshop.over(job, 120)
    workshop.done(router, job)
    row = workshop.row(router, job)
    assert row is not None
    assert row.image.startswith("cytomine-software-router/archive:")
    assert engine.client.images.get(row.image).attrs["Config"]["Cmd"] == ["/none"]
    assert "not found in the image" in (found.comment or "")
    # the names in the file count for nothing: they could be those of other images
    assert engine.client.images.get(f"{name}-other:1").id == other.id
    assert engine.client.images.list(name=f"{name}:1") == []
    engine.client.images.remove(row.image, force=True)


def test_without_leave_nothing_is_built_or_loaded(workshop: Workshop, tmp_path, name) -> None:
    router = workshop.router(images__pull="never")
    software = upload(workshop, name, Dockerfile="FROM scratch\n")
    assert workshop.admin.software(software).pulling_command.endswith(f"docker://nobody/{name}:1")
    command = f"singularity build x.simg docker-archive:{tmp_path}/image.tar"
    (tmp_path / "image.tar").write_bytes(b"")
    workshop._install_as.update_software(workshop.admin.software(software), pullingCommand=command)
    job = workshop.launch(software)
    found = workshop.over(job)
    workshop.done(router, job)
    assert found.status == JobStatus.FAILED
    assert "images.archives" in (found.comment or "")
