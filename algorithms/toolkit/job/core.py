"""A run as a job of a Core: launched by it, or started by a person on any machine."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algorithms.toolkit.errors import AlgorithmError, Cancelled, DataError, ParameterError
from algorithms.toolkit.job.arguments import require, values_of
from algorithms.toolkit.job.descriptor import Descriptor, Value
from algorithms.toolkit.job.pace import Pace
from algorithms.toolkit.job.session import JobSession, patiently
from algorithms.toolkit.job.upload import AnnotationLayer
from algorithms.toolkit.job.workplace import Layer, Source, Workplace
from algorithms.toolkit.slides import Slide
from algorithms.toolkit.slides.core import CoreSlide
from router.core.connection import Keys
from router.core.entities import JobStatus
from router.errors import CoreError, CoreNotFound

if TYPE_CHECKING:
    from algorithms.toolkit.annotations import Annotations

log = logging.getLogger(__name__)

SERVER_PARAMETERS = (
    "cytomine_host",
    "cytomine_public_key",
    "cytomine_private_key",
    "cytomine_id_project",
    "cytomine_id_software",
)
#: Parameters that choose the images, in the order of preference.
IMAGES = ("cytomine_id_images", "cytomine_id_image")


def run_in_core(found: Descriptor, options: Mapping[str, list[str]], body: Callable[[Workplace], None]) -> None:
    """Run `body` as a job: RUNNING, progress, then SUCCESS or FAILED with a comment the user can act on.

    Parameters
    ----------
    found : Descriptor
    options : mapping of str to list of str
        The command line.
    body : callable
    """
    access = {name: (options.get(name) or [""])[0] for name in SERVER_PARAMETERS}
    missing = [name for name, value in access.items() if not value]
    if missing:
        msg = f"--{missing[0]} is missing: a job of a server needs {', '.join(SERVER_PARAMETERS)}"
        raise ParameterError(msg)
    keys = Keys(access["cytomine_public_key"], access["cytomine_private_key"])
    project, software = (_whole(access[name], name) for name in SERVER_PARAMETERS[3:])
    try:
        session, is_new = JobSession.begin(access["cytomine_host"], keys, project, software)
    except CoreError as error:
        msg = f"no job could be started at {access['cytomine_host']}: {error}"
        raise DataError(msg) from error
    with session, _reported(session):
        defaults, ids = _registered(session, software)
        values = values_of(options, found, defaults)
        require(values, found)
        session.report(JobStatus.RUNNING, 0, "")
        if is_new:
            session.record(values, ids)
        with tempfile.TemporaryDirectory(prefix="job-") as folder:
            body(CoreWorkplace(session, keys, project, software, values, Path(folder)))


@contextmanager
def _reported(session: JobSession) -> Iterator[None]:
    """End the job in the Core as it ended here."""
    try:
        yield
    except Cancelled as error:
        _last_word(session, JobStatus.KILLED, str(error))
        raise
    except CoreError as error:
        _last_word(session, JobStatus.FAILED, str(error))
        raise DataError(str(error)) from error
    except AlgorithmError as error:
        _last_word(session, JobStatus.FAILED, str(error))
        raise
    except BaseException as error:
        _last_word(session, JobStatus.FAILED, f"unexpected error, see the log: {type(error).__name__}: {error}")
        raise
    session.report(JobStatus.SUCCESS, 100, "Job successfully terminated")


def _last_word(session: JobSession, status: JobStatus, comment: str) -> None:
    try:
        session.report(status, None, comment)
    except CoreError as error:
        log.warning("the server could not be told that the job ended: %s", error)


@dataclass(frozen=True)
class ImageSource:
    """An image of a project."""

    session: JobSession
    facts: Mapping[str, Any]

    @property
    def id(self) -> int:
        """Of the image instance."""
        return int(self.facts["id"])

    @property
    def name(self) -> str:
        """As the project's page shows it."""
        return str(self.facts.get("instanceFilename") or self.facts.get("originalFilename") or self.id)

    def open(self) -> Slide:
        """Read the image through the Core, window by window."""
        return CoreSlide(self.session.api, self.facts)


