"""Settings of the Java router: `config.groovy` and variables (router-protocol.md section 7, rows 38 to 40).

An administrator swaps the container and keeps the files. Only lines `key = value` are read: no Groovy is run. What has
no meaning any more is named in the log, never silently dropped. router.yml and ROUTER_... win over all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from router.errors import SettingError

#: Where bootstrap copies the file to.
FILE = Path("/software_router/config.groovy")
_BROKER_HOST, _BROKER_PORT = "rabbitmq", "5672"
_LINE = re.compile(r"([A-Za-z_][\w.]*)\s*=\s*(.*)", re.ASCII)
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*;?\s*(?://.*)?""")

_S = "cytomine.software."
#: Old key to new one, in both generations' names.
_SAME: Mapping[str, str] = {
    "cytomine.core.publicKey": "core.public_key",
    "cytomine.core.privateKey": "core.private_key",
    f"{_S}communication.exchange": "broker.exchange",
    f"{_S}communication.queue": "broker.queue",
    f"{_S}repositoryManagerRefreshRate": "catalogue.refresh_s",
    f"{_S}job.logRefreshRate": "logs.attach_every_s",
    f"{_S}pullingCheckTimeout": "images.timeout_s",
    f"{_S}github.token": "catalogue.github_token",
    f"{_S}dockerhub.username": "images.docker_hub_username",
    f"{_S}dockerhub.password": "images.docker_hub_password",
    f"{_S}allowDockerfileCompilation": "catalogue.allow_dockerfile",
    f"{_S}path.softwareSources": "catalogue.uploads",
    "publicKey": "core.public_key",
    "privateKey": "core.private_key",
    "exchangeCommunication": "broker.exchange",
    "queueCommunication": "broker.queue",
    "RABBITMQ_PUB_KEY": "core.public_key",
    "RABBITMQ_PRIV_KEY": "core.private_key",
}
_URLS = ("cytomine.core.url", "cytomineCoreURL", "CORE_URL")
_BROKER: Mapping[str, tuple[str, ...]] = {
    "host": ("rabbitmq.host", "rabbitAddress"),
    "port": ("rabbitmq.port", "rabbitPort"),
    "user": ("rabbitmq.username", "rabbitUsername", "RABBITMQ_LOGIN"),
    "password": ("rabbitmq.password", "rabbitPassword", "RABBITMQ_PASSWORD"),
}
_VARIABLES = (
    "CORE_URL", "IMS_URLS", "UPLOAD_URL", "IS_LOCAL",
    "RABBITMQ_LOGIN", "RABBITMQ_PASSWORD", "RABBITMQ_PUB_KEY", "RABBITMQ_PRIV_KEY",
)  # fmt: skip
_GONE: Mapping[str, str] = {
    f"{_S}path.jobs": "logs are one file a job, in logs.folder",
    f"{_S}path.softwareImages": "images are in the engine",
    f"{_S}descriptorFile": "the file is descriptor.json",
    f"{_S}pullingCheckRefreshRate": "the end of a pull is noticed at once",
    f"{_S}github.username": "the token is enough",
    "cytomine.core.connectionRetries": "the router waits for Core as long as it takes",
    "cytomine.core.connectionRefreshRate": "the router waits for Core as long as it takes",
    f"{_S}ssh.maxRetries": "jobs run on the engine, not over SSH",
    f"{_S}sshKeysFile": "jobs run on the engine, not over SSH",
    "jobDirectory": "jobs work in their containers",
    "dataDirectory": "jobs work in their containers",
    "groovyPath": "images have what they need",
    "IS_LOCAL": "names that no DNS knows are engine.extra_hosts",
}


def read(file: Path) -> dict[str, str]:
    """The `key = value` lines of a config.groovy.

    Raises
    ------
    SettingError
        It cannot be read; or a line that sets something is more than `key = value`.
    """
    try:
        lines = file.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file}: cannot be read ({error}); correct the path or its rights"
        raise SettingError(message) from None
    found: dict[str, str] = {}
    comment = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        comment = comment or text.startswith("/*")
        if comment:
            comment = not text.endswith("*/")
            continue
        setting = _LINE.fullmatch(text)
        if not text or text.startswith("//"):
            continue
        if setting is None:
            message = f"{file}: line {number} is not `key = value`; write the settings that way, or move to router.yml"
            raise SettingError(message)
        found[setting[1]] = _value(setting[2])
    return found


def _value(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if quoted is None:
        return text.partition("//")[0].strip().rstrip(";").strip()
    return re.sub(r"\\(.)", r"\1", quoted[1] if quoted[1] is not None else quoted[2])


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The old router's environment variables that are set."""
    return {name: environment[name] for name in _VARIABLES if environment.get(name)}


def translate(old: Mapping[str, str], say: Callable[[str], None]) -> dict[str, Any]:
    """The settings that old ones amount to, nested as in router.yml.

    Parameters
    ----------
    old
        Keys of config.groovy (both generations) and environment variables.
    say
        Told what has no meaning any more, or is not known.
    """
    found: dict[str, dict[str, Any]] = {}

    def put(key: str, value: Any) -> None:
        section, _, name = key.partition(".")
        found.setdefault(section, {})[name] = value

    for key, value in old.items():
        # A server's file wins over its environment, as it did.
        if key in _SAME and value and (key not in _VARIABLES or _absent(found, _SAME[key])):
            put(_SAME[key], value)
        elif key in _GONE:
            say(f"{key} means nothing any more: {_GONE[key]}")
        elif key == "logsDirectory" and value:
            put("logs.folder", str(Path("/software_router") / value))
        elif key not in _SAME and key not in _KNOWN:
            say(f"{key}: there is no such setting; it is ignored")
    if url := _first(old, _URLS):
        put("core.url", url if "://" in url else f"http://{url}")
    if hosts := _hosts(old):
        put("engine.reachable", hosts)
    if any(_first(old, names) for names in _BROKER.values()):
        put("broker.url", _broker(old))
    return found


_KNOWN = {*_URLS, "IMS_URLS", "UPLOAD_URL", "logsDirectory", *(key for names in _BROKER.values() for key in names)}


def _absent(found: Mapping[str, Mapping[str, Any]], key: str) -> bool:
    section, _, name = key.partition(".")
    return name not in found.get(section, {})


def _first(old: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((old[name] for name in names if old.get(name)), "")


def _hosts(old: Mapping[str, str]) -> list[str]:
    """Image and upload servers; bootstrap separates several by commas, spaces, or writes them as a list."""
    return re.findall(r"[^\s,;\[\]\"']+", f"{old.get('IMS_URLS', '')} {old.get('UPLOAD_URL', '')}")


def _broker(old: Mapping[str, str]) -> str:
    user, password = (_first(old, _BROKER[part]) or "router" for part in ("user", "password"))
    host, port = _first(old, _BROKER["host"]) or _BROKER_HOST, _first(old, _BROKER["port"]) or _BROKER_PORT
    return f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/%2F"
