"""The demonstration in miniature: from a slide to annotations through Core, RabbitMQ, the router and a container."""

import json

import pytest

from router.demo.story import Launch
from tests.support.engine import Engine
from tests.support.laboratory import Laboratory

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module", autouse=True)
def _images(engine: Engine) -> None:
    for name in ("algorithms", "tissue_finder", "object_finder"):
        engine.image(name)


def test_tissue_and_objects_are_found_on_real_slides(laboratory: Laboratory) -> None:
    tissue, objects = laboratory.run(
        Launch("tissue_finder", "Tissue", ("slide",), {}),
        Launch("object_finder", "Object", ("pyramid",), {"cytomine_zoom_level": 1}),
    )
    assert tissue.missing == []
    assert objects.missing == []
    (found,) = [file for file in tissue.files if file.suffix == ".geojson"]
    features = json.loads(found.read_text())["features"]
    assert len(features) == tissue.annotations
    log = laboratory.router.job_log(tissue.job)
    assert log.strip() != ""
    assert laboratory.core.keys["router"]["privateKey"] not in laboratory.router.log + log
