"""Calls of Core about software: what it offers, how it is registered, where it comes from."""

from __future__ import annotations

import json
from typing import IO, Any

from router.core.connection import Connection
from router.core.entities import read_list
from router.core.software_entities import (
    Constraint,
    NewParameter,
    NewSoftware,
    Software,
    SoftwareParameter,
    SoftwareUserRepository,
)
from router.errors import CoreConflict

SOFTWARE_CLASS = "be.cytomine.processing.Software"
PARAMETER_CLASS = "be.cytomine.processing.SoftwareParameter"


class SoftwareCalls:
    """The part of `CoreClient` about software; every method raises `CoreError`."""

    _connection: Connection

    def software_list(self) -> list[Software]:
        """Every software, deprecated ones among it."""
        return read_list(Software.read, self._connection.get("software.json"))

    def project_software(self, project: int) -> list[Software]:
        """The software a project's page offers."""
        return read_list(Software.read, self._connection.get(f"project/{project}/software.json"))

    def software(self, software_id: int) -> Software:
        """The software with this id."""
        return Software.read(self._connection.get(f"software/{software_id}.json"))

    def software_parameters(self, software_id: int) -> list[SoftwareParameter]:
        """All parameters by index, those that the server sets among them."""
        found = self._connection.get(f"software/{software_id}/parameter.json", {"withSetByServer": "true"})
        return sorted(read_list(SoftwareParameter.read, found), key=lambda parameter: parameter.index)

    def create_software(self, new: NewSoftware) -> Software:
        """Register a version; Core deprecates older ones by the order of text, see the catalogue.

        Raises
        ------
        CoreConflict
            This name and version exists.
        """
        return Software.read(self._connection.post("software.json", json.dumps(new.body()))["software"])

    def update_software(self, software: Software, **changes: Any) -> Software:
        """PUT the whole software with `changes`, in Core's names (a field that is left out would be reset).

        The object is read anew first, so that what changed since `software` was read is kept.
        """
        body = dict(self._connection.get(f"software/{software.id}.json")) | changes
        return Software.read(self._connection.put(f"software/{software.id}.json", json.dumps(body))["software"])

    def create_parameter(self, software_id: int, new: NewParameter) -> SoftwareParameter:
        """Add a parameter to a software."""
        answer = self._connection.post("software_parameter.json", json.dumps(new.body(software_id)))
        return SoftwareParameter.read(answer.get("softwareparameter") or answer["software_parameter"])

    def describe_software(self, software_id: int, text: str) -> None:
        """Set the description of a software; one that exists stays."""
        self._describe(SOFTWARE_CLASS, software_id, text)

    def describe_parameter(self, parameter_id: int, text: str) -> None:
        """Set the description of a parameter; one that exists stays."""
        self._describe(PARAMETER_CLASS, parameter_id, text)

    def constraints(self) -> list[Constraint]:
        """The kinds of constraint this Core knows."""
        return read_list(Constraint.read, self._connection.get_mapped("parameter_constraint.json"))

    def constrain_parameter(self, parameter_id: int, constraint: Constraint, value: str) -> None:
        """Put a constraint on a parameter; Core shows it and enforces nothing."""
        body = {"parameterConstraint": constraint.id, "softwareParameter": parameter_id, "value": value}
        self._connection.post("software_parameter_constraint.json", json.dumps(body))

    def link_software(self, software_id: int, project: int) -> bool:
        """Offer the software in the project; False when it is offered already."""
        try:
            self._connection.post("softwareproject.json", json.dumps({"software": software_id, "project": project}))
        except CoreConflict:
            return False
        return True

    def download_software(self, software_id: int, target: IO[bytes], limit: int) -> int:
        """Write the uploaded archive of a software to `target`; the number of bytes, at most `limit`."""
        return self._connection.download(f"software/{software_id}/download", target, limit)

    def user_repositories(self) -> list[SoftwareUserRepository]:
        """The accounts whose repositories Core wants as software.

        Raises
        ------
        CoreNotFound
            A legacy Core, which has none.
        """
        return read_list(SoftwareUserRepository.read, self._connection.get_mapped("software_user_repository.json"))

    def user_repository(self, repository_id: int) -> SoftwareUserRepository:
        """The account with this id."""
        return SoftwareUserRepository.read(self._connection.get(f"software_user_repository/{repository_id}.json"))

    def repository_software(self, repository_id: int) -> list[Software]:
        """The software of an account that is not deprecated."""
        found = self._connection.get(f"software_user_repository/{repository_id}/software.json")
        return read_list(Software.read, found)

    def _describe(self, domain: str, ident: int, text: str) -> None:
        body = {"domainClassName": domain, "domainIdent": str(ident), "data": text}
        try:
            self._connection.post(f"domain/{domain}/{ident}/description.json", json.dumps(body))
        except CoreConflict:
            return
