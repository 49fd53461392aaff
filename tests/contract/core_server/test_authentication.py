"""Every way in that clients use, and nothing else."""

import stat
import time

import pytest
import requests

from tests.support.core_api import Api


@pytest.mark.parametrize("form", ["path", "path-no-type", "base", "plain", "plain-no-type"])
def test_every_form_of_signature_is_taken(admin, form):
    assert admin.get("user/current.json?a=1&b=x%20y", form=form)["username"] == "admin"


def test_signature_over_a_body_with_its_content_type(admin):
    body = {"name": "signed ontology"}
    assert (
        admin.request("POST", "ontology.json", body, content_type="application/json; charset=utf-8").status_code == 200
    )


def test_upload_form_of_the_web_ui(admin):
    headers = {"dateFull": "2026-01-01T00:00:00.000Z", "content-type-full": "null"}
    query = "method=GET&forwardURI=/api/user/current.json&queryString=&date=2026-01-01T00:00:00.000Z"
    signed = admin.get(f"signature.json?{query}")
    headers |= {"authorization": f"CYTOMINE {signed['publicKey']}:{signed['signature']}"}
    answer = requests.get(f"{admin.url}/api/user/current.json", headers=headers, timeout=10)
    assert answer.status_code == 200


@pytest.mark.parametrize("form", ["path", "plain"])
def test_wrong_signature_is_401(admin, form):
    wrong = Api(admin.url, admin.public_key, "not the key")
    answer = wrong.request("GET", "user/current.json", form=form)
    assert answer.status_code == 401
    assert answer.json()["success"] is False


def test_unknown_key_no_signature_and_signature_of_another_address_are_401(admin):
    assert Api(admin.url, "nobody", "x").request("GET", "project.json").status_code == 401
    assert Api(admin.url).request("GET", "project.json").status_code == 401
    moved = admin.request("GET", "project.json").request.headers
    answer = requests.get(f"{admin.url}/api/ontology.json", headers=moved, timeout=10)
    assert answer.status_code == 401


def test_ping_answers_anybody_even_with_a_wrong_signature(admin):
    for api in (Api(admin.url), Api(admin.url, admin.public_key, "wrong")):
        ping = api.get("/server/ping")
        assert ping["alive"] is True
        assert ping["authenticated"] is False
    assert admin.get("/server/ping.json")["authenticated"] is True


def test_body_of_an_unknown_caller_is_never_read(admin):
    answer = Api(admin.url).request("POST", "/upload", files={"files[]": ("x.tif", b"x")})
    assert answer.status_code == 401


def test_keys_file_is_private_and_opens_both_accounts(core, admin):
    path = core.data / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    router = core.keys["router"]
    current = Api(core.url, router["publicKey"], router["privateKey"]).get("user/current.json")
    assert current["username"] == router["username"]
    assert current["admin"] is True
    assert core.keys["admin"]["password"] not in (core.data / "core.db").read_bytes().decode("latin-1")


def log_in(core, password):
    session = requests.Session()
    form = {"j_username": "admin", "j_password": password, "remember_me": "on", "ajax": "true"}
    return session, session.post(f"{core.url}/j_spring_security_check", data=form, timeout=10)


def test_session_by_form_and_cookie_until_logged_out(core):
    session, answer = log_in(core, core.keys["admin"]["password"])
    with session:
        assert answer.json()["success"] is True
        assert session.get(f"{core.url}/api/user/current.json", timeout=10).json()["username"] == "admin"
        kept = session.cookies["JSESSIONID"]
        session.get(f"{core.url}/logout", timeout=10)
    again = requests.get(f"{core.url}/api/user/current.json", cookies={"JSESSIONID": kept}, timeout=10)
    assert again.status_code == 401


def test_a_page_of_another_server_changes_nothing_with_a_session(core):
    session, _ = log_in(core, core.keys["admin"]["password"])
    with session:
        body, url = {"name": "by another page"}, f"{core.url}/api/ontology.json"
        refused = session.post(url, json=body, headers={"Origin": "http://evil.example"}, timeout=10)
        assert refused.status_code == 401
        assert "another server" in str(refused.json()["errors"])
        assert session.post(url, json=body, headers={"Origin": core.url}, timeout=10).status_code == 200
        assert session.get(url, headers={"Origin": "http://evil.example"}, timeout=10).status_code == 200


def test_wrong_password_is_403_in_the_forms_of_both_web_uis(core):
    session, answer = log_in(core, "wrong")
    session.close()
    assert answer.status_code == 403
    assert answer.json() == {"success": False, "message": "Bad login or password"}
    body = {"username": "admin", "password": "wrong"}
    assert requests.post(f"{core.url}/api/authenticate", json=body, timeout=30).status_code == 403


def test_bearer_token(core):
    body = {"username": "admin", "password": core.keys["admin"]["password"], "rememberMe": True}
    token = requests.post(f"{core.url}/api/authenticate", json=body, timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert requests.get(f"{core.url}/api/project.json", headers=headers, timeout=10).status_code == 200
    headers = {"Authorization": f"Bearer {token[:-1]}x"}
    assert requests.get(f"{core.url}/api/project.json", headers=headers, timeout=10).status_code == 401


def test_current_user_twice_is_the_same_and_keys_are_their_owners(admin, person):
    assert admin.get("user/current.json") == admin.get("user/current.json")
    user, api = person()
    assert "privateKey" not in api.get(f"user/{admin.get('user/current.json')['id']}.json")
    assert api.get(f"user/{user}.json")["publicKey"] == api.public_key
    assert api.get(f"userkey/{api.public_key}/keys.json")["privateKey"] == api.private_key
    assert api.request("GET", f"userkey/{admin.public_key}/keys.json").status_code == 403


def test_session_ends(tmp_path):
    from router.core_server import auth, ids
    from router.core_server.app import open_core
    from router.core_server.context import Settings

    core, _ = open_core(Settings(tmp_path, "http://x"))
    try:
        with core.db.write() as sql:
            user = sql.value("SELECT id FROM secuser WHERE username = 'admin'")
            auth.open_session(sql, user, seconds=3600)
            sql.run("UPDATE session SET expires = ?", (ids.now() - 1,))
            time.sleep(0.002)
            auth.open_session(sql, user, seconds=3600)
            assert sql.value("SELECT count(*) FROM session") == 1
    finally:
        core.db.close()
