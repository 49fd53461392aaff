"""The page of one analysis: state, progress, timeline, log, settings, results; stop it, run it again."""

from __future__ import annotations

import re
import time
from typing import Any

from starlette.responses import Response

from router.core_server import layers, timeline
from router.core_server.pages import words
from router.core_server.pages.api import Api
from router.core_server.pages.confusion import matrix
from router.core_server.pages.fields import build
from router.core_server.pages.job_words import described
from router.core_server.pages.projects import terms_of
from router.core_server.pages.rendering import HEADERS
from router.core_server.pages.site import Page, Views

views = Views()

#: The end of a log that is shown, characters.
LOG_END = 60_000
#: Crops shown as examples of what was found.
EXAMPLES = 12
#: Milliseconds after the end in which the log may still arrive.
LATE = 90_000

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


@views.get("/pages/job/{job:int}")
def job_page(page: Page) -> Response:
    """Show an analysis."""
    job = page.api.get(f"job/{page.params['job']}")
    project = page.api.get(f"project/{job['project']}")
    return page.show("job.html", project=project, settings=_settings(page.api, project, job), **_live(page, job))


@views.get("/pages/job/{job:int}/live")
def live(page: Page) -> Response:
    """Show the piece that changes while it runs; nothing when it has not changed since it was last shown."""
    job = page.api.get(f"job/{page.params['job']}")
    with page.core.db.read() as sql:
        unchanged = page.query.get("mark") == str(layers.version(sql))
    if unchanged and not described(job)["over"]:
        return Response(status_code=204, headers=HEADERS)
    return page.show("job_live.html", **_live(page, job))


@views.post("/pages/job/{job:int}/stop")
def stop(page: Page) -> Response:
    """Ask for an analysis to be stopped."""
    page.api.ask("POST", f"job/{page.params['job']}/kill")
    return page.show("notice_good.html", message="Asked to stop. It ends as soon as its computer hears of it.")


def _live(page: Page, found: dict[str, Any]) -> dict[str, Any]:
    job = described(found)
    log = page.api.maybe(f"job/{job['id']}/log")
    with page.core.db.read() as sql:
        mark = layers.version(sql)
        events = timeline.timeline(sql, job["id"])
        per_image = layers.by_image(sql, job["userJob"]) if job["userJob"] else {}
        predicted = layers.predictions(sql, job["id"]) if job["over"] else []
    steps = _steps(events, job["over"])
    return {
        "job": job,
        "mark": mark,
        "steps": steps,
        "log": _tail(log["data"]) if log else "",
        "log_file": log["url"] if log else "",
        "results": _results(page.api, job, per_image),
        "confusion": matrix(predicted, terms_of(page.api, job["project"])) if predicted else None,
        "awaited": not job["over"] or (log is None and _just_over(events)),
    }


def _just_over(events: list[dict[str, Any]]) -> bool:
    return bool(events) and time.time() * 1000 - int(events[-1]["moment"]) < LATE


def _steps(events: list[dict[str, Any]], over: bool) -> list[dict[str, Any]]:
    steps = []
    for index, event in enumerate(events):
        after = events[index + 1]["moment"] if index + 1 < len(events) else None
        last = after is None
        steps.append(
            {
                "status": event["status"],
                "moment": event["moment"],
                "lasted": "" if last else words.lasting(event["moment"], after),
                "now": last and not over,
            }
        )
    return steps


def _tail(log: str) -> str:
    """Return the log's end as a terminal would show it: colours gone, progress bars at their last state."""
    clean = _ANSI.sub("", log[-4 * LOG_END :]).replace("\r\n", "\n")
    lines = [line.rsplit("\r", 1)[-1] for line in clean.split("\n")]
    shown = "\n".join(lines)
    return shown if len(shown) <= LOG_END else "…\n" + shown[-LOG_END:].split("\n", 1)[-1]


def _results(api: Api, job: dict[str, Any], per_image: dict[int, int]) -> dict[str, Any]:
    slides = []
    for ident, number in per_image.items():
        slide = api.maybe(f"imageinstance/{ident}")
        if slide:
            slides.append({**slide, "number": number})
    slides.sort(key=lambda slide: -slide["number"])
    examples = []
    if per_image:
        examples = api.all("annotation", users=job["userJob"], project=job["project"], max=EXAMPLES, showMeta="true")
    attached = api.all(f"domain/be.cytomine.processing.Job/{job['id']}/attachedfile")
    files = [{**item, "view": f"/api/jobdata/{item['id']}/view", "url": f"/api/jobdata/{item['id']}/download"}
             for item in api.all(f"job/{job['id']}/jobdata")]  # fmt: skip
    files += [{**item, "view": ""} for item in attached if item["filename"] != "log.out"]
    for item in files:
        item["name"] = str(item["filename"]).rsplit("/", 1)[-1]
        item["picture"] = bool(item["view"]) and item["name"].lower().endswith((".png", ".jpg", ".jpeg"))
    return {
        "slides": slides,
        "examples": examples,
        "files": files,
        "found": sum(per_image.values()),
    }


def _settings(api: Api, project: dict[str, Any], job: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return label and values of each setting, with names in place of identifiers."""
    software = api.get(f"software/{job['software']}")
    given = {item["softwareParameter"]: str(item["value"] or "") for item in api.all(f"job/{job['id']}/parameter")}
    shown = []
    for parameter in software["parameters"]:
        if parameter["id"] not in given:
            continue
        made, value = build(api, project, parameter), given[parameter["id"]]
        if made.kind == "yes":
            values = ["yes" if value.lower() == "true" else "no"]
        elif made.options:
            names = {option.value: option.label for option in made.options}
            values = [names.get(part, "no longer there") for part in value.split(",") if part]
        else:
            values = [value]
        shown.append((made.label, values))
    return shown
