"""All pages on their addresses, for the server to mount beside the API."""

from __future__ import annotations

from collections.abc import Iterable
from os import stat_result

from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from router.core_server.context import Core
from router.core_server.errors import NotFound
from router.core_server.http import Routes
from router.core_server.pages import annotation, beginning, confusion, jobs, launching, projects, session, slides
from router.core_server.pages.api import Table
from router.core_server.pages.rendering import STATIC
from router.core_server.pages.site import Page, View, endpoint

PARTS = (session, projects, beginning, slides, annotation, launching, jobs, confusion)


class _Fresh(StaticFiles):
    """Files that the browser asks about anew each time, so that an upgrade is seen at once."""

    def file_response(
        self, full_path: str | object, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(str(full_path), stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def _nowhere(_page: Page) -> Response:
    raise NotFound("there is no such page")


NOWHERE = View("GET", "/pages/{rest:path}", _nowhere, open=True)


def mount(core: Core, rooms: Iterable[Routes]) -> list[BaseRoute]:
    """Return the routes of all pages and of their scripts and styles.

    Parameters
    ----------
    core : Core
        The server's parts.
    rooms : iterable of Routes
        The API's routes, in the order in which the server mounts them.
    """
    table = Table(rooms)
    routes: list[BaseRoute] = [Mount("/pages/static", _Fresh(directory=STATIC))]
    if core.settings.web_ui is None:
        routes.append(Route("/", endpoint(core, table, session.FRONT_DOOR), methods=["GET"]))
    every = (view for part in PARTS for view in part.views.views)
    routes.extend(Route(view.path, endpoint(core, table, view), methods=[view.method]) for view in every)
    routes.append(Route("/pages/{rest:path}", endpoint(core, table, NOWHERE), methods=["GET", "POST"]))
    return routes
