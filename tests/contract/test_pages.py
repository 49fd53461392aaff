"""The web pages over HTTP: who gets in, who is kept out, what forms answer; no text of a person becomes markup."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support import showcase
from tests.support.core import EmbeddedCore
from tests.support.showcase import Showcase


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    """An embedded Core without a broker."""
    with showcase.core_alone(tmp_path_factory.mktemp("pages")) as found:
        yield found


@pytest.fixture(scope="module")
def made(core: EmbeddedCore, slide_file: Path) -> Iterator[Showcase]:
    """A project with a slide, an algorithm and a finished job."""
    with showcase.on_show(core, slide_file, 42) as found:
        yield found


@pytest.fixture
def browser(core: EmbeddedCore) -> Iterator[requests.Session]:
    """The administrator's session."""
    with requests.Session() as session:
        answer = log_in(session, core.url, "admin", core.keys["admin"]["password"])
        assert answer.url.endswith("/pages/projects")
        yield session


def log_in(session: requests.Session, url: str, name: str, password: str, target: str = "") -> requests.Response:
    form = {"username": name, "password": password, "next": target}
    return session.post(f"{url}/pages/login", data=form, timeout=30)


def csrf(html: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', html)
    assert found
    return found[1]


def test_the_front_door_leads_to_the_log_in(core: EmbeddedCore) -> None:
    answer = requests.get(core.url, timeout=30)
    assert answer.url == f"{core.url}/pages/login"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/pages/projects", "/pages/project/1", "/pages/slide/1/shapes/0/0/0.png", "/pages/job/1"]
)
def test_every_page_asks_who_is_there(core: EmbeddedCore, path: str) -> None:
    answer = requests.get(core.url + path, timeout=30, allow_redirects=False)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/pages/login?next=%2Fpages%2F")


def test_a_wrong_password_is_refused_and_the_name_stays(core: EmbeddedCore) -> None:
    with requests.Session() as session:
        answer = log_in(session, core.url, '"><b>ada', "wrong")

        assert answer.status_code == 403
        assert "do not belong together" in answer.text
        assert "<b>ada" not in answer.text
        assert "JSESSIONID" not in session.cookies


@pytest.mark.parametrize(
    "target", ["https://evil.example/pages/", "//evil.example/pages/x", "/api/user.json", "/pages/\\evil", "/pages/\nx"]
)
def test_after_the_log_in_nobody_is_sent_away_from_the_site(core: EmbeddedCore, target: str) -> None:
    with requests.Session() as session:
        form = {"username": "admin", "password": core.keys["admin"]["password"], "next": target}
        answer = session.post(f"{core.url}/pages/login", data=form, timeout=30, allow_redirects=False)

        assert (answer.status_code, answer.headers["location"]) == (303, "/pages/projects")
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert "samesite" in answer.headers["set-cookie"].lower()


def test_log_out_ends_the_session(core: EmbeddedCore, browser: requests.Session) -> None:
    page = browser.get(f"{core.url}/pages/projects", timeout=30)
    token = browser.cookies["JSESSIONID"]
    browser.post(f"{core.url}/pages/logout", data={"csrf": csrf(page.text)}, timeout=30)

    answer = requests.get(
        f"{core.url}/pages/projects", cookies={"JSESSIONID": token}, timeout=30, allow_redirects=False
    )
    assert answer.status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_forms_from_elsewhere_change_nothing(
    core: EmbeddedCore, browser: requests.Session, made: Showcase, token: str
) -> None:
    body = {"csrf": token, "software": str(made.software)}
    answer = browser.post(f"{core.url}/pages/project/{made.project}/algorithms", data=body, timeout=30)

    assert answer.status_code == 403


def test_a_form_with_a_foreign_origin_is_refused(core: EmbeddedCore) -> None:
    form = {"username": "admin", "password": core.keys["admin"]["password"]}
    answer = requests.post(f"{core.url}/pages/login", data=form, headers={"Origin": "https://evil.example"}, timeout=30)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_person_sees_her_projects_only(core: EmbeddedCore, made: Showcase) -> None:
    made.admin.post("user", {"username": "grace", "password": "a-long-one", "email": "g@x.org", "firstname": "Grace",
                             "lastname": "H"})  # fmt: skip
    slide = made.slides[0]["id"]
    with requests.Session() as session:
        home = log_in(session, core.url, "grace", "a-long-one")
        assert "No project yet" in home.text
        for path in (f"project/{made.project}", f"slide/{slide}", f"slide/{slide}/shapes/0/0/0.png", f"job/{made.job}",
                     f"job/{made.job}/live", f"slide/{slide}/layers", f"job/{made.job}/confusion/1/2",
                     f"project/{made.project}/jobs"):  # fmt: skip
            assert session.get(f"{core.url}/pages/{path}", timeout=30).status_code == 403, path


