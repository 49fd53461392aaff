"""Templates to answers, with the headers that keep a page safe."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from starlette.responses import Response

from router.core_server.pages import words

STATIC = Path(__file__).parent.parent / "static"

#: The one style sheet that OpenSeadragon 6.1.1 writes into the page by itself.
_OPENSEADRAGON_STYLE = "'sha256-9xTiqzfwFaL2SGb1rmr8gysEwVVjIvqWAgmZgqFqpEE='"
#: Scripts and styles come from this server only, none is written into a page, and nobody frames a page.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' blob: data:;"
    f" style-src 'self' {_OPENSEADRAGON_STYLE}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= words.FILTERS
    environment.globals |= {"version": _version()}
    return environment


def _version() -> str:
    from importlib.metadata import version

    return version("cytomine-software-router")


def text(template: str, **context: Any) -> str:
    """Return a rendered template as text."""
    return str(_environment().get_template(template).render(**context))


def render(template: str, status: int = 200, **context: Any) -> Response:
    """Return a rendered template as answer."""
    return Response(text(template, **context), status, media_type="text/html", headers=HEADERS)
