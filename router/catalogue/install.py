"""Install one version of a software into Core, in the form and order of the Java router (router-protocol.md 3.4, 4).

Software, description, parameters with description and constraints; then older versions are deprecated. What exists
(409) is adopted, what a crash left half done is completed: installing twice is the same as installing once.
"""

from __future__ import annotations

from dataclasses import dataclass

from router.catalogue.resources import resource_parameters
from router.catalogue.versions import is_older
from router.core import Constraint, CoreClient, NewParameter, NewSoftware, Software, SoftwareParameter
from router.descriptor import Descriptor, Input
from router.descriptor.lint import Severity, lint
from router.descriptor.reading import INDEX_STEP
from router.errors import CatalogueError, CoreConflict, CoreError, CoreNotFound, CoreRefused
from router.log import get_logger

log = get_logger(__name__)

#: Core's separator of the items of an "in" constraint.
_LIST_SEPARATOR = "ð"


@dataclass(frozen=True)
class Installed:
    """What an installation did.

    Attributes
    ----------
    software
        As it is in Core now.
    created
        False when this version was there already.
    completed
        Names of the parameters that were added.
    deprecated
        Older versions that are not offered any more.
    """

    software: Software
    created: bool
    completed: tuple[str, ...] = ()
    deprecated: tuple[str, ...] = ()


def install(core: CoreClient, descriptor: Descriptor, release: str, *, repository: int | None = None) -> Installed:
    """Have this version of the software in Core, whole, and the older ones deprecated.

    Parameters
    ----------
    core
        With the rights of an administrator.
    descriptor
        What to install.
    release
        Version of the software and tag of its image.
    repository
        Core's id of the account it comes from.

    Raises
    ------
    CatalogueError
        The descriptor has errors: the findings are in the message.
    CoreError
        Core refused, or is away; installing again goes on where it stopped.
    """
    errors = [finding for finding in lint(descriptor, release=release) if finding.severity is Severity.ERROR]
    if errors:
        message = f"{descriptor.name or 'a descriptor'} cannot be installed: " + " ".join(map(str, errors))
        raise CatalogueError(message)
    known = [found for found in core.software_list() if found.name == descriptor.name]
    software, created = _software(core, descriptor, release, repository, known)
    completed = complete(core, software, descriptor)
    deprecated = _deprecate_older(core, software, known)
    log.info(
        "software installed",
        software=descriptor.name,
        version=release,
        created=created,
        parameters=len(completed),
        deprecated=deprecated,
    )
    return Installed(software, created, tuple(completed), tuple(deprecated))


def complete(core: CoreClient, software: Software, descriptor: Descriptor) -> list[str]:
    """Add the description and the parameters that `software` lacks; the names of those added."""
    if descriptor.description:
        core.describe_software(software.id, descriptor.description)
    present = {found.name: found for found in core.software_parameters(software.id)}
    missing = [one for one in descriptor.inputs if one.id not in present]
    changed = [one.id for one in descriptor.inputs if one.id in present and _differs(present[one.id], one)]
    if changed:
        log.warning(
            "parameters in Core are not those of the descriptor; give it a new version",
            software=software.name,
            version=software.version,
            parameters=changed,
        )
    constraints = _Constraints(core)
    for one in missing:
        parameter = core.create_parameter(software.id, _new_parameter(one))
        if one.description:
            core.describe_parameter(parameter.id, one.description)
        constraints.put(parameter, one)
    end = INDEX_STEP * (1 + len(descriptor.inputs))
    needs = resource_parameters(descriptor.resources, [one.id for one in descriptor.inputs], end)
    unsaid = [one for one in needs if one.name not in present]
    for need in unsaid:
        core.create_parameter(software.id, need)
    return [one.id for one in missing] + [need.name for need in unsaid]


def default_server(core: CoreClient, name: str | None) -> int | None:
    """The processing server of that name (in any case), else the one with the lowest index; None on a legacy Core."""
    try:
        servers = sorted(core.processing_servers(), key=lambda server: (server.index, server.id))
    except CoreNotFound:
        return None
    wanted = [server for server in servers if name and server.name.lower() == name.lower()]
    return next((server.id for server in wanted + servers), None)


