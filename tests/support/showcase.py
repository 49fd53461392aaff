"""A project to look at, made through the REST API: slides, terms, shapes of people and of a job with its mistakes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Any

import requests
from requests.auth import AuthBase

from router.core_server.auth import sign
from tests.support.core import EmbeddedCore

TERMS = {"Tumour": "#c2255c", "Stroma": "#2f6fb2", "Fat": "#e0a100", "Background": "#5c7a29"}
LOG = "Reading the slide\n" + "".join(f"Tile {n}/40: {3 * n} objects\n" for n in range(1, 41)) + "Done: 120 objects\n"


class Signed(AuthBase):
    """Signs requests with a key pair, as client 4.x does."""

    def __init__(self, public: str, private: str) -> None:
        self._public, self._private = public, private

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["date"] = formatdate(usegmt=True)
        content_type = request.headers.get("content-type") or ""
        if isinstance(content_type, bytes):
            content_type = content_type.decode()
        message = f"{request.method}\n\n{content_type}\n{request.headers['date']}"
        request.headers["authorization"] = f"CYTOMINE {self._public}:{sign(self._private, message)}"
        return request


@dataclass
class Rest:
    """One identity's calls; everything but 200 fails."""

    url: str
    auth: Signed
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **query: Any) -> Any:
        return self._read(self.session.get(f"{self.url}/api/{path}.json", params=query, auth=self.auth, timeout=60))

    def post(self, path: str, body: Any = None) -> Any:
        return self._read(self.session.post(f"{self.url}/api/{path}.json", json=body, auth=self.auth, timeout=120))

    def put(self, path: str, body: Any) -> Any:
        return self._read(self.session.put(f"{self.url}/api/{path}.json", json=body, auth=self.auth, timeout=60))

    def upload(self, path: str, name: str, data: bytes, **query: Any) -> Any:
        files = {"files[]": (name, data)}
        answer = self.session.post(f"{self.url}{path}", params=query, files=files, auth=self.auth, timeout=120)
        return self._read(answer)

    def close(self) -> None:
        self.session.close()

    @staticmethod
    def _read(answer: requests.Response) -> Any:
        assert answer.status_code == 200, (
            f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:400]}"
        )
        return answer.json()


def ring(x: float, y: float, radius: float, corners: int = 16) -> str:
    """A polygon around a place, WKT."""
    points = [
        (x + radius * math.cos(2 * math.pi * k / corners), y + radius * math.sin(2 * math.pi * k / corners))
        for k in range(corners)
    ]
    return "POLYGON ((" + ", ".join(f"{px:.1f} {py:.1f}" for px, py in [*points, points[0]]) + "))"


@dataclass
class Showcase:
    """What was made; identifiers as the API gave them."""

    admin: Rest
    project: int
    ontology: int
    terms: dict[str, int]
    slides: list[dict[str, Any]]
    software: int = 0
    job: int = 0


def build(url: str, keys: dict[str, dict[str, str]], slide_files: list[Path]) -> Showcase:
    """A project with slides, terms and what a person drew."""
    admin = Rest(url, Signed(keys["admin"]["publicKey"], keys["admin"]["privateKey"]))
    ontology = admin.post("ontology", {"name": "Breast tissue"})["ontology"]["id"]
    terms = {
        name: admin.post("term", {"name": name, "color": colour, "ontology": ontology})["term"]["id"]
        for name, colour in TERMS.items()
    }
    project = admin.post("project", {"name": "Breast biopsies", "ontology": ontology})["project"]["id"]
    storage = admin.get("storage")["collection"][0]["id"]
    for file in slide_files:
        admin.upload("/upload", file.name, file.read_bytes(), storage=storage, projects=project, sync="true")
    slides = sorted(admin.get(f"project/{project}/imageinstance")["collection"], key=lambda s: s["id"])
    made = Showcase(admin, project, ontology, terms, slides)
    if slides:
        for x, y, radius, term in ((700, 2000, 160, "Tumour"), (1300, 1500, 220, "Stroma"), (1700, 700, 120, None)):
            admin.post(
                "annotation",
                {
                    "image": slides[0]["id"],
                    "project": project,
                    "location": ring(x, y, radius),
                    "term": [terms[term]] if term else [],
                },
            )
    return made