class CoreWorkplace(Workplace):
    """Images of a project, annotations in the layer of the job's user."""

    def __init__(  # noqa: PLR0917 - built in one place
        self,
        session: JobSession,
        keys: Keys,
        project: int,
        software: int,
        values: Mapping[str, Value],
        output: Path,
    ) -> None:
        self.values, self.output = values, output
        self._session, self._keys = session, keys
        self._project, self._software = project, software
        self._pace = Pace(lambda percent, comment: session.report(JobStatus.RUNNING, percent, comment))

    def sources(self, projects: Sequence[int] = ()) -> Sequence[Source]:
        """Return the images that the parameters choose, or all of the project (or of `projects`)."""
        by_id: dict[int, Mapping[str, Any]] = {}
        for project in projects or (self._project,):
            listed = patiently(lambda number=project: self._session.api.get(f"project/{number}/imageinstance.json"))  # type: ignore[misc]
            by_id |= {int(facts["id"]): facts for facts in listed["collection"]}
        wanted: list[int] = []
        for name in IMAGES:
            value = self.values.get(name)
            if value:
                wanted = value if isinstance(value, list) else [int(value)]
                break
        foreign = [ident for ident in wanted if ident not in by_id]
        if foreign:
            msg = f"{name}: image {foreign[0]} is not in project {self._project}; choose images of the project"
            raise DataError(msg)
        if not by_id:
            msg = f"project {self._project} has no images; add some first"
            raise DataError(msg)
        return [ImageSource(self._session, by_id[ident]) for ident in (wanted or sorted(by_id))]

    def check_term(self, term: int | None) -> tuple[str | None, tuple[int, int, int] | None]:
        """Return name and colour of a term of the project's ontology."""
        if term is None:
            return None, None
        try:
            found = patiently(lambda: self._session.api.get(f"project/{self._project}/term.json"))["collection"]
        except CoreNotFound:
            found = []
        for item in found:
            if int(item["id"]) == term:
                return str(item["name"]), _colour(item.get("color"))
        names = ", ".join(f"{item['name']} ({item['id']})" for item in found[:8]) or "none"
        msg = f"term {term} is not in the ontology of project {self._project}, whose terms are: {names}"
        raise DataError(msg)

    @contextmanager
    def layer(self, source: Source, term: int | None, rate: float = 1.0) -> Iterator[Layer]:  # noqa: ARG002 - see below
        """Open the job's layer on an image; with `job_per_image`, that of a job of its own.

        A Core gives every term of an annotation that a job adds the rate 1.
        """
        image = self._image(source)
        height = int(image.facts["height"])
        if not self.values.get("job_per_image"):
            with AnnotationLayer(self._session, self._project, image.id, height, term) as layer:
                yield layer
            return
        try:
            own = JobSession.create(self._session.url, self._keys, self._project, self._software)
        except CoreError as error:
            msg = f"job_per_image: the server refused a job for {image.name} ({error}); run one job for all images"
            raise DataError(msg) from error
        with own, _reported(own):
            own.record({**self.values, IMAGES[0]: [image.id]}, _registered(own, self._software)[1])
            own.report(JobStatus.RUNNING, 0, f"{image.name}, part of job {self._session.job.id}")
            with AnnotationLayer(own, self._project, image.id, height, term) as layer:
                yield layer

    @contextmanager
    def annotations(self) -> Iterator[Annotations]:
        """Open the annotations that the job's user sees."""
        from algorithms.toolkit.annotations.core import CoreAnnotations

        yield CoreAnnotations(self._session, self._project)

    def publish_model(self, path: Path, properties: Mapping[str, str]) -> None:
        """Attach the model to the job, with its properties."""
        from algorithms.toolkit.job.models import attach_model

        attach_model(self._session, path, properties)

    def properties(self, values: Mapping[str, str]) -> None:
        """Give the job properties."""
        from algorithms.toolkit.job.models import write_properties

        write_properties(self._session, values)

    def find_model(self) -> Path:
        """Fetch the model of the training job that `cytomine_id_job` names."""
        from algorithms.toolkit.job.models import fetch_model

        job = self.values.get("cytomine_id_job")
        if not isinstance(job, int) or job <= 0:
            raise ParameterError("cytomine_id_job is missing: choose the training job whose model is to be used")
        return fetch_model(self._session, job, self.output)

    def progress(self, percent: float, comment: str = "") -> None:
        """Tell the Core how far the job is, at most every two seconds."""
        self._pace(percent, comment)

    def keep(self, path: Path, key: str) -> None:
        """Upload a file as a result of the job."""
        self._session.attach(path, key)

    def _image(self, source: Source) -> ImageSource:
        if not isinstance(source, ImageSource):
            msg = f"{source.name} is no image of this project"
            raise DataError(msg)
        return source


def _registered(session: JobSession, software: int) -> tuple[dict[str, str | None], dict[str, int]]:
    """Return what the server has registered: defaults, which win over the descriptor's, and ids to record."""
    found = patiently(
        lambda: session.api.get(f"software/{software}/software_parameter.json", {"withSetByServer": "True"})
    )["collection"]
    defaults = {item["name"]: item.get("defaultParamValue") for item in found}
    ids = {item["name"]: int(item["id"]) for item in found if not item.get("setByServer")}
    return defaults, ids


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        msg = f"{name}: {text!r} is not a whole number"
        raise ParameterError(msg) from None


def _colour(text: Any) -> tuple[int, int, int] | None:
    """Read a colour such as #FF0000."""
    digits = str(text or "").lstrip("#")
    if len(digits) != 6:
        return None
    try:
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    except ValueError:
        return None
