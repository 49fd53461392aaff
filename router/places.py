"""Where the store and the logs are, for commands that only look.

The settings take half a second to load and check; two of them are enough to look at jobs. What is not plain (another
store than SQLite, another format of the file, a section given as JSON) is left to the settings, and so are mistakes.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STORE_VARIABLE, LOGS_VARIABLE, CONFIG_VARIABLE = "ROUTER_STORE__URL", "ROUTER_LOGS__FOLDER", "ROUTER_CONFIG"
_KEYS = {"store": "url", "logs": "folder"}
_DEFAULT_LOGS = "/software_router/algo/logs"


@dataclass(frozen=True)
class Places:
    """Where to look.

    Parameters
    ----------
    store
        URL of the store; it may hold a password.
    logs
        Folder of the job logs.
    """

    store: str
    logs: Path


def places(config: Path | None = None) -> Places:
    """Find both, exactly as `settings.load` would (a test holds the two together).

    Parameters
    ----------
    config
        router.yml; by default the file that ROUTER_CONFIG names, if it is set.

    Raises
    ------
    SettingError
        As `settings.load`.
    """
    return _plain(config) or _loaded(config)


def _plain(config: Path | None) -> Places | None:
    variables = {name for name in os.environ if name.upper().startswith(("ROUTER_STORE", "ROUTER_LOGS"))}
    if variables - {STORE_VARIABLE, LOGS_VARIABLE}:
        return None
    named = os.environ.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    found = _in_file(path) if path is not None else {}
    if found is None:
        return None
    store = os.environ.get(STORE_VARIABLE, found.get("store", ""))
    logs = os.environ.get(LOGS_VARIABLE, found.get("logs", _DEFAULT_LOGS))
    return Places(store, Path(logs)) if store.startswith("sqlite:///") and logs else None


def _in_file(path: Path) -> dict[str, str] | None:
    """The values that a router.yml gives; None where the settings have to look."""
    if path.suffix not in {".yml", ".yaml"}:
        return None
    import yaml

    try:
        sections = yaml.safe_load(path.read_text()) or {}
        found = {name: (sections.get(name) or {}).get(key) for name, key in _KEYS.items()}
    except (OSError, ValueError, AttributeError, yaml.YAMLError):
        return None
    given = {name: value for name, value in found.items() if value is not None}
    return given if all(isinstance(value, str) for value in given.values()) else None


def _loaded(config: Path | None) -> Places:
    from router import settings

    found = settings.load(config)
    return Places(found.store.url.get_secret_value(), found.logs.folder)
