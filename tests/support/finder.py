"""The object finder as a job of an embedded Core, started by its command line: no router, no container."""

import json
from itertools import count
from pathlib import Path
from typing import Any

from algorithms.object_finder.__main__ import main
from router.catalogue import install
from router.core import Job, Keys
from router.demo.page import Page, Study
from router.descriptor import parse
from tests.support.core import EmbeddedCore

ROOT = Path(__file__).resolve().parents[2]
_NUMBERS = count(1)


class Finder:
    """A study with one slide, and both variants registered."""

    def __init__(self, core: EmbeddedCore, slide: Path) -> None:
        self.core = core
        self.keys = core.keys["admin"]
        self.page = Page(core.url, Keys(self.keys["publicKey"], self.keys["privateKey"]))
        self.study: Study = self.page.create_study(f"study {next(_NUMBERS)}", {"Tissue": "#ff0000"})
        self.image = self.page.bring_slide(slide, self.study.project)
        self.term = self.study.terms["Tissue"]

    def close(self) -> None:
        """Close the sockets."""
        self.page.close()

    def register(self, name: str) -> int:
        """Register a software of ours; its id."""
        text = (ROOT / "descriptors" / name / "descriptor.json").read_text()
        return install(self.core.client("router"), parse(text), "1").software.id

    def run(self, variant: str, software: int, *extra: str) -> int:
        """Run in this process with the person's keys; the exit code."""
        keys = Keys(self.keys["publicKey"], self.keys["privateKey"])
        return main([variant, *self.access(software, keys), *extra])

    def run_launched(self, variant: str, software: int, *extra: str) -> tuple[Job, int]:
        """Run a job that exists, with the keys of its own user, as a launcher does; the job and the exit code."""
        job = self.page.create_job(self.study.project, software, {})
        assert job.user_job is not None
        code = main([variant, *self.access(software, self.page.user_job_keys(job.user_job)), *extra])
        return self.page.job(job.id), code

    def access(self, software: int, keys: Keys) -> list[str]:
        """The five parameters that a launcher sets."""
        return [
            *("--cytomine_host", self.core.url),
            *("--cytomine_public_key", keys.public),
            *("--cytomine_private_key", keys.private),
            *("--cytomine_id_project", str(self.study.project)),
            *("--cytomine_id_software", str(software)),
        ]

    def jobs(self) -> list[Job]:
        """All jobs of the study, newest first."""
        found = self.page._connection.get("job.json", {"project": self.study.project})["collection"]
        return [Job.read(item) for item in sorted(found, key=lambda item: -int(item["id"]))]

    def locations(self, job: Job) -> list[dict[str, Any]]:
        """Annotations of a job's layer with their WKT and terms."""
        query = {"user": job.user_job, "project": self.study.project, "showWKT": "true"}
        query |= {"showMeta": "true", "showTerm": "true"}
        return list(self.page._connection.get("annotation.json", query)["collection"])

    def count(self, job: Job) -> int:
        """How many annotations a job's layer has."""
        query = {"user": job.user_job, "project": self.study.project, "max": 1}
        return int(self.page._connection.get("annotation.json", query)["size"])

    def summary(self, folder: Path, job: Job) -> dict[str, Any]:
        """The summary.json that a job left."""
        files = {file.name: file for file in self.page.fetch_results(job, folder)}
        found: dict[str, Any] = json.loads(files["summary.json"].read_text())
        return found
