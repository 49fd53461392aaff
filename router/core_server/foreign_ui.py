"""Serves a built Cytomine-Web-UI that the user supplies, same-origin with the API; the project ships no part of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from router.core_server.wire import answer


class WebUi:
    """The files of a Web-UI's `dist` folder; its configuration names this server as its Core.

    Parameters
    ----------
    folder : Path
        Holds index.html.

    Raises
    ------
    SystemExit
        When it does not.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "index.html").is_file():
            msg = f"--web-ui {folder}: no index.html there; give the dist folder of a built Cytomine-Web-UI"
            raise SystemExit(msg)
        self._folder = folder
        self._files = StaticFiles(directory=folder, html=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file; addresses that are none are the single page's own."""
        scope = {**scope, "path": scope.get("sent_path", scope["path"]), "root_path": ""}
        if scope["path"] == "/configuration.json":
            await self._configuration(scope)(scope, receive, send)
            return
        try:
            await self._files(scope, receive, send)
        except HTTPException as error:
            if error.status_code != 404 or "." in scope["path"].rsplit("/", 1)[-1]:
                raise
            await self._files({**scope, "path": "/"}, receive, send)

    def _configuration(self, scope: Scope) -> Response:
        path = self._folder / "configuration.json"
        settings: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        headers = dict(scope["headers"])
        scheme = headers.get(b"x-forwarded-proto", scope["scheme"].encode()).decode("latin-1")
        host = headers.get(b"host", b"localhost").decode("latin-1")
        return answer({**settings, "CYTOMINE_CORE_HOST": f"{scheme}://{host}"})
