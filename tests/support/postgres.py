"""A real PostgreSQL in a container of ours, on a free loopback port that stays the same over restarts."""

from uuid import uuid4

import psycopg
from docker.models.containers import Container

from tests.support.engine import Engine
from tests.support.ports import free_port
from tests.support.waiting import wait_for

USER = "router"
PASSWORD = 'it\'s a "secret"'


class Postgres:
    """PostgreSQL with a fresh database for whoever asks, and handles to break it."""

    def __init__(self, engine: Engine) -> None:
        self.port = free_port()
        self.container: Container = engine.run(
            engine.image("postgres"),
            name=f"csr-test-postgres-{engine.session}",
            environment={"POSTGRES_USER": USER, "POSTGRES_PASSWORD": PASSWORD},
            ports={"5432/tcp": ("127.0.0.1", self.port)},
        )
        self.wait_ready()

    def database(self) -> str:
        """Make a database; its URL as `store.url` takes it."""
        name = f"test_{uuid4().hex[:8]}"
        code, output = self.container.exec_run(["createdb", "--owner", USER, name], user="postgres")
        assert code == 0, output
        return f"postgresql+psycopg://{USER}:it%27s%20a%20%22secret%22@127.0.0.1:{self.port}/{name}"

    def restart(self) -> None:
        """Stop as an administrator would, and start again."""
        self.container.restart(timeout=30)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it takes connections; with what it printed when it does not."""

        def ready() -> bool:
            try:
                psycopg.connect(
                    host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=USER, connect_timeout=3
                ).close()
            except psycopg.OperationalError:
                return False
            return True

        wait_for("PostgreSQL", ready, timeout=60, pause=0.1, hint=lambda: self.container.logs(tail=40).decode())