def _software(
    core: CoreClient, descriptor: Descriptor, release: str, repository: int | None, known: list[Software]
) -> tuple[Software, bool]:
    """The software of this name and version, and whether it is new; its commands are those of the descriptor."""
    new = NewSoftware(
        name=descriptor.name,
        version=release,
        execute_command=descriptor.execute_command(release),
        pulling_command=descriptor.pulling_command(release),
        default_processing_server=default_server(core, descriptor.processing_server),
        repository=repository,
    )
    found = _same(known, new)
    if found is None:
        try:
            return core.create_software(new), True
        except CoreConflict as error:
            found = _same(core.software_list(), new)
            if found is None:
                message = f"Core says {new.name} ({new.version}) exists and does not list it: {error}"
                raise CatalogueError(message) from error
    return _renewed(core, found, new), False


def _same(known: list[Software], new: NewSoftware) -> Software | None:
    return next((one for one in known if (one.name, one.version) == (new.name, new.version)), None)


def _renewed(core: CoreClient, software: Software, new: NewSoftware) -> Software:
    """What was there, with the commands of the descriptor and a server to run on."""
    changes: dict[str, str | int] = {}
    if software.execute_command != new.execute_command:
        changes["executeCommand"] = new.execute_command
    if software.pulling_command != new.pulling_command:
        changes["pullingCommand"] = new.pulling_command
    if software.default_processing_server is None and new.default_processing_server is not None:
        changes["defaultProcessingServer"] = new.default_processing_server
    return core.update_software(software, **changes) if changes else software


def _deprecate_older(core: CoreClient, software: Software, known: list[Software]) -> list[str]:
    """Deprecate what is older, and undo what Core deprecated by the order of text ("v10" < "v9").

    `known` are the versions of this name as they were before.
    """
    deprecated = []
    now = {found.id: found for found in core.software_list()}
    for before in known:
        current = now.get(before.id)
        if current is None or current.id == software.id:
            continue
        older = is_older(current.version, software.version)
        if older and not current.deprecated:
            core.update_software(current, deprecated=True)
        elif not older and current.deprecated and not before.deprecated:
            core.update_software(current, deprecated=False)
        if older and not before.deprecated:
            deprecated.append(current.version or "")
    return deprecated


def _differs(stored: SoftwareParameter, one: Input) -> bool:
    return (stored.type, stored.value_key, stored.flag, stored.required, stored.default or "") != (
        one.type,
        one.value_key,
        one.flag,
        one.required,
        one.default,
    )


def _new_parameter(one: Input) -> NewParameter:
    return NewParameter(
        name=one.id,
        type=one.type,
        index=one.index,
        human_name=one.name,
        value_key=one.value_key,
        flag=one.flag,
        default=one.default,
        required=one.required,
        set_by_server=one.set_by_server,
        server_parameter=one.server_parameter,
        uri=one.uri,
        uri_print_attribute=one.uri_print_attribute,
        uri_sort_attribute=one.uri_sort_attribute,
    )


class _Constraints:
    """Puts limits on parameters. They are documentation: without them the software runs all the same."""

    def __init__(self, core: CoreClient) -> None:
        self._core = core
        self._kinds: dict[tuple[str, str], Constraint] | None = None

    def put(self, parameter: SoftwareParameter, one: Input) -> None:
        """Put every limit of the input on the parameter, as far as this Core knows its kind."""
        wanted = {
            "integer": "true" if one.integer else None,
            "minimum": one.minimum,
            "maximum": one.maximum,
            "equals": one.equals,
            "in": _LIST_SEPARATOR.join(one.choices) or None,
        }
        for name, value in wanted.items():
            kind = self._kind(name, one.type) if value is not None else None
            if kind is None or value is None:
                continue
            try:
                self._core.constrain_parameter(parameter.id, kind, value)
            except (CoreConflict, CoreRefused) as error:
                log.warning("constraint not stored", parameter=one.id, constraint=name, reason=str(error))

    def _kind(self, name: str, data_type: str) -> Constraint | None:
        if self._kinds is None:
            try:
                found = self._core.constraints()
            except CoreError as error:
                log.warning("no constraints on this Core", reason=str(error))
                found = []
            self._kinds = {(kind.name.lower(), kind.data_type.lower()): kind for kind in found}
        return self._kinds.get((name, data_type.lower()))
