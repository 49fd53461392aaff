"""What fault tests share."""

import pytest

from tests.support.postgres import Postgres
from tests.support.workshop import Workshop


@pytest.fixture
def workshop(amqp, embedded_core, router_daemon):
    """Core and a vhost of the real broker; start routers with `workshop.router()`."""
    return Workshop(embedded_core(amqp), amqp, router_daemon)


@pytest.fixture(scope="session")
def postgres(engine):
    """A real PostgreSQL; ask it for a `database()` of your own."""
    return Postgres(engine)
