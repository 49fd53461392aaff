"""Which places jobs may reach, and where they are."""

import pytest

from router.engines.isolation import targets
from router.engines.network import address_in_hosts, own_container_id


@pytest.mark.parametrize(
    ("places", "found"),
    [
        (["http://localhost-core"], {"localhost-core": [80]}),
        (["https://core.example/"], {"core.example": [443]}),
        (["http://core:8080", "ims", "core:8080", "core:81"], {"core": [8080, 81], "ims": [80]}),
        (["http://172.17.0.1:9", "http://[::1]:9", "", "http://localhost:8"], {}),
        (["http://Core.Example.:80"], {"core.example": [80]}),
    ],
)
def test_names_and_ports_out_of_settings(places, found):
    assert targets(places) == found


def test_an_address_that_only_this_machine_knows(tmp_path):
    file = tmp_path / "hosts"
    file.write_text("::1 core6\n127.0.0.1 localhost core  # core9\n10.0.0.5\tims.example ims\nnot-an-address x\n\n")
    assert [address_in_hosts(host, file) for host in ("core", "ims", "core6", "core9", "x")] == [
        "127.0.0.1", "10.0.0.5", "", "", "",
    ]  # fmt: skip
    assert address_in_hosts("core", tmp_path / "none") == ""


def test_the_container_this_process_is_in(tmp_path):
    ident = "a" * 64
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 2 0:1 / /proc rw - proc proc rw\n"
        f"3 4 8:1 /var/lib/docker/containers/{'b' * 64}/mounts/shm /x rw - ext4 /dev/sda rw\n"
        f"5 6 8:1 /var/lib/docker/containers/{ident}/hostname /etc/hostname rw - ext4 /dev/sda rw\n"
    )
    assert own_container_id(mounts) == ident
    mounts.write_text("1 2 0:1 / /etc/hostname rw - ext4 x rw\n")
    assert own_container_id(mounts) is None
    assert own_container_id(tmp_path / "none") is None
