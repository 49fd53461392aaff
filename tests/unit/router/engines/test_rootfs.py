"""What stays writable of a root that is not."""

import pytest

from router.engines.rootfs import furnish


@pytest.mark.parametrize(
    ("config", "volumes", "environment", "folder"),
    [
        ({}, ("/tmp",), {"HOME": "/tmp"}, "/tmp"),
        ({"WorkingDir": "/app"}, ("/app", "/tmp"), {"HOME": "/tmp"}, None),
        ({"WorkingDir": "/tmp/x", "Env": ["HOME=/tmp"]}, ("/tmp",), {}, None),
        ({"WorkingDir": "/app", "Env": ["HOME=/app/home"]}, ("/app", "/tmp"), {}, None),
        ({"WorkingDir": "/app", "Env": ["HOME=/root", "X=a=b"]}, ("/app", "/tmp"), {"HOME": "/tmp"}, None),
        ({"WorkingDir": "/data/x", "Volumes": {"/data": {}}}, ("/tmp",), {"HOME": "/tmp"}, None),
        ({"Env": ["NUMBA_CACHE_DIR=/opt/cache/numba", "TMPDIR=/tmp"]}, ("/opt/cache/numba", "/tmp"),
         {"HOME": "/tmp"}, "/tmp"),
        ({"Env": ["NUMBA_CACHE_DIR=relative"], "WorkingDir": "/"}, ("/tmp",), {"HOME": "/tmp"}, "/tmp"),
        ({"Env": None, "Volumes": None, "WorkingDir": ""}, ("/tmp",), {"HOME": "/tmp"}, "/tmp"),
    ],
)  # fmt: skip
def test_tmp_home_working_folder_and_caches_are_writable(config, volumes, environment, folder):
    found = furnish(config)
    assert (found.volumes, dict(found.environment), found.working_folder) == (volumes, environment, folder)
