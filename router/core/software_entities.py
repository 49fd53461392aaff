"""Software as Core stores it: the program, its parameters, where it comes from (router-protocol.md 3.4, 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.core.entities import Json, number


@dataclass(frozen=True)
class NewSoftware:
    """What POST /api/software.json takes."""

    name: str
    version: str
    execute_command: str
    pulling_command: str
    default_processing_server: int | None = None
    repository: int | None = None
    source_path: str | None = None

    def body(self) -> dict[str, Any]:
        """The JSON object in Core's names."""
        return {
            "name": self.name,
            "softwareVersion": self.version,
            "resultName": "",
            "executeCommand": self.execute_command,
            "pullingCommand": self.pulling_command,
            "defaultProcessingServer": self.default_processing_server,
            "softwareUserRepository": self.repository,
            "sourcePath": self.source_path,
        }


@dataclass(frozen=True)
class Software:
    """One version of a program that Core offers."""

    id: int
    name: str
    version: str | None
    execute_command: str
    pulling_command: str
    deprecated: bool
    default_processing_server: int | None
    repository: int | None
    whole: Json = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def read(cls, found: Json) -> Software:
        """From GET /api/software/ID.json, a list, or the `software` of an envelope."""
        return cls(
            id=int(found["id"]),
            name=str(found.get("name") or ""),
            version=found.get("softwareVersion"),
            execute_command=str(found.get("executeCommand") or ""),
            pulling_command=str(found.get("pullingCommand") or ""),
            deprecated=bool(found.get("deprecated", False)),
            default_processing_server=number(found.get("defaultProcessingServer")),
            repository=number(found.get("softwareUserRepository")),
            whole=dict(found),
        )


@dataclass(frozen=True)
class NewParameter:
    """What POST /api/software_parameter.json takes; no text of it may be null (3.0.1 needs a flag)."""

    name: str
    type: str
    index: int
    human_name: str
    value_key: str
    flag: str
    default: str = ""
    required: bool = True
    set_by_server: bool = False
    server_parameter: bool = False
    uri: str | None = None
    uri_print_attribute: str | None = None
    uri_sort_attribute: str | None = None

    def body(self, software: int) -> dict[str, Any]:
        """The JSON object in Core's names (its spelling of "Attribut")."""
        return {
            "name": self.name,
            "type": self.type,
            "software": software,
            "index": self.index,
            "humanName": self.human_name,
            "valueKey": self.value_key,
            "commandLineFlag": self.flag,
            "defaultValue": self.default,
            "required": self.required,
            "setByServer": self.set_by_server,
            "serverParameter": self.server_parameter,
            "uri": self.uri,
            "uriPrintAttribut": self.uri_print_attribute,
            "uriSortAttribut": self.uri_sort_attribute,
        }


@dataclass(frozen=True)
class SoftwareParameter:
    """A parameter as Core stores it; `server_parameter` is None in rows from before the field existed."""

    id: int
    name: str
    type: str
    index: int
    human_name: str
    value_key: str
    flag: str
    default: str | None
    required: bool
    set_by_server: bool
    server_parameter: bool | None

    @classmethod
    def read(cls, found: Json) -> SoftwareParameter:
        """From GET /api/software/ID/parameter.json."""
        default = found.get("defaultParamValue", found.get("defaultValue"))
        return cls(
            id=int(found["id"]),
            name=str(found.get("name") or ""),
            type=str(found.get("type") or ""),
            index=number(found.get("index")) or 0,
            human_name=str(found.get("humanName") or ""),
            value_key=str(found.get("valueKey") or ""),
            flag=str(found.get("commandLineFlag") or ""),
            default=None if default is None else str(default),
            required=bool(found.get("required", False)),
            set_by_server=bool(found.get("setByServer", False)),
            server_parameter=found.get("serverParameter", False),
        )


@dataclass(frozen=True)
class JobParameter:
    """The value a job has for a parameter; keys of the job's user are among them, so `repr` hides it."""

    software_parameter: int
    name: str
    value: str | None = field(repr=False)

    @classmethod
    def read(cls, found: Json) -> JobParameter:
        """From GET /api/job/ID/parameter.json, which does not mask keys."""
        value = found.get("value")
        return cls(
            software_parameter=int(found["softwareParameter"]),
            name=str(found.get("name") or ""),
            value=None if value is None else str(value),
        )


@dataclass(frozen=True)
class Constraint:
    """A kind of constraint Core knows, such as `minimum` of Number."""

    id: int
    name: str
    data_type: str

    @classmethod
    def read(cls, found: Json) -> Constraint:
        """From GET /api/parameter_constraint.json."""
        return cls(int(found["id"]), str(found.get("name") or ""), str(found.get("dataType") or ""))


@dataclass(frozen=True)
class SoftwareUserRepository:
    """An account on GitHub and Docker Hub whose repositories are software; `prefix` marks which."""

    id: int
    provider: str
    username: str
    docker_username: str
    prefix: str

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> SoftwareUserRepository:
        """From GET /api/software_user_repository.json or a message; `prefix` may be null in both."""
        username = str(found.get("username") or "")
        return cls(
            id=int(found["id"]),
            provider=str(found.get("provider") or ""),
            username=username,
            docker_username=str(found.get("dockerUsername") or username),
            prefix=str(found.get("prefix") or ""),
        )
