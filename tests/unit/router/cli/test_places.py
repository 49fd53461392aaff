"""Store and logs are found without the settings exactly where the settings have them."""

import json
from pathlib import Path

import pytest

from router import settings
from router.errors import SettingError
from router.places import places

ROOT = Path(__file__).parents[4]
STORE, LOGS = "sqlite:////a/router.db", "/a/logs"


@pytest.mark.parametrize(
    ("file", "environment"),
    [
        (None, {}),
        (None, {"ROUTER_STORE__URL": STORE}),
        (None, {"ROUTER_STORE__URL": STORE, "ROUTER_LOGS__FOLDER": LOGS}),
        (None, {"ROUTER_LOGS__FOLDER": LOGS}),
        (None, {"ROUTER_STORE": json.dumps({"url": STORE}), "ROUTER_LOGS__FOLDER": LOGS}),
        (None, {"router_store__url": STORE, "ROUTER_LOGS__FOLDER": LOGS}),
        (f"store: {{url: '{STORE}'}}", {}),
        (f"store: {{url: '{STORE}'}}\nlogs: {{folder: {LOGS}}}", {}),
        (f"store: {{url: '{STORE}'}}\nlogs: {{folder: {LOGS}}}", {"ROUTER_LOGS__FOLDER": "/b"}),
        (f"store: {{url: '{STORE}'}}", {"ROUTER_STORE__URL": "sqlite:////c.db"}),
        (f"logs: {{folder: {LOGS}, max_bytes: 5000}}", {}),
        ("name: x\nstore: {}", {}),
        ("", {"ROUTER_STORE__URL": "postgresql+psycopg://u:p@h/n"}),
    ],
)
def test_as_the_settings_have_them(file, environment, tmp_path, monkeypatch):
    config = None
    if file is not None:
        config = tmp_path / "router.yml"
        config.write_text(file)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = settings.load(config)
    assert places(config).store == found.store.url.get_secret_value()
    assert places(config).logs == found.logs.folder
    if config is not None:
        monkeypatch.setenv("ROUTER_CONFIG", str(config))
        assert places() == places(config)


def test_the_commented_file_too():
    config = ROOT / "router/settings/router.yml"
    found = settings.load(config)
    assert places(config).store == found.store.url.get_secret_value()
    assert places(config).logs == found.logs.folder


@pytest.mark.parametrize("file", ["store: [1]", "store: {url: 5}", "a: ["])
def test_mistakes_are_told_as_by_the_settings(file, tmp_path):
    config = tmp_path / "router.yml"
    config.write_text(file)
    with pytest.raises(SettingError):
        places(config)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingError, match="there is no such file"):
        places(tmp_path / "router.yml")
