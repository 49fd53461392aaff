"""The Java router's config.groovy and variables mean what they meant: an administrator swaps the container."""

import os

import pytest
import yaml

from router.errors import SettingError
from router.settings import Settings, legacy, load

B = """
/* Cytomine-software-router
   configuration */
cytomine.core.url = "http://localhost-core"   // the nginx
cytomine.core.publicKey = 'PUB'
cytomine.core.privateKey = 'PR"IV'
rabbitmq.host = "rabbit.example"
rabbitmq.port = 5673
rabbitmq.username="router"
rabbitmq.password = "p@ss/word"
cytomine.software.communication.exchange = "exchangeOther"
cytomine.software.communication.queue = "queueOther";
cytomine.software.path.jobs = "/data/jobs"
cytomine.software.path.softwareSources = "/data/softwares/code"
cytomine.software.path.softwareImages = "/data/softwares/images"
cytomine.software.descriptorFile = "descriptor.json"
cytomine.software.job.logRefreshRate = 15
cytomine.software.pullingCheckRefreshRate = 20
cytomine.software.pullingCheckTimeout = 1800
cytomine.software.repositoryManagerRefreshRate = 300
cytomine.software.github.username = ""
cytomine.software.github.token = "TOKEN"
cytomine.software.dockerhub.username = "hubuser"
cytomine.software.dockerhub.password = "hubpass"
cytomine.core.connectionRetries = 20
cytomine.core.connectionRefreshRate = 30
cytomine.software.ssh.maxRetries = 3
cytomine.software.allowDockerfileCompilation = true
cytomine.software.sshKeysFile = "/root/.ssh/id_rsa"
"""
A = """
cytomineCoreURL = "http://localhost-core"
publicKey = "PUB"
privateKey = "PRIV"
rabbitAddress = "rabbitmq"
rabbitPort = 5672
rabbitUsername = "router"
rabbitPassword = "router"
exchangeCommunication = "exchangeCommunication"
queueCommunication = "queueCommunication"
jobDirectory = "./"
logsDirectory = "algo/logs/"
dataDirectory = "algo/data/"
groovyPath = "/root/.sdkman/groovy"
"""


@pytest.fixture(autouse=True)
def _bare(monkeypatch, tmp_path):
    for name in os.environ:
        if name.startswith("ROUTER_") or name in legacy._VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.setattr(legacy, "FILE", tmp_path / "bootstrap" / "config.groovy")


def write(folder, text):
    file = folder / "config.groovy"
    file.write_text(text)
    return file


def test_every_key_of_a_3x_router(tmp_path):
    notes: list[str] = []
    found = load(write(tmp_path, B), notes)
    assert (found.core.url, found.core.public_key) == ("http://localhost-core", "PUB")
    assert found.core.private_key.get_secret_value() == 'PR"IV'
    assert found.broker.url.get_secret_value() == "amqp://router:p%40ss%2Fword@rabbit.example:5673/%2F"
    assert (found.broker.exchange, found.broker.queue) == ("exchangeOther", "queueOther")
    assert (found.logs.attach_every_s, found.images.timeout_s, found.catalogue.refresh_s) == (15, 1800, 300)
    assert found.catalogue.github_token.get_secret_value() == "TOKEN"
    assert found.images.docker_hub_username == "hubuser"
    assert found.images.docker_hub_password.get_secret_value() == "hubpass"
    assert found.catalogue.allow_dockerfile
    assert str(found.catalogue.uploads) == "/data/softwares/code"
    unused = {note.split()[0] for note in notes}
    assert unused == {
        "cytomine.software.path.jobs", "cytomine.software.path.softwareImages", "cytomine.software.descriptorFile",
        "cytomine.software.pullingCheckRefreshRate", "cytomine.software.github.username",
        "cytomine.core.connectionRetries", "cytomine.core.connectionRefreshRate", "cytomine.software.ssh.maxRetries",
        "cytomine.software.sshKeysFile",
    }  # fmt: skip
    assert all("means nothing any more: " in note for note in notes)


def test_every_key_of_a_legacy_router(tmp_path):
    notes: list[str] = []
    found = load(write(tmp_path, A), notes)
    assert (found.core.url, found.core.public_key) == ("http://localhost-core", "PUB")
    assert found.broker.url.get_secret_value() == "amqp://router:router@rabbitmq:5672/%2F"
    assert str(found.logs.folder) == "/software_router/algo/logs"
    assert {note.split()[0] for note in notes} == {"jobDirectory", "dataDirectory", "groovyPath"}


def test_the_file_that_bootstrap_copies_in_is_found(tmp_path):
    legacy.FILE.parent.mkdir()
    legacy.FILE.write_text(A)
    assert load().core.url == "http://localhost-core"
    (tmp_path / "router.yml").write_text("core: {url: http://other}\n")
    found = load(tmp_path / "router.yml")
    assert (found.core.url, found.core.public_key) == ("http://other", "PUB")


def test_the_variables_of_the_old_container(monkeypatch):
    for name, value in {
        "CORE_URL": "localhost-core", "IMS_URLS": "[localhost-ims,localhost-ims2]", "UPLOAD_URL": "localhost-upload",
        "IS_LOCAL": "true", "RABBITMQ_LOGIN": "me", "RABBITMQ_PASSWORD": "pw", "RABBITMQ_PUB_KEY": "PUB",
        "RABBITMQ_PRIV_KEY": "PRIV",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    notes: list[str] = []
    found = load(None, notes)
    assert (found.core.url, found.core.public_key) == ("http://localhost-core", "PUB")
    assert found.core.private_key.get_secret_value() == "PRIV"
    assert found.broker.url.get_secret_value() == "amqp://me:pw@rabbitmq:5672/%2F"
    assert found.engine.reachable == ["localhost-ims", "localhost-ims2", "localhost-upload"]
    assert [note.split()[0] for note in notes] == ["IS_LOCAL"]
    monkeypatch.setenv("ROUTER_CORE__URL", "http://new")
    assert load().core.url == "http://new"


def test_the_file_wins_over_the_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("RABBITMQ_PUB_KEY", "of the environment")
    assert load(write(tmp_path, A)).core.public_key == "PUB"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cytomine {\n  core.url = 'x'\n}", "line 1 is not `key = value`"),
        ("cytomine.software.job.logRefreshRate = soon", "logs.attach_every_s: "),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path, text, words):
    with pytest.raises(SettingError) as caught:
        load(write(tmp_path, text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_unknown_keys_are_said_and_ignored(tmp_path):
    notes: list[str] = []
    load(write(tmp_path, "some.key = 3\n"), notes)
    assert notes == ["some.key: there is no such setting; it is ignored"]


def test_every_old_key_leads_to_a_setting_that_exists():
    shown = yaml.safe_load(Settings().model_dump_json())
    for key in legacy._SAME.values():
        section, name = key.split(".")
        assert name in shown[section], key