def add_software(made: Showcase) -> int:
    """An algorithm with a parameter of every kind, offered in the project."""
    admin = made.admin
    server = admin.get("processing_server")["collection"][0]["id"]
    software = admin.post(
        "software",
        {
            "name": "object_finder",
            "softwareVersion": "0.1.0",
            "executeCommand": "docker run object_finder [CYTOMINE_HOST] [THRESHOLD]",
            "pullingCommand": "docker pull object_finder:0.1.0",
            "defaultProcessingServer": server,
        },
    )["software"]["id"]
    admin.post(
        f"domain/be.cytomine.processing.Software/{software}/description",
        {"data": "Finds cells and other objects that are darker than what surrounds them, and outlines each."},
    )
    images = {"uri": "/api/project/$currentProject$/imageinstance.json", "uriPrintAttribut": "instanceFilename"}
    term = {"uri": "/api/project/$currentProject$/term.json", "uriPrintAttribut": "name"}
    rows: list[tuple[dict[str, Any], str, dict[str, str]]] = [
        ({"name": "cytomine_host", "type": "String", "setByServer": True, "required": True}, "", {}),
        (
            {"name": "cytomine_id_images", "humanName": "Slides", "type": "ListDomain", "required": True, **images},
            "The slides to look at.",
            {},
        ),
        (
            {"name": "cytomine_id_predicted_term", "humanName": "Term", "type": "Domain", **term},
            "What the objects are called. Without one they stay unnamed.",
            {},
        ),
        (
            {"name": "threshold", "humanName": "Threshold", "type": "Number", "required": True, "defaultValue": "50"},
            "How much darker than its surroundings an object must be. More finds fewer objects.",
            {"minimum": "0", "maximum": "255", "integer": "true"},
        ),
        (
            {"name": "filter", "humanName": "Smoothing", "type": "String", "defaultValue": "adaptive"},
            "How the background is estimated.",
            {"in": "adaptiveðbinaryðotsu"},
        ),
        ({"name": "union", "humanName": "Join touching objects", "type": "Boolean", "defaultValue": "true"}, "", {}),
        ({"name": "min_area", "humanName": "Smallest area (µm²)", "type": "Number", "defaultValue": "12.5"}, "", {}),
    ]
    rules = {(rule["dataType"], rule["name"]): rule["id"] for rule in admin.get("parameter_constraint")["collection"]}
    for parameter, told, constraints in rows:
        answer = admin.post("software_parameter", {"software": software, **parameter})
        ident = answer["softwareparameter"]["id"]
        if told:
            admin.post(f"domain/be.cytomine.processing.SoftwareParameter/{ident}/description", {"data": told})
        for name, value in constraints.items():
            body = {"parameterConstraint": rules[parameter["type"], name], "softwareParameter": ident, "value": value}
            admin.post("software_parameter_constraint", body)
    admin.post("softwareproject", {"software": software, "project": made.project})
    made.software = software
    return software


def add_job(made: Showcase, objects: int = 120) -> int:
    """A job that ended well, written as an algorithm writes: shapes, predicted terms with mistakes, log, table."""
    admin, slide = made.admin, made.slides[0]
    parameters = {p["name"]: p["id"] for p in admin.get(f"software/{made.software}")["parameters"]}
    params = [
        {"softwareParameter": parameters["cytomine_id_images"], "value": str(slide["id"])},
        {"softwareParameter": parameters["threshold"], "value": "60"},
        {"softwareParameter": parameters["union"], "value": "true"},
    ]
    body = {"software": made.software, "project": made.project, "params": params}
    job = admin.post("job", body)["job"]
    keys = admin.get(f"user/{job['userJob']}")
    robot = Rest(admin.url, Signed(keys["publicKey"], keys["privateKey"]))
    admin.put(f"job/{job['id']}", {**job, "status": 1})
    robot.put(f"job/{job['id']}", {**job, "status": 2, "statusComment": "Looking for objects", "progress": 40})
    _shapes(robot, made, objects)
    found = robot.get("annotation", users=job["userJob"], project=made.project, max=min(objects, 120))["collection"]
    names = list(made.terms.values())
    for index, item in enumerate(found):
        expected = names[index % 3]
        said = names[(index + 1) % 3] if index % 7 == 0 else expected
        robot.post(
            f"annotation/{item['id']}/term/{said}",
            {"annotationIdent": item["id"], "term": said, "expectedTerm": expected, "rate": 0.55 + (index % 40) / 100},
        )
    robot.upload(
        "/api/attachedfile.json", "log.out", LOG.encode(),
        domainClassName="be.cytomine.processing.Job", domainIdent=job["id"], filename="log.out",
    )  # fmt: skip
    data = robot.post("jobdata", {"job": job["id"], "key": "table", "filename": "objects.csv"})["jobdata"]
    robot.upload(f"/api/jobdata/{data['id']}/upload", "objects.csv", b"object,area\n1,20.5\n")
    ended = {**job, "status": 3, "progress": 100, "statusComment": f"{objects} objects found"}
    robot.put(f"job/{job['id']}", ended)
    robot.close()
    made.job = job["id"]
    return made.job


def _shapes(robot: Rest, made: Showcase, objects: int) -> None:
    slide = made.slides[0]
    columns = max(1, math.ceil(math.sqrt(objects * slide["width"] / slide["height"])))
    step = slide["width"] / (columns + 1)
    locations = [
        ring(step * (1 + k % columns), step * (1 + k // columns), 0.35 * step, 12)
        for k in range(objects)
        if step * (1 + k // columns) < slide["height"] - step
    ]
    for start in range(0, len(locations), 5000):
        part = locations[start : start + 5000]
        robot.post("annotation", [{"image": slide["id"], "project": made.project, "location": wkt} for wkt in part])


@contextmanager
def core_alone(folder: Path) -> Iterator[EmbeddedCore]:
    """Run an embedded Core without a broker until the block ends."""
    found = EmbeddedCore(folder / "core", "127.0.0.1")
    try:
        yield found
    finally:
        found.stop()


@contextmanager
def on_show(core: EmbeddedCore, slide_file: Path, objects: int) -> Iterator[Showcase]:
    """A project with a slide, an algorithm, and a finished job of `objects` shapes."""
    made = build(core.url, core.keys, [slide_file])
    try:
        add_software(made)
        add_job(made, objects)
        yield made
    finally:
        made.admin.close()
