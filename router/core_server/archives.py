"""Software that arrives as a zip: kept, handed out again, and announced to routers (router-protocol 2.1, 3.4)."""

from __future__ import annotations

from typing import Any

from starlette.responses import FileResponse, Response

from router.core_server.context import Call
from router.core_server.crud import create_row, enveloped, render_one
from router.core_server.errors import WrongArgument
from router.core_server.files import keep, stored
from router.core_server.http import Routes
from router.core_server.processing import announce
from router.core_server.rights import seen
from router.core_server.software import SOFTWARE
from router.core_server.uploads import base_name

routes = Routes()


@routes.add("POST", "software/upload", file=True)
def upload(call: Call) -> Any:
    """Create a software of which only name, version and archive are known; a router reads the rest out of it."""
    if call.received is None:
        raise WrongArgument("the body holds no file: send a multipart part named files[]")
    given = {**call.received.form, **call.request.query_params}
    name = given.get("filename") or call.received.name
    body = {"name": given.get("name"), "softwareVersion": given.get("softwareVersion"), "sourcePath": base_name(name)}
    row = create_row(call, SOFTWARE, body)
    keep(call, row["id"])
    announce(call, {"requestType": "addSoftware", "SoftwareId": row["id"]})
    return enveloped(call, "Add", SOFTWARE, render_one(call, SOFTWARE, row))


@routes.add("GET", "software/{id:int}/download")
def download(call: Call) -> Response:
    """Send the archive."""
    row = seen(call, SOFTWARE, call.id)
    return FileResponse(stored(call, row["id"]), filename=base_name(row["sourcePath"] or f"{row['name']}.zip"))
