"""The demonstration itself: from two slides to annotations, launched as the web page launches."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from router.core import JobStatus, Software
from router.demo.follow import tail, until_final
from router.demo.outcome import Outcome
from router.demo.page import Page, Study
from router.demo.show import Screen
from router.demo.slides import pyramid, small_region
from router.demo.stack import Place, StackFailed

TERMS = {"Tissue": "#2f9e44", "Object": "#1971c2"}
JOB_SECONDS = 300.0
CATALOGUE_SECONDS = 60.0


@dataclass(frozen=True)
class Launch:
    """One job to run: which software, on which slides, with which values beside those every job gets."""

    software: str
    term: str
    slides: tuple[str, ...]
    values: Mapping[str, object]


class Story:
    """The steps, each of which fails loudly.

    Parameters
    ----------
    place
        Broker, Core and router, running.
    screen
        Where to tell.
    output
        Folder for results.
    """

    def __init__(self, place: Place, screen: Screen, output: Path) -> None:
        self.place = place
        self.screen = screen
        self.output = output
        self.page = Page(place.url, place.admin())

    def tell(self, launches: tuple[Launch, ...]) -> list[Outcome]:
        """Bring in the slides, make a project, launch one job after the other; how each went."""
        with self.page:
            study, slides = self._bring_in()
            outcomes = []
            for launch in launches:
                software = self._offered(launch.software)
                self.page.link_software(software.id, study.project)
                outcomes.append(self._run(launch, software, study, slides))
            return outcomes

    def _bring_in(self) -> tuple[Study, dict[str, int]]:
        data = self.place.checkout / ".cache/data"
        slide = small_region(data)
        files = {"slide": slide, "pyramid": pyramid(slide, data / f"{slide.stem}.pyramid.tif")}
        study = self.page.create_study("Demonstration", TERMS)
        self.screen.step(f"bringing in {', '.join(file.name for file in files.values())}")
        return study, {name: self.page.bring_slide(file, study.project) for name, file in files.items()}

    def _offered(self, name: str) -> Software:
        """The software, once the router has registered all of it."""
        version = metadata.version("cytomine-software-router")
        descriptor = json.loads((self.place.checkout / "descriptors" / name / "descriptor.json").read_text())
        inputs = len(descriptor["inputs"])
        deadline = time.monotonic() + CATALOGUE_SECONDS
        while time.monotonic() < deadline:
            found = self.page.find_software(name, version)
            if found is not None and len(self.page.software_parameters(found.id)) >= inputs:
                return found
            time.sleep(0.2)
        message = f"the router did not register {name} {version} in Core within {CATALOGUE_SECONDS:g} s"
        raise StackFailed(message)

    def _run(self, launch: Launch, software: Software, study: Study, slides: Mapping[str, int]) -> Outcome:
        images = ",".join(str(slides[name]) for name in launch.slides)
        values = {
            "cytomine_id_images": images,
            "cytomine_id_predicted_term": study.terms[launch.term],
            **launch.values,
        }
        self.screen.step(f"launching {software.name} {software.version} on image {images}, as the web page does")
        started = time.monotonic()
        job = self.page.launch(software, study.project, values)
        command = self.place.tail_command(job.id)
        self.screen.step(f"job {job.id}; follow its log with  {shlex.join(command)}")
        with self.screen.job(software.name) as line, tail(command, line.log):
            done = until_final(self.page, job, line.update, JOB_SECONDS)
            seconds = time.monotonic() - started
            attached = self._log_attached(done.id)
        annotations = [
            found for found in self.page.annotations(done, study.project) if found["term"] and found["area"] > 0
        ]
        folder = self.output / f"{software.name}-{job.id}"
        files = self.page.fetch_results(done, folder)
        return Outcome(
            job=job.id,
            software=software.name,
            status=JobStatus(done.status),
            seconds=seconds,
            annotations=len(annotations),
            log_attached=attached,
            files=tuple(files),
        )

    def _log_attached(self, job: int) -> bool:
        """Whether the router attached the log; it does so after the algorithm has said that it is done."""
        deadline = time.monotonic() + 15
        while not self.page.has_log(self.page.job(job)):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True
