"""Models of jobs: attached to the job that made them, fetched by its id."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from algorithms.toolkit.errors import DataError, UploadError
from algorithms.toolkit.job.session import JobSession, patiently
from router.errors import CoreError

#: How Core calls jobs, and the name under which a model hangs on one.
JOB, MODEL = "be.cytomine.processing.Job", "model.zip"
#: A model above this does not fit into the memory of those who use it.
MAX_BYTES = 4 << 30


def attach_model(session: JobSession, path: Path, properties: Mapping[str, str]) -> None:
    """Attach a model file to the session's job and say in properties what it is for.

    Raises
    ------
    UploadError
    """
    job = session.job.id
    try:
        with path.open("rb") as file:
            fields = {"files[]": (MODEL, file, "application/octet-stream")}
            query = {"domainIdent": job, "domainClassName": JOB, "filename": MODEL, "key": "model"}
            session.api.multipart("attachedfile.json", fields, query)
    except CoreError as error:
        msg = f"the model could not be attached to job {job}: {error}"
        raise UploadError(msg) from error
    write_properties(session, properties)


def write_properties(session: JobSession, properties: Mapping[str, str]) -> None:
    """Give the session's job properties.

    Raises
    ------
    UploadError
    """
    job = session.job.id
    try:
        for key, value in properties.items():
            body = {"domainIdent": job, "domainClassName": JOB, "key": key, "value": value}
            session.api.post(f"domain/{JOB}/{job}/property.json", json.dumps(body))
    except CoreError as error:
        msg = f"the properties of job {job} could not be written: {error}"
        raise UploadError(msg) from error


def fetch_model(session: JobSession, job: int, folder: Path) -> Path:
    """Fetch the newest model that is attached to a job.

    Raises
    ------
    DataError
        When the job is not there or has no model.
    """
    try:
        listed = patiently(lambda: session.api.get(f"domain/{JOB}/{job}/attachedfile.json"))["collection"]
        models = sorted(int(item["id"]) for item in listed if item.get("filename") == MODEL)
        if not models:
            msg = f"cytomine_id_job: job {job} has no model; choose a training job that ended with success"
            raise DataError(msg)
        path = folder / MODEL
        with path.open("wb") as file:
            session.api.download(f"attachedfile/{models[-1]}/download", file, MAX_BYTES)
    except CoreError as error:
        msg = f"cytomine_id_job: the model of job {job} can not be fetched ({error}); choose a training job"
        raise DataError(msg) from error
    return path
