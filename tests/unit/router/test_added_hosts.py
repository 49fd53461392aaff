"""/tmp/addHosts.sh of an installation: its names are known to the router and to its jobs."""

from router.settings import added_hosts, load

SCRIPT = """#!/bin/bash
# hosts of this installation
echo "172.17.0.1 localhost-core localhost-ims" >> /etc/hosts
echo '10.0.0.7	upload.example' >> /etc/hosts
echo 10.0.0.8   plain.example >>/etc/hosts
rm -rf /
echo "nonsense localhost-core" >> /etc/hosts
echo "1.2.3.4 elsewhere" > /tmp/x
"""
NAMES = {
    "localhost-core": "172.17.0.1",
    "localhost-ims": "172.17.0.1",
    "upload.example": "10.0.0.7",
    "plain.example": "10.0.0.8",
}


def test_its_lines_are_read_and_nothing_is_run(tmp_path, monkeypatch):
    file = tmp_path / "addHosts.sh"
    file.write_text(SCRIPT)
    assert added_hosts.read(file) == NAMES
    assert added_hosts.read(tmp_path / "none.sh") == {}
    monkeypatch.setattr(added_hosts.read, "__defaults__", (file,))
    assert load().engine.extra_hosts == NAMES
    config = tmp_path / "router.yml"
    config.write_text("engine: {extra_hosts: {a: 1.1.1.1}}")
    assert load(config).engine.extra_hosts["a"] == "1.1.1.1"


def test_the_loopback_of_the_router_is_not_that_of_a_job():
    assert added_hosts.for_jobs({"a": "127.0.0.1", "b": "::1", "c": "10.0.0.7"}) == {"c": "10.0.0.7"}


def test_names_that_are_missing_are_added_once(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n9.9.9.9 plain.example # kept\n")
    assert added_hosts.add(NAMES, hosts) == ""
    assert added_hosts.add(NAMES, hosts) == ""
    assert hosts.read_text().splitlines()[2:] == [
        "172.17.0.1 localhost-core", "172.17.0.1 localhost-ims", "10.0.0.7 upload.example"
    ]  # fmt: skip


def test_hosts_that_cannot_be_written_are_said(tmp_path):
    assert "names of /tmp/addHosts.sh are known to jobs only" in added_hosts.add(NAMES, tmp_path / "no" / "hosts")
