"""The real clients, unmodified from PyPI, do everything that algorithms do; values are checked."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.contract.core_server.conftest import tiff
from tests.support.clients import VERSIONS, ClientUnavailable, python_with_client

WALK = Path(__file__).with_name("client_walk.py")

DATA = {
    "current": ["admin", True, True],
    "keys": True,
    "signature": ["publicKey", "signature"],
    "alive": True,
    "admin session": [True, True],
    "user keys": ["privateKey", "publicKey"],
    "roles": ["ROLE_GUEST", "ROLE_USER"],
    "role": "ROLE_GUEST",
    "renamed": "Changed",
    "terms saved": True,
    "children": [["child 0", "#00ff00"], ["child 1", "#00ff00"]],
    "tree": [["parent", ["child 0"]], ["child 1", []]],
    "parent": True,
    "project terms": 3,
    "add user": True,
    "members": ["admin", "user"],
    "projects of user": True,
    "projects of ontology": True,
    "uploaded": [100, "grid.tif"],
    "uploaded again": True,
    "image": [1500, 1000, 3, "grid.tif"],
    "images": True,
    "abstract image": [1500, "grid.tif"],
    "reference slice": [0, True],
    "slices": 1,
    "abstract slices": 1,
    "thumb": [300, 200, 2],
    "window": [64, 32, 2],
    "slice window": [40, 30, 2],
    "original": True,
    "annotation": [True, 30000, True],
    "crop": [200, 150, 2],
    "mask": [200, 150, 0],
    "alpha": [200, 150, 6],
    "bulk": True,
    "found": [46, True, True, 30000],
    "bbox": 10,
    "included": 0,
    "property": ["value", ["key"]],
    "description": "<p>described</p>",
    "tags": ["tag "],
    "attached": ["model.bin", "weights"],
    "tracks": ["track"],
    "track": "#123456",
    "review": True,
    "reviewed": 1,
    "deleted": [True, False],
    "annotation term": True,
    "annotation term again": True,
    "terms of annotation": True,
    "remove user": True,
    "user deleted": True,
}
JOB = {
    "software": True,
    "parameters": [7, 0.5, True, "1,2", "a b"],
    "running": [2, True],
    "progress": [75, "step (4/4)."],
    "algo annotation": ["be.cytomine.ontology.AlgoAnnotation", True],
    "prediction": [0.75, True],
    "job data": [6, "result"],
    "done": [3, "Job successfully terminated"],
    "job parameters": {"size": "7", "ratio": "0.5", "on": "true", "terms": "1,2", "label": "a b"},
    "jobs": True,
    "algo search": 2,
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", VERSIONS)
def test_client_does_everything(core, version, tmp_path):
    try:
        python = python_with_client(version)
    except ClientUnavailable as error:
        pytest.skip(str(error))
    slide = tmp_path / "grid.tif"
    slide.write_bytes(tiff(1500, 1000))
    keys = core.keys["admin"]
    arguments = [core.url, keys["publicKey"], keys["privateKey"], slide, tmp_path]
    command = [python, WALK, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    expected = DATA | (JOB if version < "3.1" else {})
    assert {name: seen.get(name) for name in expected} == expected
