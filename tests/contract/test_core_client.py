"""`CoreClient` against the real embedded Core: the calls of router-protocol.md 3.4, and what comes of them."""

import json
import threading

import pytest

from router.core import JobChange, JobStatus, Keys, NewParameter, NewSoftware
from router.errors import CoreConflict, CoreForbidden, CoreNotFound, CoreRefused, CoreUnauthorized


@pytest.fixture
def software(core, unique):
    """A software with one parameter of its own and two that Core fills."""
    server = core.processing_servers()[0].id
    made = core.create_software(
        NewSoftware(f"soft-{unique}", "1.0", "singularity run x.simg [A]", "docker://u/x:1.0", server)
    )
    for index, name in enumerate(["cytomine_host", "cytomine_private_key", "a"], 1):
        by_server = name != "a"
        core.create_parameter(
            made.id,
            NewParameter(name, "String", 100 * index, name, f"[{name.upper()}]", f"--{name}", set_by_server=by_server),
        )
    return made


@pytest.fixture
def job(admin, project, software):
    (own,) = [one for one in admin.software_parameters(software.id) if one.name == "a"]
    return admin.create_job(project, software.id, {own.id: "two words"})


def test_who_we_are(core, admin):
    assert core.current_user().username == "rabbitmq"
    assert core.current_user().admin
    assert not admin.current_user().algo


def test_waiting_for_a_core_that_is_there(core):
    assert core.wait_until_ready(threading.Event()) == core.current_user()


def test_wrong_keys_are_refused_with_advice(local_core, core):
    with core.with_keys(Keys("nobody", "nothing")) as stranger, pytest.raises(CoreUnauthorized, match="key"):
        stranger.current_user()
    public = local_core.keys["router"]["publicKey"]
    with core.with_keys(Keys(public, "nothing")) as thief, pytest.raises(CoreUnauthorized, match="key"):
        thief.current_user()


def test_the_default_processing_server_has_its_queue(core):
    server = core.processing_servers()[0]
    assert (server.name, server.queue) == ("local-server", "queueProcessingServerLocal-server")
    assert core.processing_server(server.id) == server
    assert "queueProcessingServerLocal-server" in [queue.name for queue in core.amqp_queues()]


def test_a_job_is_reported_on_and_its_last_word_stays(core, job):
    assert (job.status, job.final) == (JobStatus.NOT_LAUNCHED, False)
    waiting = core.update_job(job.id, JobChange(status=JobStatus.WAIT, comment="The image is fetched. " + "é" * 300))
    assert (waiting.written, waiting.job.status, len(waiting.job.comment)) == (True, 6, 255)
    running = core.update_job(job.id, JobChange(status=JobStatus.RUNNING, progress=33.9)).job
    assert (running.status, running.progress, running.comment) == (2, 33, waiting.job.comment)
    core.update_job(job.id, JobChange(status=JobStatus.SUCCESS, progress=100, comment="done"))
    late = core.update_job(job.id, JobChange(status=JobStatus.IN_QUEUE, comment="late"))
    assert (late.written, core.job(job.id).status, core.job(job.id).comment) == (False, 3, "done")


def test_an_update_keeps_what_it_does_not_speak_of(core, job):
    before = core.job(job.id).whole
    core.update_job(job.id, JobChange(status=JobStatus.RUNNING))
    after = core.job(job.id).whole
    changed = {key for key in before if before[key] != after.get(key)}
    assert changed <= {"status", "updated"}
    assert {"rate", "created", "processingServer", "userJob", "project", "software"} <= set(after)


def test_the_keys_of_the_job_user_lead_to_the_job(core, job):
    keys = core.user_job_keys(core.job(job.id).user_job)
    with core.with_keys(keys) as own:
        user = own.current_user()
        assert (user.algo, user.job) == (True, job.id)
        own.update_job(job.id, JobChange(status=JobStatus.RUNNING))
    assert core.job(job.id).status == JobStatus.RUNNING


def test_a_job_has_one_log(core, job):
    with pytest.raises(CoreNotFound):
        core.job_log(job.id)
    for text in ("first\n", "second ä\n", "third\n"):
        core.attach_log(job.id, text.encode())
    assert core.job_log(job.id) == "third\n"
    assert [found.filename for found in core.attached_files(job.id)] == ["log.out"]
    core.attach_log(job.id, b"")
    assert core.job_log(job.id) == ""
    core.delete_attached_file(999_999_999)


def test_a_log_of_ten_megabytes(core, job):
    text = b"0123456789abcde\n" * 655_360
    core.attach_log(job.id, text)
    assert core.job_log(job.id) == text.decode()


def test_the_values_of_a_job(core, job):
    values = {one.name or str(one.software_parameter): one.value for one in core.job_parameters(job.id)}
    assert values["a"] == "two words"


def test_parameters_come_by_index_with_those_of_the_server(core, software):
    found = core.software_parameters(software.id)
    assert [(one.name, one.index, one.set_by_server) for one in found] == [
        ("cytomine_host", 100, True), ("cytomine_private_key", 200, True), ("a", 300, False),
    ]  # fmt: skip
    assert [(one.value_key, one.flag, one.server_parameter) for one in found][2] == ("[A]", "--a", False)


def test_the_same_software_twice_is_a_conflict(core, software):
    again = NewSoftware(software.name, "1.0", software.execute_command, software.pulling_command)
    with pytest.raises(CoreConflict):
        core.create_software(again)


def test_an_update_of_software_keeps_the_rest(core, software):
    core.update_software(software, deprecated=True)
    found = core.software(software.id)
    assert found.deprecated
    assert (found.execute_command, found.pulling_command, found.version) == (
        software.execute_command, software.pulling_command, "1.0",
    )  # fmt: skip


def test_linking_is_done_once(core, admin, project, software):
    assert core.link_software(software.id, project)
    assert not core.link_software(software.id, project)
    assert [one.id for one in core.project_software(project)] == [software.id]


def test_what_is_not_there_is_not_found(core):
    for call in (core.job, core.software, core.processing_server, core.user_repository, core.user_job_keys):
        with pytest.raises(CoreNotFound):
            call(999_999_999)


def test_a_job_without_software_is_refused(core, project):
    with pytest.raises((CoreRefused, CoreNotFound)):
        core.create_job(project, 999_999_999, {})


def test_many_threads_share_a_client(core, job):
    seen, failed = [], []

    def ask():
        try:
            seen.append(core.job(job.id).id)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failed, seen) == ([], [job.id] * 20)


def test_projects_are_listed(admin, project):
    assert project in [one.id for one in admin.projects()]


def test_an_account_and_its_software(core, unique):
    body = {"provider": "GitHub", "username": unique, "dockerUsername": unique.upper(), "prefix": None}
    ident = core._connection.post("software_user_repository.json", json.dumps(body))["softwareuserrepository"]["id"]
    account = core.user_repository(ident)
    assert (account.username, account.docker_username, account.prefix) == (unique, unique.upper(), "")
    assert account in core.user_repositories()
    assert core.repository_software(ident) == []


def test_a_read_only_project_wants_the_keys_of_the_job_user(core, admin, project, job):
    whole = admin._connection.get(f"project/{project}.json")
    admin._connection.put(f"project/{project}.json", json.dumps(whole | {"isReadOnly": True}))
    with pytest.raises(CoreForbidden):
        core.update_job(job.id, JobChange(status=JobStatus.RUNNING))
    with core.with_keys(core.user_job_keys(core.job(job.id).user_job)) as own:
        assert own.update_job(job.id, JobChange(status=JobStatus.RUNNING)).written
