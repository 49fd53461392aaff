"""What Core answers becomes one of our errors, whatever it is; nothing hangs, and nothing is False."""

import io
import threading
import time

import pytest

from router.core import CoreClient, JobChange, JobStatus, Keys, Timeouts
from router.errors import (
    CoreConflict,
    CoreForbidden,
    CoreNotFound,
    CoreRefused,
    CoreUnauthorized,
    CoreUnavailable,
)
from tests.support.stand_in import Answer, StandIn

KEYS = Keys("PUB", "PRIV")
PAGE = b"<html>Down for maintenance</html>"


def error_of(answer, call=lambda client: client.job(5)):
    with StandIn(lambda _: answer) as core, CoreClient(core.url, KEYS) as client, pytest.raises(Exception) as caught:  # noqa: PT011
        call(client)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, CoreRefused), (401, CoreUnauthorized), (403, CoreForbidden), (404, CoreNotFound), (409, CoreConflict),
        (413, CoreRefused), (429, CoreUnavailable), (500, CoreUnavailable), (503, CoreUnavailable),
    ],
)  # fmt: skip
def test_a_status_becomes_its_error_with_the_reason(status, kind):
    for call in (
        lambda c: c.job(5),
        lambda c: c.execute_job(5),
        lambda c: c.attach_log(5, b"x"),
        lambda c: c.kill_job(5),
    ):
        error = error_of(Answer({"success": False, "errors": "because of this"}, status), call)
        assert type(error) is kind
        assert error.status == status
        assert "because of this" in str(error)


def test_the_reason_is_found_in_the_other_shape_too():
    error = error_of(Answer({"errors": {"message": "Job not found with id : 5"}}, 404))
    assert "Job not found with id : 5" in str(error)


@pytest.mark.parametrize("status", [200, 404, 409, 500, 502])
def test_a_page_says_nothing_about_the_object(status):
    assert type(error_of(Answer(PAGE, status))) is CoreUnavailable


@pytest.mark.parametrize("status", [301, 302])
def test_a_redirection_means_wrong_keys_or_scheme_and_is_not_followed(status):
    for call in (lambda c: c.job(5), lambda c: c.execute_job(5)):
        error = error_of(Answer(b"", status, {"location": "/login"}), call)
        assert type(error) is CoreUnauthorized
        assert "/login" in str(error)
        assert "core.url" in str(error)


def test_nobody_there():
    with StandIn(lambda _: Answer()) as core:
        url = core.url
    with CoreClient(url, KEYS) as client, pytest.raises(CoreUnavailable, match="is Core running"):
        client.job(5)


@pytest.mark.parametrize("url", ["", "ftp://core", "http://"])
def test_an_address_that_is_none(url):
    with pytest.raises(CoreRefused, match="no address"):
        CoreClient(url, KEYS)


def test_a_core_that_does_not_answer_in_time():
    slow = Timeouts(connect=1, read=0.2)
    with StandIn(lambda _: Answer(delay=5)) as core, CoreClient(core.url, KEYS, slow) as client:
        start = time.monotonic()
        with pytest.raises(CoreUnavailable, match="in time"):
            client.job(5)
        assert time.monotonic() - start < 3
        with client.with_timeouts(Timeouts(read=0.1)) as other, pytest.raises(CoreUnavailable, match="in time"):
            other.update_job(5, JobChange(status=JobStatus.IN_QUEUE))


def test_a_user_without_an_id_means_the_keys_are_wrong():
    assert type(error_of(Answer({"id": None}), lambda client: client.current_user())) is CoreUnauthorized


def test_waiting_for_core_sits_out_outages_and_a_core_without_users():
    answers = iter(
        [Answer(PAGE, 502), Answer({"errors": "no"}, 401), Answer({"id": 7, "username": "rabbitmq", "admin": True})]
    )
    seen = []
    with StandIn(lambda _: next(answers)) as core, CoreClient(core.url, KEYS) as client:
        user = client.wait_until_ready(threading.Event(), seen.append, longest_pause=0.05)
    assert user is not None
    assert (user.id, user.username, user.admin, user.algo, user.job) == (7, "rabbitmq", True, False, None)
    assert [type(error) for error in seen] == [CoreUnavailable, CoreUnauthorized]


def test_waiting_for_core_ends_when_the_keys_stay_refused_or_when_told():
    with StandIn(lambda _: Answer({"errors": "no"}, 401)) as core, CoreClient(core.url, KEYS) as client:
        with pytest.raises(CoreUnauthorized, match="public and private key"):
            client.wait_until_ready(threading.Event(), patience=0)
        stop = threading.Event()
        assert client.wait_until_ready(stop, lambda _: stop.set()) is None


def test_a_download_is_bounded_and_goes_elsewhere_unsigned():
    with StandIn(lambda _: Answer(b"x" * 1000)) as elsewhere:
        place = elsewhere.url.replace("127.0.0.1", "localhost")
        moved = Answer(b"", 302, {"location": f"{place}/x.zip"})
        with StandIn(lambda _: moved) as core, CoreClient(core.url, KEYS) as client:
            target = io.BytesIO()
            assert client.download_software(1, target, 1000) == 1000
            assert target.getvalue() == b"x" * 1000
            with pytest.raises(CoreRefused, match="more than 999 bytes"):
                client.download_software(1, io.BytesIO(), 999)
    assert "authorization" in core.asked[0].headers
    assert "authorization" not in elsewhere.asked[0].headers


def test_a_download_that_leads_to_a_login_page_is_wrong_keys():
    login = Answer(b"", 302, {"location": "/login/auth"})
    assert type(error_of(login, lambda c: c.download_software(1, io.BytesIO(), 9))) is CoreUnauthorized


@pytest.mark.parametrize("body", [PAGE, {"errors": {"message": "no"}}])
def test_a_legacy_core_has_neither_processing_servers_nor_accounts(body):
    for call in (lambda c: c.processing_servers(), lambda c: c.user_repositories(), lambda c: c.constraints()):
        assert type(error_of(Answer(body, 404), call)) is CoreNotFound
    assert type(error_of(Answer(PAGE, 502), lambda c: c.processing_servers())) is CoreUnavailable
