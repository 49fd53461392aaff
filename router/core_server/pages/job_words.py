"""A job as Core's API writes it, made ready to be read."""

from __future__ import annotations

import re
from typing import Any

from router.core_server.pages import words

_VERSION = re.compile(r"\s*\([^()]*\)\s*$")


def described(job: dict[str, Any]) -> dict[str, Any]:
    """Return `job` with its algorithm's title and version, its starter's name and whether it is over."""
    full = str(job.get("softwareName") or "Algorithm")
    title = words.software_title(_VERSION.sub("", full)) or "Algorithm"
    version = _VERSION.search(full)
    comment = job.get("statusComment")
    return {
        **job,
        "title": title,
        "version": version[0].strip(" ()") if version else "",
        "human": job.get("username") or "somebody",
        # what every client writes at the end says no more than the state does
        "statusComment": None if comment == "Job successfully terminated" else comment,
        "over": (job.get("status") or 0) in words.OVER,
    }
