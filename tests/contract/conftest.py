"""What contract tests share: one embedded Core on the loopback, without broker and without Docker."""

import json
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from router.core import CoreClient
from tests.support.core import EmbeddedCore

_numbers = count(1)


@pytest.fixture(scope="session")
def local_core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    """A Core that lives as long as the tests; make projects and software of your own in it."""
    core = EmbeddedCore(tmp_path_factory.mktemp("local-core") / "data", "127.0.0.1")
    yield core
    core.stop()


@pytest.fixture
def core(local_core: EmbeddedCore) -> CoreClient:
    """Core as the router sees it."""
    return local_core.client("router")


@pytest.fixture
def admin(local_core: EmbeddedCore) -> CoreClient:
    """Core as its administrator sees it."""
    return local_core.client("admin")


@pytest.fixture
def unique() -> str:
    """A text that no other test has."""
    return f"t{next(_numbers)}"


@pytest.fixture
def new_project(admin: CoreClient, unique: str) -> Callable[[], int]:
    """Creates projects, each with its ontology; returns their ids."""

    def create() -> int:
        post, name = admin._connection.post, f"{unique}-{next(_numbers)}"
        ontology = post("ontology.json", json.dumps({"name": f"ontology of {name}"}))["ontology"]["id"]
        body = {"name": f"project {name}", "ontology": ontology}
        return int(post("project.json", json.dumps(body))["project"]["id"])

    return create


@pytest.fixture
def project(new_project: Callable[[], int]) -> int:
    """A new project."""
    return new_project()
