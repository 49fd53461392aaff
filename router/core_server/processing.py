"""Processing servers, their queues, and the accounts from which software comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from router.core_server.broker import COMMUNICATION_EXCHANGE, COMMUNICATION_QUEUE, server_queue, software_queue
from router.core_server.context import Call, Core
from router.core_server.db import Database
from router.core_server.errors import Middleware, NotFound
from router.core_server.http import Routes
from router.core_server.resource import Field, Resource, Row
from router.core_server.rights import CATALOGUE

routes = Routes()


def _declare(call: Call, row: Row) -> None:
    broker = call.core.broker
    call.sql.after_commit.append(lambda: _quietly(lambda: broker.declare(row["name"], row["exchange"])))


def _quietly(action: Any) -> None:
    # the row is safe; every new connection declares all queues again
    try:
        action()
    except Middleware:
        return


AMQP_QUEUE = Resource(
    table="amqpqueue",
    java="be.cytomine.middleware.AmqpQueue",
    label="AmqpQueue",
    paths=("amqp_queue",),
    unique=(("name",),),
    rule=CATALOGUE,
    fields=(Field("name", required=True), Field("host", required=True), Field("exchange", required=True)),
    added=_declare,
)


def announce(call: Call, message: dict[str, Any]) -> None:
    """Tell the router on queueCommunication, once the change is stored."""
    broker = call.core.broker
    call.sql.after_commit.append(
        lambda: _quietly(lambda: broker.publish(COMMUNICATION_QUEUE, COMMUNICATION_EXCHANGE, message))
    )


def _add_queue(call: Call, row: Row) -> None:
    queue, exchange = server_queue(row["name"])
    known = call.sql.one("SELECT * FROM amqpqueue WHERE name = ?", (queue,))
    if known is None:
        known = call.sql.add("amqpqueue", {"name": queue, "host": call.core.broker.address, "exchange": exchange})
        _declare(call, known)
        announce(call, announcement(known, row["id"]))
    call.sql.run("UPDATE processingserver SET amqpQueue = ? WHERE id = ?", (known["id"], row["id"]))


def add_software_queue(call: Call, software: Row) -> None:
    """Give a software the queue of its own that legacy Cores use, and tell the router (dialect A)."""
    queue, exchange = software_queue(software["name"])
    if call.sql.value("SELECT 1 FROM amqpqueue WHERE name = ?", (queue,)):
        return
    row = call.sql.add("amqpqueue", {"name": queue, "host": call.core.broker.address, "exchange": exchange})
    _declare(call, row)
    announce(call, {"name": queue, "host": row["host"], "exchange": exchange})


def announcement(queue: Row, server: int) -> dict[str, Any]:
    """Return the message that tells routers of a new server."""
    return {
        "requestType": "addProcessingServer",
        "name": queue["name"],
        "host": queue["host"],
        "exchange": queue["exchange"],
        "processingServerId": server,
    }


def _tell_update(call: Call, _old: Row, new: Row) -> None:
    queue, exchange = server_queue(new["name"])
    broker = call.core.broker
    message = {"requestType": "updateProcessingServer", "processingServerId": new["id"]}
    call.sql.after_commit.append(lambda: _quietly(lambda: broker.publish(queue, exchange, message)))


def _with_queue(call: Call, rows: Sequence[Row], written: list[dict[str, Any]]) -> None:
    for row, item in zip(rows, written, strict=True):
        queue = call.sql.one("SELECT * FROM amqpqueue WHERE id = ?", (row["amqpQueue"],))
        item["amqpQueue"] = AMQP_QUEUE.write(queue) if queue else None


PROCESSING_SERVER = Resource(
    table="processingserver",
    java="be.cytomine.processing.ProcessingServer",
    label="ProcessingServer",
    paths=("processing_server",),
    unique=(("name",),),
    rule=CATALOGUE,
    fields=(
        Field("name", required=True, max_length=255),
        Field("host"),
        Field("username"),
        Field("port", "int", default=22),
        Field("type"),
        Field("processingMethodName", default="SlurmProcessingMethod"),
        Field("amqpQueue", "ref", ref="amqpqueue", on_delete="SET NULL", derived=True),
        Field("persistentDirectory", default=""),
        Field("workingDirectory", default=""),
        Field("index", "int", default=1),
    ),
    added=_add_queue,
    changed=_tell_update,
    complete=_with_queue,
)


def _repository_message(kind: str, row: Row) -> dict[str, Any]:
    names = ("id", "provider", "username", "dockerUsername", "prefix")
    return {"requestType": kind, **{name: row[name] for name in names}}


REPOSITORY = Resource(
    table="softwareuserrepository",
    java="be.cytomine.processing.SoftwareUserRepository",
    label="SoftwareUserRepository",
    paths=("software_user_repository",),
    rule=CATALOGUE,
    fields=(
        Field("provider", required=True),
        Field("username", required=True),
        Field("dockerUsername"),
        Field("prefix"),
    ),
    added=lambda call, row: announce(call, _repository_message("addSoftwareUserRepository", row)),
    removing=lambda call, row: announce(call, _repository_message("removeSoftwareUserRepository", row)),
)

RESOURCES = (AMQP_QUEUE, PROCESSING_SERVER, REPOSITORY)


def all_queues(db: Database) -> list[tuple[str, str]]:
    """Return queue and exchange of every row, for declaring them."""
    with db.read() as sql:
        return [(row["name"], row["exchange"]) for row in sql.all("SELECT * FROM amqpqueue")]


def add_local_server(core: Core) -> dict[str, Any]:
    """Create the one server that an empty Core begins with; return its announcement."""
    queue, exchange = server_queue("local-server")
    with core.db.write() as sql:
        row = sql.add("amqpqueue", {"name": queue, "host": core.broker.address, "exchange": exchange})
        values = {
            "name": "local-server",
            "host": "slurm",
            "username": "cytomine",
            "port": 22,
            "type": "cpu",
            "processingMethodName": "SlurmProcessingMethod",
            "amqpQueue": row["id"],
            "persistentDirectory": "/data/softwares/images",
            "workingDirectory": "",
            "index": 1,
        }
        return announcement(row, sql.add("processingserver", values)["id"])


@routes.add("GET", "amqp_queue/name/{name}")
def queue_by_name(call: Call) -> Any:
    """Show a queue by name."""
    row = call.sql.one("SELECT * FROM amqpqueue WHERE name = ?", (call.params["name"],))
    if row is None:
        msg = f"AmqpQueue not found with name : {call.params['name']}"
        raise NotFound(msg)
    return AMQP_QUEUE.write(row)


@routes.add("GET", "software_user_repository/{id:int}/refresh", mode="write")
def refresh(call: Call) -> Any:
    """Ask routers to look for new software of one account."""
    row = call.row("softwareuserrepository", call.id, "SoftwareUserRepository")
    announce(call, {"requestType": "refreshRepository", "id": row["id"], "username": row["username"]})
    return {"message": "Software repository refreshing has been asked!"}


@routes.add("GET", "software_user_repository/refresh_user_repositories", mode="write")
def refresh_all(call: Call) -> Any:
    """Ask routers to look for new software of all accounts."""
    announce(call, {"requestType": "refreshRepositories"})
    return {"message": "Software repositories refreshing has been asked!"}
