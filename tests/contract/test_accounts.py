"""Accounts: GitHub and Docker Hub by a server in their format, a real Core, a real store; asked for by messages."""

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from router.catalogue import Catalogue, GitHubAccounts, SourceUnavailable, StoredTasks, refresh_accounts
from router.messages import CatalogueTask, parse
from router.store import Store
from tests.contract.test_catalogue import source, uploaded, zipped
from tests.support.stand_in import Answer, StandIn
from tests.support.waiting import wait_for


class Hubs:
    """Two accounts' worth of GitHub and Docker Hub; `releases` maps a repository to its tags."""

    def __init__(self, unique):
        self.releases = {
            f"S_{unique}": ["latest", "v1", "v2"],
            f"S_{unique}-bad": ["v1"],
            "website": ["v1"],
            f"S_{unique}-raw": [],
        }
        self.broken = f"S_{unique}-bad"
        self.away = False
        self.delay = 0.0

    def __call__(self, asked):
        return replace(self.answer(asked), delay=self.delay)

    def answer(self, asked):
        parts = asked.path.strip("/").split("/")
        if self.away:
            return Answer({"message": "API rate limit exceeded"}, 403, {"retry-after": "1"})
        if parts[0] == "github":
            return Answer([{"name": name} for name in self.releases])
        if parts[0] == "hub":
            tags = next((tags for name, tags in self.releases.items() if name.lower() == parts[4]), None)
            return Answer({"results": [{"name": tag} for tag in tags or []], "next": None}, 200 if tags else 404)
        if parts[2] == self.broken:
            return Answer(b'{"name": "broken"')
        found = source(parts[2].removeprefix("S_")) | {
            "container-image": {"type": "singularity", "image": f"docker-of/{parts[2].lower()}"}
        }
        return Answer(found)


@pytest.fixture
def hubs(unique):
    return Hubs(unique)


@pytest.fixture
def hub_server(hubs):
    with StandIn(hubs) as server:
        yield server


@pytest.fixture
def accounts(hub_server):
    source = GitHubAccounts(f"{hub_server.url}/github", f"{hub_server.url}/raw", f"{hub_server.url}/hub")
    yield source
    source.close()


@pytest.fixture
def catalogue_with(core, accounts, store):
    """Makes a catalogue of the parts above."""

    def make(**options):
        return Catalogue(
            core,
            accounts,
            StoredTasks(store, lambda: "me"),
            on_server=options.pop("on_server", lambda _: None),
            **options,
        )

    return make


@pytest.fixture
def account(core, unique):
    """An account in Core; gone afterwards, since a refresh asks for all of them."""
    body = {"provider": "GitHub", "username": f"User-{unique}", "dockerUsername": "docker-of", "prefix": "S_"}
    ident = core._connection.post("software_user_repository.json", json.dumps(body))["softwareuserrepository"]["id"]
    yield ident
    core._connection.delete(f"software_user_repository/{ident}.json")


