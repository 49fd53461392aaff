"""What a person does on Core's web page, as the REST calls that the page makes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import gmtime, strftime
from typing import Any

import requests
from cytomine.cytomine import CytomineAuth
from requests_toolbelt import MultipartEncoder

from router.core import CoreClient, Job, Keys, Software
from router.errors import CoreNotFound, CoreRefused

#: Largest result file of a job that is fetched, in bytes.
LARGEST = 200 * 2**20


@dataclass(frozen=True)
class Study:
    """A project with an ontology of its own; `terms` maps names to ids."""

    project: int
    ontology: int
    terms: Mapping[str, int]


class Page(CoreClient):
    """A `CoreClient` that can also make projects, bring in slides and look at results.

    Parameters
    ----------
    url
        Address of Core, as a browser uses it.
    keys
        The person's.
    """

    def __init__(self, url: str, keys: Keys) -> None:
        super().__init__(url, keys)
        self._keys = keys

    def create_study(self, name: str, terms: Mapping[str, str]) -> Study:
        """Create an ontology with `terms` (name to colour, `#rrggbb`) and a project that uses it."""
        ontology = self._create("ontology", {"name": f"{name} (ontology)"})
        ids = {
            term: self._create("term", {"name": term, "ontology": ontology, "color": colour})
            for term, colour in terms.items()
        }
        return Study(self._create("project", {"name": name, "ontology": ontology}), ontology, ids)

    def bring_slide(self, slide: Path, project: int) -> int:
        """Upload a slide into a project and wait until it is there; the id of the image in the project."""
        storages = self._connection.get("storage.json")["collection"]
        if not storages:
            message = f"{self.url} has no storage for this user: an administrator creates one"
            raise CoreRefused(message)
        storage = storages[0]["id"]
        query = {
            "storage": storage,
            "idStorage": storage,
            "projects": project,
            "idProject": project,
            "sync": "true",
        }
        with slide.open("rb") as file:
            form = MultipartEncoder({"files[]": (slide.name, file, "application/octet-stream")})
            answer = requests.post(
                f"{self.url}/upload",
                params=query,
                data=form,
                auth=CytomineAuth(self._keys.public, self._keys.private, self.url, ""),
                headers={
                    "accept": "application/json",
                    "content-type": form.content_type,
                    "date": strftime("%a, %d %b %Y %H:%M:%S +0000", gmtime()),
                },
                timeout=120,
            )
        if not answer.ok:
            message = f"{self.url} did not take {slide} ({answer.status_code}): {answer.text[:300]}"
            raise CoreRefused(message, answer.status_code)
        images = [image for found in answer.json() for image in found.get("images") or []]
        if not images or not images[0].get("imageInstances"):
            message = f"{self.url} took {slide} and made no image of it: is it a slide? {answer.text[:300]}"
            raise CoreRefused(message)
        return int(images[0]["imageInstances"][0]["id"])

    def find_software(self, name: str, version: str) -> Software | None:
        """The software of this name and version or None."""
        return next((found for found in self.software_list() if (found.name, found.version) == (name, version)), None)

    def launch(self, software: Software, project: int, values: Mapping[str, object]) -> Job:
        """Create a job with `values` (by the names of parameters) and ask Core to execute it.

        As the page does, every parameter that has a default and no value is sent with its default.

        Raises
        ------
        CoreRefused
            The software has no parameter of one of the names.
        """
        chosen: dict[int, str] = {}
        known = [parameter for parameter in self.software_parameters(software.id) if not parameter.set_by_server]
        if unknown := set(values) - {parameter.name for parameter in known}:
            names = ", ".join(parameter.name for parameter in known)
            message = f"{software.name} has no parameter {', '.join(sorted(unknown))}; it has {names}"
            raise CoreRefused(message)
        for parameter in known:
            value = values.get(parameter.name, parameter.default)
            if value is not None:
                chosen[parameter.id] = str(value).lower() if isinstance(value, bool) else str(value)
        job = self.create_job(project, software.id, chosen)
        return self.execute_job(job.id)

    def annotations(self, job: Job, project: int) -> list[dict[str, Any]]:
        """The annotations that a job's user made, with their terms and areas."""
        query = {"project": project, "user": job.user_job, "showMeta": "true", "showTerm": "true", "showGIS": "true"}
        return list(self._connection.get("annotation.json", query)["collection"])

    def has_log(self, job: Job) -> bool:
        """Whether the job's log is attached to it."""
        try:
            return bool(self.job_log(job.id))
        except CoreNotFound:
            return False

    def fetch_results(self, job: Job, folder: Path) -> list[Path]:
        """Save the files that a job left (its data and what is attached to it) in `folder`; their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        data = self._connection.get(f"job/{job.id}/jobdata.json")["collection"]
        files = {f"jobdata/{found['id']}/download": str(found["filename"]) for found in data}
        files |= {f"attachedfile/{found.id}/download": found.filename for found in self.attached_files(job.id)}
        saved = []
        for uri, name in files.items():
            target = folder / Path(name).name
            with target.open("wb") as file:
                self._connection.download(uri, file, LARGEST)
            saved.append(target)
        return saved

    def _create(self, kind: str, body: Mapping[str, object]) -> int:
        answer = self._connection.post(f"{kind}.json", json.dumps(body))
        return int(answer[kind]["id"])
