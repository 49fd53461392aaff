"""Settings: the commented file is the settings classes, later sources win, a wrong key is one line."""

from pathlib import Path

import pytest
import yaml

import router.settings
from router.errors import SettingError
from router.settings import Settings, load, masked

DEFAULTS = Path(router.settings.__file__).with_name("router.yml")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    import os

    for name in os.environ:
        if name.startswith("ROUTER_"):
            monkeypatch.delenv(name)


def test_the_commented_file_holds_exactly_the_defaults():
    written = yaml.safe_load(DEFAULTS.read_text())
    written["slots"] = Settings().slots
    assert written == masked(Settings())
    assert written == masked(load(DEFAULTS))


def test_environment_wins_over_the_file(tmp_path, monkeypatch):
    config = tmp_path / "router.yml"
    config.write_text("slots: 3\ncore:\n  url: http://file\n  timeout_s: 7\n")
    monkeypatch.setenv("ROUTER_CORE__URL", "http://environment")
    monkeypatch.setenv("ROUTER_ENGINE__EXTRA_HOSTS", "core=10.0.0.1,ims=10.0.0.2")
    monkeypatch.setenv("ROUTER_IMAGES__ALLOW", "cytomine/*, own/*:1")
    found = load(config)
    assert (found.slots, found.core.url, found.core.timeout_s) == (3, "http://environment", 7)
    assert found.engine.extra_hosts == {"core": "10.0.0.1", "ims": "10.0.0.2"}
    assert found.images.allow == ["cytomine/*", "own/*:1"]


def test_the_file_may_be_named_by_the_environment(tmp_path, monkeypatch):
    (tmp_path / "r.yml").write_text("name: other\n")
    monkeypatch.setenv("ROUTER_CONFIG", str(tmp_path / "r.yml"))
    assert load().name == "other"


def test_secrets_come_from_files_and_are_never_shown(tmp_path):
    (tmp_path / "keys.json").write_text('{"router": {"publicKey": "PUB", "privateKey": "PRIV"}}')
    (tmp_path / "password").write_text("s/cret\n")
    config = tmp_path / "router.yml"
    config.write_text(
        f"core: {{keys_file: {tmp_path}/keys.json}}\n"
        f"broker: {{url: 'amqp://router@host:5672/v', password_file: {tmp_path}/password}}\n"
    )
    found = load(config)
    assert found.core.public_key == "PUB"
    assert found.core.private_key.get_secret_value() == "PRIV"
    assert found.broker.url.get_secret_value() == "amqp://router:s%2Fcret@host:5672/v"
    shown = str(masked(found)) + repr(found)
    assert "PRIV" not in shown
    assert "cret@" not in shown
    assert masked(found)["broker"]["url"] == "amqp://router:********@host:5672/v"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("slot: 3", "slot: there is no such setting"),
        ("slots: many", "slots: Input should be a valid integer"),
        ("slots: 0", "slots: Input should be greater than or equal to 1"),
        ("core: {ur: x}", "core.ur: there is no such setting"),
        ("images: {pull: sometimes}", "images.pull: Input should be 'missing', 'always' or 'never'"),
        ("core: {keys_file: /nowhere/keys.json}", "core.keys_file: /nowhere/keys.json cannot be read"),
        ("a: [", "not YAML"),
        ("- core", "its top level must be keys with values"),
        ("core", "its top level must be keys with values"),
        ("3", "its top level must be keys with values"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_key(tmp_path, text, words):
    config = tmp_path / "router.yml"
    config.write_text(text)
    with pytest.raises(SettingError) as caught:
        load(config)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingError, match="there is no such file"):
        load(tmp_path / "none.yml")


def test_a_variable_that_means_nothing(monkeypatch):
    monkeypatch.setenv("ROUTER_SLTOS", "3")
    with pytest.raises(SettingError, match="ROUTER_SLTOS: there is no such setting"):
        load()