class Clock:
    """Goes when told."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    made = Store(f"sqlite:///{tmp_path / 'router.db'}", clock)
    yield made
    made.close()


@contextmanager
def running(catalogue):
    catalogue.start()
    try:
        yield catalogue
    finally:
        catalogue.stop()


def offered(core, name):
    return {one.version for one in core.software_list() if one.name == name and not one.deprecated}


def deliver(store, message):
    task = parse(json.dumps(message).encode())
    assert isinstance(task, CatalogueTask)
    with store.write() as unit:
        unit.add_task(task.kind, task.details)


def test_the_newest_release_of_what_has_the_prefix_is_installed_once(core, accounts, account, hub_server, unique):
    done = refresh_accounts(core, accounts)
    assert done.installed == {f"S_{unique}": "v2"}
    assert list(done.failed) == [f"S_{unique}-bad"]
    assert "line 1" in done.failed[f"S_{unique}-bad"]
    assert offered(core, unique) == {"v2"}
    (software,) = core.repository_software(account)
    assert (software.name, software.repository) == (unique, account)
    asked = len(hub_server.asked)
    again = refresh_accounts(core, accounts, username=f"USER-{unique}")
    assert (again.installed, again.current) == ({}, [f"S_{unique}"])
    assert not [one for one in hub_server.asked[asked:] if one.path.endswith(f"/S_{unique}/v2/descriptor.json")]
    hub_server.answer.releases[f"S_{unique}"].append("v10")
    assert refresh_accounts(core, accounts).installed == {f"S_{unique}": "v10"}
    assert offered(core, unique) == {"v10"}


def test_another_account_and_no_prefix(core, accounts, account, unique):
    assert refresh_accounts(core, accounts, username="somebody-else").installed == {}
    whole = core._connection.get(f"software_user_repository/{account}.json")
    core._connection.put(f"software_user_repository/{account}.json", json.dumps(whole | {"prefix": None}))
    assert set(refresh_accounts(core, accounts).installed) == {f"S_{unique}", "website"}


def test_a_source_that_wants_a_pause_says_for_how_long(core, accounts, account, hubs):
    hubs.away = True
    with pytest.raises(SourceUnavailable) as caught:
        refresh_accounts(core, accounts)
    assert caught.value.wait_s == 1


@pytest.mark.parametrize("kind", ["add", "one", "all", "list"])
def test_every_message_that_asks_for_a_refresh(kind, core, catalogue_with, account, store, unique):
    message = {
        "add": {"requestType": "addSoftwareUserRepository", "id": account, "provider": "GitHub", "prefix": None,
                "username": f"User-{unique}", "dockerUsername": "docker-of"},
        "one": {"requestType": "refreshRepository", "id": account, "username": f"user-{unique}"},
        "all": {"requestType": "refreshRepositories"},
        "list": {"requestType": "refreshSoftwareUserRepositoryList"},
    }[kind]  # fmt: skip
    catalogue = catalogue_with(refresh_s=3600)
    catalogue.refresh_later()
    with running(catalogue):
        deliver(store, message)
        catalogue.wake()
        wait_for("the software", lambda: offered(core, unique) == {"v2"}, 10)
        wait_for("the task to be done", lambda: not pending(store), 10)


def pending(store):
    with store.read() as unit:
        return unit.due_tasks()


def test_removing_an_account_leaves_its_software(core, accounts, account, store, catalogue_with, unique):
    refresh_accounts(core, accounts)
    deliver(store, {"requestType": "removeSoftwareUserRepository", "id": account, "provider": "GitHub", "username": "x",
                    "dockerUsername": "x", "prefix": "S_"})  # fmt: skip
    catalogue = catalogue_with()
    catalogue.step()
    assert pending(store) == []
    assert offered(core, unique) == {"v2"}


def test_a_button_pressed_ten_times_refreshes_once(account, hub_server, store, catalogue_with):
    for _ in range(10):
        deliver(store, {"requestType": "refreshRepositories"})
    catalogue = catalogue_with()
    catalogue.refresh_later()
    catalogue.step()
    assert pending(store) == []
    assert len([asked for asked in hub_server.asked if asked.path.startswith("/github")]) == 1


def test_the_clock_refreshes_too(core, account, hubs, catalogue_with, unique):
    catalogue = catalogue_with(refresh_s=0.2)
    with running(catalogue):
        wait_for("v2", lambda: offered(core, unique) == {"v2"}, 10)
        hubs.releases[f"S_{unique}"].append("v3")
        wait_for("v3", lambda: offered(core, unique) == {"v3"}, 10)


def test_a_source_that_comes_back(core, account, hubs, catalogue_with, unique):
    hubs.away = True
    catalogue = catalogue_with()
    with running(catalogue):
        wait_for("the problem", lambda: "asks to wait" in catalogue.problem, 10)
        hubs.away = False
        wait_for("the software", lambda: offered(core, unique) == {"v2"}, 10)
        wait_for("no problem", lambda: catalogue.problem == "", 10)


def test_a_changed_server_is_told(core, store, catalogue_with):
    told = []
    server = core.processing_servers()[0]
    deliver(store, {"requestType": "updateProcessingServer", "processingServerId": server.id})
    catalogue_with(on_server=told.append).step()
    assert told == [server]
    assert pending(store) == []


def test_a_row_that_is_not_there_yet_is_asked_for_again_and_then_given_up(store, clock, catalogue_with):
    """Core publishes inside its transaction."""
    catalogue = catalogue_with()
    deliver(store, {"requestType": "updateProcessingServer", "processingServerId": 999_999_999})
    tries = 0
    while pending(store) and tries < 10:
        catalogue.step()
        assert pending(store) == []
        tries += 1
        clock.now += 60
    assert tries == 5


def test_an_upload_that_core_announces_is_installed(core, store, catalogue_with, unique):
    good = uploaded(core, unique, "1", zipped(**{"descriptor.json": json.dumps(source(unique))}))
    bad = uploaded(core, f"{unique}-bad", "1", b"no zip")
    for ident in (good, bad):
        deliver(store, {"requestType": "addSoftware", "SoftwareId": ident})
    catalogue_with().step()
    assert pending(store) == []
    assert [core._connection.get(f"software/{ident}.json")["executable"] for ident in (good, bad)] == [True, False]


def test_the_folder_is_installed_at_the_start(core, catalogue_with, tmp_path, unique):
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "descriptor.json").write_text(json.dumps(source(unique)))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "descriptor.json").write_text("[]")
    catalogue = catalogue_with(folder=tmp_path)
    with running(catalogue):
        wait_for("the software", lambda: len(offered(core, unique)) == 1, 10)
        wait_for("the reason", lambda: "bad" in catalogue.failed, 10)


def test_stopping_is_quick_and_leaves_the_task_to_the_next_start(core, account, hubs, store, catalogue_with, unique):
    """A refresh of ninety repositories is under way, each of them slow."""
    hubs.releases = {f"S_{unique}-{number}": ["v1"] for number in range(90)}
    hubs.delay = 0.1
    deliver(store, {"requestType": "refreshRepositories"})
    catalogue = catalogue_with()
    catalogue.refresh_later()
    start = time.monotonic()
    with running(catalogue):
        wait_for("the first software", lambda: offered(core, f"{unique}-0"), 10)
    assert time.monotonic() - start < 8
    assert not [thread for thread in threading.enumerate() if thread.name == "catalogue"]
    assert len(pending(store)) == 1
