"""A place to break things in: Core, broker and router for real, and software that is a few lines of Python."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika

from router.catalogue import install
from router.core import Job, JobStatus
from router.descriptor import parse
from router.errors import CoreNotFound
from router.store import JobRow, Store
from tests.support.core import EmbeddedCore
from tests.support.router import RouterDaemon
from tests.support.waiting import wait_for

#: On this machine already; Python's standard library is all the programs need.
IMAGE, TAG = "cytomine-software-router/base", "bookworm"
QUEUE = "queueProcessingServerLocal-server"
EXCHANGE = "exchangeProcessingServerLocal-server"

#: What an algorithm's client does: sign, and tell Core a status.
PRELUDE = """
import base64, hashlib, hmac, json, os, signal, socket, sys, time, urllib.request
A = dict(zip(sys.argv[1::2], sys.argv[2::2]))
HOST, PUBLIC, PRIVATE = A["--cytomine_host"], A["--cytomine_public_key"], A["--cytomine_private_key"]
def ask(method, path, body=None):
    date, kind = "Mon, 01 Jan 2024 00:00:00 +0000", "application/json" if body else ""
    text = "\\n".join([method, "", kind, date, path]).encode()
    sign = base64.b64encode(hmac.new(PRIVATE.encode(), text, hashlib.sha1).digest()).decode()
    headers = {"date": date, "authorization": f"CYTOMINE {PUBLIC}:{sign}", "X-Requested-With": "XMLHttpRequest"}
    if body: headers["content-type"] = kind
    request = urllib.request.Request(HOST + path, json.dumps(body).encode() if body else None, headers, method=method)
    return json.loads(urllib.request.urlopen(request, timeout=30).read())
def status(code, comment=None):
    me = ask("GET", "/api/user/current.json")
    path = f"/api/job/{me['job']}.json"
    ask("PUT", path, {**ask("GET", path), "status": code, "statusComment": comment})
def say(text): print(text, flush=True)
"""


class Workshop:
    """One Core, one vhost, routers as asked for."""

    def __init__(self, core: EmbeddedCore, amqp: str, start: Callable[..., RouterDaemon]) -> None:
        self.core, self.amqp, self._start = core, amqp, start
        self.admin = core.client("admin")
        self._install_as = core.client("router")
        self._programs = 0
        post = self.admin._connection.post
        ontology = post("ontology.json", json.dumps({"name": "o"}))["ontology"]["id"]
        self.project = int(post("project.json", json.dumps({"name": "p", "ontology": ontology}))["project"]["id"])

    def router(self, **settings: Any) -> RouterDaemon:
        """Start a router that is ready."""
        return self._start(self.core, self.amqp, **{"slots": 4, "http__host": "127.0.0.1", **settings})

    def software(self, program: str, image: str = IMAGE, tag: str = TAG) -> int:
        """Register a program; its id."""
        self._programs += 1
        code = base64.b64encode((PRELUDE + program).encode()).decode()
        names = ["cytomine_host", "cytomine_public_key", "cytomine_private_key", "cytomine_id_project"]
        descriptor = {
            "name": f"program{self._programs}",
            "description": "x",
            "schema-version": "cytomine-0.1",
            "container-image": {"type": "singularity", "image": image},
            "command-line": f"python3 -c exec(__import__('base64').b64decode('{code}')) "
            + " ".join(f"[{name.upper()}]" for name in names),
            "inputs": [
                {
                    "id": name,
                    "type": "String",
                    "value-key": "[@ID]",
                    "command-line-flag": "--@id",
                    "set-by-server": True,
                }
                for name in names
            ],
        }
        return install(self._install_as, parse(json.dumps(descriptor)), tag).software.id

    def create(self, program: str | int, **image: str) -> int:
        """Create a job without launching it; its id."""
        software = program if isinstance(program, int) else self.software(program, **image)
        return self.admin.create_job(self.project, software, {}).id

    def launch(self, program: str | int, **image: str) -> int:
        """Create and launch a job as the web page does; its id."""
        job = self.create(program, **image)
        self.admin.execute_job(job)
        return job

    def kill(self, job: int) -> None:
        """Press kill, as the web page does."""
        self.admin.kill_job(job)

    def publish(self, body: bytes, times: int = 1) -> None:
        """Put a body on the server's queue."""
        self.publish_all([body] * times)

    def publish_all(self, bodies: list[bytes]) -> None:
        """Put bodies on the server's queue."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp))
        try:
            channel = connection.channel()
            for body in bodies:
                channel.basic_publish(EXCHANGE, "", body, pika.BasicProperties(delivery_mode=2))
        finally:
            connection.close()

    def take(self) -> bytes:
        """Take one message from the server's queue, as a router would; no router may be running."""
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp))
        try:
            method, _, body = connection.channel().basic_get(QUEUE, auto_ack=True)
            assert method is not None, f"there is nothing in {QUEUE}"
            return bytes(body)
        finally:
            connection.close()

    def job(self, job: int) -> Job:
        """A job as Core knows it."""
        return self.admin.job(job)

    def over(self, job: int, timeout: float = 60.0) -> Job:
        """Wait until a job has a final status in Core; the job."""
        wait_for(f"the end of job {job}", lambda: self.job(job).final, timeout, 0.1, lambda: str(self.job(job)))
        return self.job(job)

    def done(self, router: RouterDaemon, *jobs: int, timeout: float = 90.0) -> None:
        """Wait until the router is through with jobs: Core told, log attached, container gone."""

        def all_done() -> bool:
            rows = [self.row(router, job) for job in jobs]
            return all(row is not None and row.done_at is not None for row in rows)

        wait_for(f"jobs {jobs} done", all_done, timeout, 0.1, lambda: router.log[-6000:])

    def row(self, router: RouterDaemon, job: int) -> JobRow | None:
        """A job as the router's store knows it."""
        store = Store(f"sqlite:///{router.folder / 'router.db'}")
        try:
            with store.read() as unit:
                return unit.find(job)
        finally:
            store.close()

    def attached(self, job: int) -> str:
        """The one log.out of a job."""
        names = [file.filename for file in self.admin.attached_files(job)]
        assert names == ["log.out"], names
        return self.admin.job_log(job)

    def attached_now(self, job: int) -> str:
        """The log of a job that runs; empty in the moment between two of them."""
        try:
            return self.admin.job_log(job)
        except CoreNotFound:
            return ""

    def status(self, job: int) -> JobStatus:
        """The status in Core."""
        return JobStatus(self.job(job).status)


def files_holding(text: str, folder: Path) -> list[Path]:
    """The files below a folder that hold a text."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]
