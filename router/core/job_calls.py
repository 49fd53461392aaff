"""Calls of Core about jobs: read, report, log, and what a launcher does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from urllib.parse import quote

from router.core.connection import Connection, Keys
from router.core.entities import AttachedFile, Job, JobChange, JobUpdate, read_list
from router.core.software_entities import JobParameter
from router.errors import CoreNotFound

JOB_CLASS = "be.cytomine.processing.Job"
LOG_NAME = "log.out"


def not_final(job: Job) -> bool:
    """Whether a job may still be changed: a status the algorithm ended with is never overwritten."""
    return not job.final


class JobCalls:
    """The part of `CoreClient` about jobs; every method raises `CoreError`."""

    _connection: Connection

    def job(self, job_id: int) -> Job:
        """The job with this id."""
        return Job.read(self._connection.get(f"job/{job_id}.json"))

    def update_job(self, job_id: int, change: JobChange, when: Callable[[Job], bool] = not_final) -> JobUpdate:
        """GET, merge, PUT of the whole job (router-protocol.md 3.3), if `when` agrees with what was read.

        Core has no version check, so a change by somebody else between the GET and the PUT is lost; the two follow
        each other at once.

        Parameters
        ----------
        job_id
            Which job.
        change
            What to write; the rest is sent back as it was read, `rate`, `created` and the server among it.
        when
            Asked with the job as read; False leaves it alone. By default a final status stays.
        """
        job = self.job(job_id)
        if not when(job):
            return JobUpdate(job, written=False)
        answer = self._connection.put(f"job/{job_id}.json", json.dumps(change.merged(job)))
        return JobUpdate(Job.read(answer["job"]), written=True)

    def job_parameters(self, job_id: int) -> list[JobParameter]:
        """The values of a job's parameters, keys unmasked: never log them."""
        return read_list(JobParameter.read, self._connection.get(f"job/{job_id}/parameter.json"))

    def user_job_keys(self, user_job: int) -> Keys:
        """The keys of a job's own user, which may report where a READ_ONLY project refuses the router's."""
        try:
            found = self._connection.get(f"userJob/{user_job}.json")
            found = found.get("userJob", found)
        except CoreNotFound:
            found = self._connection.get(f"user/{user_job}.json")
        if not (found.get("publicKey") and found.get("privateKey")):
            message = f"Core shows no keys for the job user {user_job}; the router's user needs to be an administrator"
            raise CoreNotFound(message)
        return Keys(found["publicKey"], found["privateKey"])

    def keys_of(self, public_key: str) -> Keys:
        """The key pair a public key belongs to; asked by an administrator (a legacy command names no job, 2.3)."""
        found = self._connection.get(f"userkey/{quote(public_key, '')}/keys.json")
        if not found.get("privateKey"):
            message = "Core does not show the private key; the router's user needs to be an administrator"
            raise CoreNotFound(message)
        return Keys(public_key, found["privateKey"])

    def attach_log(self, job_id: int, content: bytes, *, first: bool = False) -> AttachedFile:
        """Make `content` the job's one `log.out`: upload it, then delete the older ones (3.5).

        Part and field are both named log.out, since a legacy Core takes the name from the part. With `first` there are
        no older ones for certain, and Core is not asked for them.
        """
        answer = self._connection.multipart(
            "attachedfile.json",
            {"files[]": (LOG_NAME, BytesIO(content), "text/plain")},
            {"domainClassName": JOB_CLASS, "domainIdent": job_id, "filename": LOG_NAME},
        )
        newest = AttachedFile.read(answer)
        if first:
            return newest
        for found in self.attached_files(job_id):
            if found.filename == LOG_NAME and found.id < newest.id:
                self.delete_attached_file(found.id)
        return newest

    def attached_files(self, ident: int, domain: str = JOB_CLASS) -> list[AttachedFile]:
        """The files attached to an object, a job by default."""
        return read_list(AttachedFile.read, self._connection.get(f"domain/{domain}/{ident}/attachedfile.json"))

    def delete_attached_file(self, file_id: int) -> None:
        """Delete one; one that is gone already is fine."""
        try:
            self._connection.delete(f"attachedfile/{file_id}.json")
        except CoreNotFound:
            return

    def job_log(self, job_id: int) -> str:
        """The text of the job's log.out.

        Raises
        ------
        CoreNotFound
            There is none yet.
        """
        return str(self._connection.get(f"job/{job_id}/log.json")["data"])

    def create_job(self, project: int, software: int, values: Mapping[int, str]) -> Job:
        """Create a job as the web page does; `values` maps the id of a software's parameter to its value."""
        parameters = [{"softwareParameter": key, "value": value} for key, value in values.items()]
        body = {"project": project, "software": software, "params": parameters}
        return Job.read(self._connection.post("job.json", json.dumps(body))["job"])

    def execute_job(self, job_id: int) -> Job:
        """Ask Core to launch: it publishes `execute` and leaves the status alone."""
        return Job.read(self._connection.post(f"job/{job_id}/execute.json"))

    def kill_job(self, job_id: int) -> Job:
        """Ask Core to kill: it publishes `kill` and leaves the status alone."""
        return Job.read(self._connection.post(f"job/{job_id}/kill.json"))
