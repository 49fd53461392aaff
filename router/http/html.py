"""The two pages as HTML: everything that comes from outside is escaped here."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from router.wording import lasting, when

Facts = Mapping[str, Any]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="/static/jobs.css">
<script src="/static/jobs.js" defer></script>
</head>
<body>
<header><a href="/jobs">Jobs</a></header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def listing(jobs: Sequence[Facts], counts: Mapping[str, int], state: str | None) -> str:
    """The page of all jobs."""
    chosen = [("all", "/jobs", sum(counts.values()), state is None)]
    chosen += [(name, f"/jobs?state={name}", number, state == name) for name, number in counts.items()]
    links = " ".join(
        f'<a href="{escape(link)}"{" aria-current=page" if here else ""}>{escape(name)} {number}</a>'
        for name, link, number, here in chosen
    )
    rows = "\n".join(_row(job) for job in jobs)
    head = "".join(f"<th scope=col>{name}</th>" for name in ("Job", "State", "Ended", "Received", "Ran", "Image"))
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>" if rows else "<p>There are none.</p>"
    )
    return _PAGE.format(title="Jobs", body=f"<nav>{links}</nav>\n{table}")


def single(job: Facts) -> str:
    """The page of one job, with its log live."""
    number = int(job["job"])
    ended = f"{job['ending']}: {job['comment']}" if job["ending"] else "-"
    waited = (job["started_at"] or job["ended_at"] or time.time()) - job["received_at"]
    shown = [
        ("State", f"{job['state']}, attempt {job['attempt']}"),
        ("Ended", ended),
        ("Exit code", "-" if job["exit_code"] is None else str(job["exit_code"])),
        ("Times", f"waited {lasting(waited)}, ran {lasting(_ran(job))}"),
        ("Image", job["image"] or "-"),
        ("Digest", job["image_digest"] or "-"),
        ("Command", " ".join(job["command"]) or "-"),
        ("What to do", job["hint"]),
    ]
    facts = "\n".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in shown if value)
    moments = "\n".join(
        f"<li><time>{when(one['at'])}</time> {escape(one['what'])} {escape(one['detail'])}</li>"
        for one in job["timeline"]
    )
    over = "true" if job["done_at"] else "false"
    body = f"""<dl>
{facts}
</dl>
<h2>Timeline</h2>
<ol><li><time>{when(job["received_at"])}</time> received</li>
{moments}</ol>
<h2>Log</h2>
<p><a href="/jobs/{number}/log">the whole log</a> <span id="following" role="status"></span></p>
<pre id="log" tabindex="0" aria-label="Log" data-events="/jobs/{number}/log/events" data-over="{over}"></pre>"""
    return _PAGE.format(title=f"Job {number}", body=body)


def _row(job: Facts) -> str:
    number = job["job"]
    name = "?" if number is None else f'<a href="/jobs/{int(number)}">{int(number)}</a>'
    cells = [job["state"], job["ending"] or "-", when(job["received_at"]), lasting(_ran(job)), job["image"] or "-"]
    return f"<tr><td>{name}</td>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _ran(job: Facts) -> float | None:
    if job["started_at"] is None:
        return None
    return float((job["ended_at"] or time.time()) - job["started_at"])
