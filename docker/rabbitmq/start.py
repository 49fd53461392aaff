"""Start RabbitMQ with one user, taken from the environment.

The definitions are loaded at each start, so a new password in the environment becomes true at the next one.
"""

import json
import os
from pathlib import Path

DEFINITIONS = Path("/tmp/definitions.json")  # noqa: S108 - load_definitions of rabbitmq.conf, in the container's own /tmp


def definitions(user: str, password: str) -> dict[str, object]:
    """Return what RabbitMQ shall know: the vhost of every Core and one user with all rights on it."""
    return {
        "vhosts": [{"name": "/"}],
        "users": [{"name": user, "password": password, "tags": "administrator"}],
        "permissions": [{"user": user, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
    }


if __name__ == "__main__":
    # router/router is what a Cytomine 3.x deployment uses when nobody chose another
    wanted = definitions(os.environ.get("RABBITMQ_USER", "router"), os.environ.pop("RABBITMQ_PASSWORD", "router"))
    DEFINITIONS.touch(mode=0o600)
    DEFINITIONS.write_text(json.dumps(wanted))
    os.execv("/usr/lib/rabbitmq/bin/rabbitmq-server", ["rabbitmq-server"])  # noqa: S606
