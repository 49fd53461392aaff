"""A container as the community publishes them runs unmodified: client 2.3.4, its documented entry point."""

import io
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile

from router.catalogue import install
from router.core import JobStatus
from router.descriptor import parse
from tests.support.core_api import Api
from tests.support.engine import Engine
from tests.support.workshop import Workshop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

FOLDER = Path(__file__).with_name("published")
IMAGE, TAG = "cytomine-software-router/test-published", "2.3.4"
BASE = "cytomine-software-router/base:bookworm"


@pytest.fixture(scope="module", autouse=True)
def _image(engine: Engine) -> None:
    command = ["docker", "build", "-q", "-t", f"{IMAGE}:{TAG}", "--build-arg", f"BASE={BASE}", str(FOLDER)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=350)
    assert built.returncode == 0, built.stderr


def _slide() -> bytes:
    """White, 600 x 400, with a dark rectangle from (100, 50) to (300, 200)."""
    pixels = np.full((400, 600, 3), 255, np.uint8)
    pixels[50:200, 100:300] = 20
    made = io.BytesIO()
    tifffile.imwrite(made, pixels, tile=(256, 256), photometric="rgb")
    return made.getvalue()


def test_it_reads_images_and_writes_annotations_files_and_progress(amqp, embedded_core, router_daemon) -> None:
    workshop = Workshop(embedded_core(amqp), amqp, router_daemon)
    router = workshop.router()
    keys = workshop.core.keys["admin"]
    admin = Api(workshop.core.url, keys["publicKey"], keys["privateKey"])
    ontology = admin.get(f"project/{workshop.project}.json")["ontology"]
    term = admin.post("term.json", {"name": "Dark", "color": "#ff0000", "ontology": ontology})["term"]["id"]
    storage = admin.get("storage.json")["collection"][0]["id"]
    uploaded = admin.upload(f"/upload?storage={storage}&projects={workshop.project}&sync=true", "s.tif", _slide())
    image = uploaded[0]["images"][0]["imageInstances"][0]["id"]

    descriptor = parse((FOLDER / "descriptor.json").read_text())
    software = install(workshop._install_as, descriptor, TAG).software.id
    parameters = {one.name: one.id for one in workshop.admin.software_parameters(software)}
    job = workshop.admin.create_job(workshop.project, software, {parameters["term"]: str(term)}).id
    workshop.admin.execute_job(job)
    found = workshop.over(job, 120)
    workshop.done(router, job)
    assert found.status == JobStatus.SUCCESS, router.job_log(job)
    assert (found.progress, found.comment) == (100, "Job successfully terminated")  # the client's last word

    query = f"annotation.json?job={job}&includeAlgo=true&showMeta=true&showWKT=true&showTerm=true&showGIS=true"
    (annotation,) = admin.get(query)["collection"]
    assert annotation["image"] == image
    assert annotation["term"] == [term]
    assert annotation["area"] == pytest.approx(30_000)
    assert "100 200" in annotation["location"]  # the y axis points up: 400 - 200
    (data,) = admin.get(f"job/{job}/jobdata.json")["collection"]
    assert (data["key"], data["filename"]) == ("report", "report.txt")
    assert admin.request("GET", f"jobdata/{data['id']}/download").text == "dark pixels: 30000\n"
    names = sorted(file.filename for file in workshop.admin.attached_files(job))
    assert names == ["log.out", "report.txt"]
    assert workshop.admin.user_job_keys(found.user_job).private not in router.job_log(job)
