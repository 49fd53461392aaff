"""Settings: router.yml, environment variables, secret files; validated once at the start.

Later wins: defaults, what the Java router had (`legacy.py`), router.yml, environment (`ROUTER_CORE__URL`, two
underscores between section and key), secret files named by a `..._file` key.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from typing_extensions import override
from yaml import YAMLError

from router.errors import SettingError
from router.settings import added_hosts, legacy
from router.settings.sections import (
    BrokerSection,
    CatalogueSection,
    CoreSection,
    EngineSection,
    HttpSection,
    ImagesSection,
    LegacySection,
    LimitsSection,
    LogSection,
    LogsSection,
    SoftwareSection,
    StoreSection,
    processors,
)

__all__ = ["Settings", "load", "masked"]

CONFIG_VARIABLE = "ROUTER_CONFIG"


class Settings(BaseSettings):
    """All settings of the daemon."""

    model_config = SettingsConfigDict(
        env_prefix="ROUTER_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=False
    )

    name: str = Field(default="software_router", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$")
    slots: Annotated[int, BeforeValidator(lambda value: processors() if value is None else value)] = Field(
        default_factory=processors, ge=1
    )
    unreported_is_success: bool = False
    core: CoreSection = CoreSection()
    broker: BrokerSection = BrokerSection()
    store: StoreSection = StoreSection()
    logs: LogsSection = LogsSection()
    engine: EngineSection = EngineSection()
    limits: LimitsSection = LimitsSection()
    ceiling: LimitsSection = LimitsSection(processes=None, shared_memory_mb=None)
    images: ImagesSection = ImagesSection()
    software: dict[str, SoftwareSection] = Field(default_factory=dict)
    http: HttpSection = HttpSection()
    catalogue: CatalogueSection = CatalogueSection()
    servers: dict[str, Literal["docker"]] = Field(default_factory=dict)
    legacy: LegacySection = LegacySection()
    log: LogSection = LogSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file."""
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)


def load(config: Path | None = None, notes: list[str] | None = None) -> Settings:
    """Read the settings.

    Parameters
    ----------
    config
        router.yml, or the Java router's config.groovy; by default the file that the variable ROUTER_CONFIG names.
    notes
        Gets a line for each setting of the Java router that means nothing any more.

    Raises
    ------
    SettingError
        One line for every wrong key, with the fix.
    """
    path = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    if path is not None and not path.is_file():
        message = f"{path}: there is no such file; correct --config or {CONFIG_VARIABLE}"
        raise SettingError(message)
    groovy = path is not None and path.suffix == ".groovy"
    source = _sources(None if groovy else path, _of_java_router(path if groovy else None, notes))
    known = {field.upper() for field in Settings.model_fields} | {"CONFIG"}
    for variable in os.environ:
        if variable.startswith("ROUTER_") and variable.removeprefix("ROUTER_").split("__")[0] not in known:
            message = f"{variable}: there is no such setting; see router.yml for the names"
            raise SettingError(message)
    try:
        settings: Settings = source()
    except ValidationError as error:
        raise SettingError("\n".join(_sentence(item) for item in error.errors())) from None
    except YAMLError as error:
        message = f"{path}: not YAML: {' '.join(str(error).split())}"
        raise SettingError(message) from None
    except UnicodeDecodeError as error:
        message = f"{path}: not text in UTF-8 ({error.reason} at byte {error.start}); write it as UTF-8"
        raise SettingError(message) from None
    except (TypeError, ValueError, AttributeError):
        # pydantic-settings takes the top of the file for a mapping without a look
        message = f"{path}: its top level must be keys with values, such as 'core:'; see router.yml for the names"
        raise SettingError(message) from None
    return _with_secrets(settings)


def _sources(file: Path | None, old: dict[str, Any]) -> type[Settings]:
    """The settings class that reads this file, and old settings behind everything else."""

    class Sourced(Settings):
        model_config = SettingsConfigDict(yaml_file=file)

        @classmethod
        @override
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *args: Any, **sources: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            found = super().settings_customise_sources(settings_cls, *args, **sources)
            return *found, InitSettingsSource(settings_cls, old)

    return Sourced


def _of_java_router(file: Path | None, notes: list[str] | None) -> dict[str, Any]:
    """The settings of the Java router: a config.groovy (bootstrap's, when none is named), and its variables."""
    file = file or (legacy.FILE if legacy.FILE.is_file() else None)
    old = {**(legacy.read(file) if file else {}), **legacy.variables(os.environ)}

    unused: list[str] = []
    settings = legacy.translate(old, unused.append)
    if hosts := added_hosts.for_jobs(added_hosts.read()):
        settings.setdefault("engine", {})["extra_hosts"] = hosts
    if notes is not None:
        notes += unused
    return settings


def masked(settings: Settings) -> dict[str, Any]:
    """The effective settings for people: no secret in them."""
    shown: dict[str, Any] = json.loads(settings.model_dump_json())
    for section, secret in (("broker", settings.broker.url), ("store", settings.store.url)):
        shown[section]["url"] = without_password(secret.get_secret_value())
    return shown


def without_password(url: str) -> str:
    """A URL with asterisks for its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", ":********@")))


def _sentence(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{key}: there is no such setting; see router.yml for the names"
    return f"{key}: {item['msg']} (got {str(item['input'])[:60]!r})"


def _with_secrets(settings: Settings) -> Settings:
    """Fill in what secret files hold, and say what is missing."""
    core, broker = settings.core, settings.broker
    if core.keys_file is not None:
        keys = _keys(core.keys_file)
        core = core.model_copy(update={"public_key": keys[0], "private_key": SecretStr(keys[1])})
    if core.private_key_file is not None:
        secret = SecretStr(_secret("core.private_key_file", core.private_key_file))
        core = core.model_copy(update={"private_key": secret})
    if broker.password_file is not None:
        password = _secret("broker.password_file", broker.password_file)
        broker = broker.model_copy(update={"url": SecretStr(_with_password(broker.url.get_secret_value(), password))})
    return settings.model_copy(update={"core": core, "broker": broker})


def _secret(key: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        message = f"{key}: {path} cannot be read ({error.strerror}); correct the path or its rights"
        raise SettingError(message) from None


def _keys(path: Path) -> tuple[str, str]:
    """The router's key pair in the keys.json of the embedded Core."""
    try:
        found = json.loads(_secret("core.keys_file", path))["router"]
        return str(found["publicKey"]), str(found["privateKey"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"core.keys_file: {path} does not hold router.publicKey and router.privateKey"
        raise SettingError(message) from error


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or 'router'}:{quote(password, safe='')}@{place}"))