def test_names_never_become_markup(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> None:
    evil = "<img src=x onerror=alert(1)>"
    term = made.admin.post("term", {"name": evil, "color": '"/><script>', "ontology": made.ontology})["term"]["id"]
    project = made.admin.post("project", {"name": evil, "ontology": made.ontology})["project"]["id"]

    for path in (
        "projects",
        f"project/{project}",
        f"slide/{made.slides[0]['id']}",
        f"project/{made.project}/algorithm/{made.software}",
    ):
        html = browser.get(f"{core.url}/pages/{path}", timeout=30).text
        assert "<img src=x" not in html, path
        assert "<script>" not in html, path
    assert term


def test_a_page_that_is_not_there_says_so_kindly(core: EmbeddedCore, browser: requests.Session) -> None:
    for path in ("nothing", "project/999999", "job/99999999999999999999999", "annotation/5"):
        answer = browser.get(f"{core.url}/pages/{path}", timeout=30)
        assert answer.status_code == 404, path
        assert "There is nothing here" in answer.text


def test_no_identifier_is_on_show(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> None:
    idents = {str(made.project), str(made.job), str(made.software), str(made.slides[0]["id"])}
    for path in ("projects", f"project/{made.project}", f"job/{made.job}", f"project/{made.project}/algorithms"):
        html = browser.get(f"{core.url}/pages/{path}", timeout=30).text
        text = re.sub(r"<[^>]*>", " ", html)
        assert not idents & set(re.findall(r"\b\d+\b", text)), path


def form_of(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> tuple[str, str, dict[str, str]]:
    address = f"{core.url}/pages/project/{made.project}/algorithm/{made.software}"
    html = browser.get(address, timeout=30).text
    names = {p["name"]: f"p{p['id']}" for p in made.admin.get(f"software/{made.software}")["parameters"]}
    return address, html, names


def test_the_form_offers_slides_terms_choices_defaults_and_help(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    _, html, names = form_of(core, browser, made)

    assert f"/api/imageinstance/{made.slides[0]['id']}/thumb.jpg" in html
    assert re.search(rf'type="radio" name="{names["cytomine_id_predicted_term"]}" value="{made.terms["Tumour"]}"', html)
    assert re.search(rf'name="{names["threshold"]}"[^>]* value="50"', html)
    assert [o for o in ("adaptive", "binary", "otsu") if f'<option value="{o}"' in html] == [
        "adaptive",
        "binary",
        "otsu",
    ]
    assert "How much darker than its surroundings" in html
    assert "cytomine_host" not in html
    assert re.search(rf'name="{names["union"]}" value="true" checked', html)


def test_wrong_values_are_told_at_their_fields_and_nothing_is_started(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    address, html, names = form_of(core, browser, made)
    before = made.admin.get("job", project=made.project)["size"]

    answer = browser.post(
        address, data={"csrf": csrf(html), names["threshold"]: "900", names["min_area"]: "x"}, timeout=30
    )

    assert answer.status_code == 400
    assert "Choose at least one." in answer.text
    assert "Use 255 or less." in answer.text
    assert "“x” is not a number." in answer.text
    assert re.search(rf'name="{names["threshold"]}"[^>]* value="900"[^>]*aria-invalid="true"', answer.text)
    assert made.admin.get("job", project=made.project)["size"] == before


def test_without_a_broker_the_start_says_so_and_leaves_nothing_behind(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    address, html, names = form_of(core, browser, made)
    before = made.admin.get("job", project=made.project)["size"]

    body = {"csrf": csrf(html), names["cytomine_id_images"]: str(made.slides[0]["id"]), names["threshold"]: "77"}
    answer = browser.post(address, data=body, timeout=60)

    assert answer.status_code == 503
    assert "could not be started" in answer.text
    assert 'value="77"' in answer.text
    assert made.admin.get("job", project=made.project)["size"] == before


def test_running_again_fills_the_form_as_it_was(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> None:
    address, _, names = form_of(core, browser, made)
    html = browser.get(f"{address}?again={made.job}", timeout=30).text

    assert re.search(rf'name="{names["threshold"]}"[^>]* value="60"', html)
    assert re.search(rf'name="{names["cytomine_id_images"]}" value="{made.slides[0]["id"]}" checked', html)


def test_an_analysis_shows_state_timeline_log_results_and_settings(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    html = browser.get(f"{core.url}/pages/job/{made.job}", timeout=30).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))

    steps = re.findall(r"<li class=\"(?:idle|busy|good)\"><strong>([^<]*)</strong>", html)
    assert steps == ["Asked for", "Waiting for its turn", "Running", "Finished"]
    assert "Tile 40/40: 120 objects" in text
    assert "42 annotations on 1 slide" in text
    assert "objects.csv" in text
    assert re.search(r"Threshold\s*60", text)
    assert "of 42 annotations agree" in text


def test_cells_of_the_matrix_lead_to_their_crops(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> None:
    html = browser.get(f"{core.url}/pages/job/{made.job}", timeout=30).text
    tumour, stroma = made.terms["Tumour"], made.terms["Stroma"]
    cell = re.search(rf'/pages/job/\d+/confusion/{tumour}/{stroma}" aria-label="(\d+) ', html)
    assert cell

    crops = browser.get(f"{core.url}/pages/job/{made.job}/confusion/{tumour}/{stroma}", timeout=30).text
    links = re.findall(r'href="/pages/slide/(\d+)\?annotation=(\d+)"', crops)
    assert len(links) == int(cell[1]) > 0
    for image, annotation in links:
        assert int(image) == made.slides[0]["id"]
        terms = made.admin.get(f"annotation/{annotation}/term")["collection"]
        assert [(t["term"], t["expectedTerm"]) for t in terms if t.get("rate")] == [(stroma, tumour)]


def test_tiles_of_annotations_belong_to_the_layers_asked_for(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    import cv2
    import numpy as np

    job = made.admin.get(f"job/{made.job}")
    me = made.admin.get("user/current")["id"]
    slide = made.slides[0]

    def opaque(layers: str, hide: str = "") -> int:
        address = f"{core.url}/pages/slide/{slide['id']}/shapes/3/0/0.png?layers={layers}&hide={hide}"
        answer = browser.get(address, timeout=60)
        assert answer.headers["content-type"] == "image/png"
        image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)
        assert image is not None
        assert image.shape == (-(-slide["height"] // 8), -(-slide["width"] // 8), 4)
        return int(np.count_nonzero(image[..., 3]))

    assert opaque("") == 0
    assert opaque(str(me)) > 0
    assert opaque(f"{me},{job['userJob']}") > opaque(str(me))
    everything = ",".join(map(str, [*made.terms.values(), 0]))
    assert opaque(f"{me},{job['userJob']}", everything) == 0
    assert opaque("abc,99999999999999999999,-1") == 0


def test_drawing_naming_and_deleting(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> None:
    slide = made.slides[0]
    token = csrf(browser.get(f"{core.url}/pages/projects", timeout=30).text)
    headers = {"X-CSRF-Token": token}
    high = slide["height"]
    wkt = f"POLYGON ((50 {high - 60}, 90 {high - 60}, 90 {high - 20}, 50 {high - 60}))"

    drawn = browser.post(
        f"{core.url}/pages/slide/{slide['id']}/draw",
        json={"location": wkt, "term": made.terms["Fat"]},
        headers=headers,
        timeout=30,
    )
    ident = re.search(r'data-annotation="(\d+)"', drawn.text)
    assert ident
    assert "M50,60 90,60 90,20 50,60Z" in drawn.text  # the outline, counted from the upper left corner

    address = f"{core.url}/pages/annotation/{ident[1]}"
    found = browser.get(
        f"{core.url}/pages/slide/{slide['id']}/at?x=80&y=50&reach=2&layers={made.admin.get('user/current')['id']}",
        timeout=30,
    )
    assert f'data-annotation="{ident[1]}"' in found.text
    browser.post(f"{address}/name", data={"term": str(made.terms["Stroma"])}, headers=headers, timeout=30)
    assert made.admin.get(f"annotation/{ident[1]}")["term"] == [made.terms["Stroma"]]
    browser.post(f"{address}/name", data={"term": ""}, headers=headers, timeout=30)
    assert made.admin.get(f"annotation/{ident[1]}")["term"] == []
    assert browser.post(f"{address}/delete", headers=headers, timeout=30).status_code == 200
    assert browser.get(address, timeout=30).status_code == 404


@pytest.mark.parametrize("location", [None, "", "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))", "POINT (-50 -50)", 7])
def test_a_shape_that_cannot_be_is_refused_with_a_reason(
    core: EmbeddedCore, browser: requests.Session, made: Showcase, location: object
) -> None:
    token = csrf(browser.get(f"{core.url}/pages/projects", timeout=30).text)
    answer = browser.post(
        f"{core.url}/pages/slide/{made.slides[0]['id']}/draw",
        json={"location": location},
        headers={"X-CSRF-Token": token},
        timeout=30,
    )

    assert answer.status_code == 400
    assert 'class="notice bad"' in answer.text


def test_checking_a_prediction_keeps_the_right_term_and_can_be_taken_back(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    job = made.admin.get(f"job/{made.job}")
    ident = made.admin.get("annotation", users=job["userJob"], project=made.project, max=1)["collection"][0]["id"]
    headers = {"X-CSRF-Token": csrf(browser.get(f"{core.url}/pages/projects", timeout=30).text)}

    panel = browser.post(
        f"{core.url}/pages/annotation/{ident}/check",
        data={"term": str(made.terms["Background"])},
        headers=headers,
        timeout=30,
    )
    assert "Checked by a person: Background" in panel.text
    twin = made.admin.get(f"annotation/{ident}/review")
    assert twin["term"] == [made.terms["Background"]]

    back = browser.post(f"{core.url}/pages/annotation/{twin['id']}/uncheck", headers=headers, timeout=30)
    assert f'data-annotation="{ident}"' in back.text
    assert "Checked by" not in back.text


def test_the_live_piece_answers_nothing_while_nothing_changes(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    running = made.admin.post("job", {"software": made.software, "project": made.project})["job"]
    made.admin.put(f"job/{running['id']}", {**running, "status": 2, "progress": 10})
    html = browser.get(f"{core.url}/pages/job/{running['id']}/live", timeout=30).text
    address = re.search(r'hx-get="([^"]+)"', html)
    assert address

    assert browser.get(core.url + address[1], timeout=30).status_code == 204
    made.admin.put(f"job/{running['id']}", {**running, "status": 2, "progress": 35, "statusComment": "Tile <7> of 9"})
    again = browser.get(core.url + address[1], timeout=30).text
    assert 'value="35"' in again
    assert "Tile &lt;7&gt; of 9" in again
    made.admin.put(f"job/{running['id']}", {**running, "status": 4, "statusComment": "out of memory"})
    assert ">Failed<" in browser.get(core.url + address[1], timeout=30).text


def test_settings_that_are_sent_as_json_do_not_break_a_form(
    core: EmbeddedCore, browser: requests.Session, made: Showcase
) -> None:
    headers = {"X-CSRF-Token": csrf(browser.get(f"{core.url}/pages/projects", timeout=30).text)}
    for body in (b"{", b"[]", json.dumps({"a": [1]}).encode()):
        answer = browser.post(
            f"{core.url}/pages/project/{made.project}/algorithm/{made.software}",
            data=body,
            headers={**headers, "Content-Type": "application/json"},
            timeout=30,
        )
        assert answer.status_code == 400


def test_a_project_needs_a_name_of_its_own(core: EmbeddedCore, browser: requests.Session, made: Showcase) -> None:
    address = f"{core.url}/pages/new-project"
    token = csrf(browser.get(address, timeout=30).text)

    unnamed = browser.post(address, data={"csrf": token, "name": "  ", "terms": "a,b"}, timeout=30)
    assert (unnamed.status_code, "Give the project a name." in unnamed.text) == (400, True)
    assert ">a,b</textarea>" in unnamed.text
    good = browser.post(address, data={"csrf": token, "name": "Lung", "terms": "a, b,,a\n c "}, timeout=30)
    assert "<h1>Lung</h1>" in good.text
    project = int(good.url.rsplit("/", 1)[1])
    assert sorted(t["name"] for t in made.admin.get(f"project/{project}/term")["collection"]) == ["a", "b", "c"]
    again = browser.post(address, data={"csrf": token, "name": "Lung"}, timeout=30)
    assert (again.status_code, "is there already" in again.text) == (409, True)
