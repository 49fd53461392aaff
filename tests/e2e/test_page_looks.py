"""The pages in a real browser: layers, drawing by mouse, finger and keyboard, checking; open to everybody."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support import showcase
from tests.support.browser import DARK, LAPTOP, PHONE, Visit
from tests.support.core import EmbeddedCore
from tests.support.showcase import Showcase

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

#: Where screenshots for the README go, when somebody asks for them.
PICTURES = os.environ.get("PAGE_PICTURES")


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCore]:
    """An embedded Core without a broker."""
    with showcase.core_alone(tmp_path_factory.mktemp("looks")) as found:
        yield found


@pytest.fixture(scope="module")
def made(core: EmbeddedCore, slide_file: Path) -> Iterator[Showcase]:
    """A project with a slide, what a person drew, and a job's 120 shapes with mistakes."""
    with showcase.on_show(core, slide_file, 120) as found:
        yield found


@pytest.fixture
def visit(chromium: Browser, core: EmbeddedCore, made: Showcase) -> Iterator[Callable[..., Visit]]:
    """`visit()` opens a window of the administrator; nothing may have gone wrong in it at the end."""
    opened: list[Visit] = []

    def start(look: dict[str, Any] = LAPTOP) -> Visit:
        window = Visit(chromium, core.url, **look)
        opened.append(window)
        window.log_in("admin", core.keys["admin"]["password"])
        return window

    yield start
    for window in opened:
        window.close()
        assert window.complaints == []


def pages_of(made: Showcase) -> dict[str, str]:
    tumour, stroma = made.terms["Tumour"], made.terms["Stroma"]
    return {
        "projects": "/pages/projects",
        "project": f"/pages/project/{made.project}",
        "algorithms": f"/pages/project/{made.project}/algorithms",
        "launch": f"/pages/project/{made.project}/algorithm/{made.software}",
        "analysis": f"/pages/job/{made.job}",
        "new-project": "/pages/new-project",
        "mixed-up": f"/pages/job/{made.job}/confusion/{tumour}/{stroma}",
        "slide": f"/pages/slide/{made.slides[0]['id']}",
    }


def open_slide(window: Visit, made: Showcase, annotation: int | None = None) -> Page:
    page = window.page
    page.goto(f"{window.url}/pages/slide/{made.slides[0]['id']}" + (f"?annotation={annotation}" if annotation else ""))
    page.wait_for_selector("#stage[data-layers]")
    return page


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the slide (pixels from its upper left corner) is in the window now."""
    spot = page.evaluate(
        """([x, y]) => {
            const matrix = document.querySelector('.shapes g').getScreenCTM();
            return [matrix.a * x + matrix.e, matrix.d * y + matrix.f];
        }""",
        [x, y],
    )
    return spot[0], spot[1]


@pytest.mark.parametrize("look", ["laptop", "phone", "dark"])
def test_nobody_is_kept_out(visit: Callable[..., Visit], made: Showcase, look: str) -> None:
    window = visit({"laptop": LAPTOP, "phone": PHONE, "dark": DARK}[look])
    for name, path in pages_of(made).items():
        window.page.goto(window.url + path)
        if name == "slide":
            window.page.wait_for_selector("#stage[data-layers]")
        assert window.barriers() == [], name
        assert window.overflow() <= 0, f"{name} is wider than the window"
        if PICTURES:
            window.page.wait_for_timeout(1500)
            window.picture(Path(PICTURES) / f"{name}-{look}.png")


def test_a_click_chooses_the_annotation_under_it(visit: Callable[..., Visit], made: Showcase) -> None:
    page = open_slide(visit(), made)
    high = made.slides[0]["height"]

    page.get_by_label("Object finder").uncheck()
    page.mouse.click(*place(page, 1700, high - 700 - 118))  # on the rim of what a person drew without naming it

    panel = page.locator("#chosen .found")
    expect(panel.get_by_role("heading")).to_have_text("Not named yet")
    expect(panel).to_contain_text("Drawn by you")
    expect(page.locator(".shapes .glow")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    expect(page.locator(".shapes .glow")).to_have_count(0)


def test_layers_and_terms_are_switched_off_and_on(visit: Callable[..., Visit], made: Showcase) -> None:
    page = open_slide(visit(), made)
    job = made.admin.get(f"job/{made.job}")["userJob"]
    stage = page.locator("#stage")

    page.get_by_label("Object finder").uncheck()
    expect(stage).not_to_have_attribute("data-layers", re.compile(rf"layers=[\d.,]*\b{job}\b"))
    page.get_by_role("checkbox", name="Fat").uncheck()
    expect(stage).to_have_attribute("data-layers", re.compile(rf"hide={made.terms['Fat']}&"))
    page.get_by_label("Object finder").check()
    expect(stage).to_have_attribute("data-layers", re.compile(rf"layers=[\d.,]*\b{job}\b"))


def newest(made: Showcase) -> dict[str, Any]:
    me = made.admin.get("user/current")["id"]
    ident = made.admin.get("annotation", user=me, project=made.project, max=1)["collection"][0]["id"]
    found: dict[str, Any] = made.admin.get(f"annotation/{ident}")
    return found


def test_a_rectangle_is_drawn_with_the_mouse_and_named(visit: Callable[..., Visit], made: Showcase) -> None:
    import shapely

    page = open_slide(visit(), made)
    high = made.slides[0]["height"]

    page.get_by_title("Draw a rectangle").click()
    page.get_by_label("It is").select_option("Stroma")
    page.mouse.click(*place(page, 300, 1000))
    page.mouse.click(*place(page, 700, 1300))

    expect(page.locator("#chosen .found").get_by_role("heading")).to_have_text("Stroma")
    found = newest(made)
    assert found["term"] == [made.terms["Stroma"]]
    assert shapely.from_wkt(found["location"]).bounds == pytest.approx((300, high - 1300, 700, high - 1000), abs=6)

    page.locator("#chosen").get_by_label("It is").select_option("Tumour")
    expect(page.locator("#chosen .found").get_by_role("heading")).to_have_text("Tumour")
    assert made.admin.get(f"annotation/{found['id']}")["term"] == [made.terms["Tumour"]]


def test_a_polygon_is_drawn_by_keyboard_alone(visit: Callable[..., Visit], made: Showcase) -> None:
    import shapely

    page = open_slide(visit(), made)
    before = newest(made)["id"]
    page.locator("input[name=tool][value=look]").focus()
    page.keyboard.press("ArrowRight")  # the polygon, as in any group of choices
    page.locator("#slide .openseadragon-canvas").focus()
    page.keyboard.press("+")
    page.wait_for_timeout(900)
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press("Enter")
        for _ in range(4):
            page.keyboard.press(key)
        page.wait_for_timeout(900)
    finish = page.get_by_role("button", name="Finish")
    expect(finish).to_be_enabled()
    finish.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#chosen .found")).to_be_visible()
    found = newest(made)
    assert found["id"] > before
    shape = shapely.from_wkt(found["location"])
    assert len(shape.exterior.coords) == 4
    assert shape.area > 1000


def test_a_point_is_set_on_a_phone(visit: Callable[..., Visit], made: Showcase) -> None:
    import shapely

    page = open_slide(visit(PHONE), made)
    high = made.slides[0]["height"]

    page.get_by_title("Set a point").tap()
    page.touchscreen.tap(*place(page, 1100, 800))

    expect(page.locator("#chosen .found")).to_be_visible()
    point = shapely.from_wkt(newest(made)["location"])
    assert (point.x, point.y) == pytest.approx((1100, high - 800), abs=15)


def test_a_prediction_is_corrected_and_the_correction_taken_back(visit: Callable[..., Visit], made: Showcase) -> None:
    job = made.admin.get(f"job/{made.job}")["userJob"]
    ident = made.admin.get("annotation", users=job, project=made.project, max=3)["collection"][2]["id"]
    page = open_slide(visit(), made, ident)
    panel = page.locator("#chosen .found")

    expect(panel).to_contain_text("The algorithm says")
    panel.get_by_label("No, it is").select_option("Background")
    panel.get_by_role("button", name="Correct it").click()

    expect(panel).to_contain_text("Checked by a person: Background.")
    expect(page.get_by_label("Checked by people")).to_be_checked()
    assert made.admin.get(f"annotation/{ident}/review")["term"] == [made.terms["Background"]]
    panel.get_by_role("button", name="Take the check back").click()
    expect(panel.get_by_role("button", name="That is right")).to_be_visible()
    assert made.admin.get(f"annotation/{ident}")["reviewed"] is False


def test_what_is_in_view_can_be_chosen_from_a_list(visit: Callable[..., Visit], made: Showcase) -> None:
    page = open_slide(visit(), made)

    page.get_by_text("List what is in view").click()
    rows = page.locator(".nearby-list button")
    expect(rows.first).to_be_visible()
    rows.first.focus()
    page.keyboard.press("Enter")

    expect(page.locator("#chosen .found")).to_be_visible()


def test_a_cell_of_the_matrix_leads_to_a_crop_and_to_its_place_in_the_slide(
    visit: Callable[..., Visit], made: Showcase
) -> None:
    window = visit()
    page = window.page
    page.goto(f"{window.url}/pages/job/{made.job}")

    page.get_by_role("link", name=re.compile("Tumour called Stroma")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tumour called Stroma")
    page.locator(".crops a").first.click()

    expect(page.locator("#chosen .found")).to_contain_text("people had named it Tumour")
    expect(page.locator(".shapes .glow")).to_have_count(1)


def test_errors_of_the_form_are_at_their_fields(visit: Callable[..., Visit], made: Showcase) -> None:
    window = visit()
    page = window.page
    page.goto(f"{window.url}/pages/project/{made.project}/algorithm/{made.software}")

    page.get_by_role("checkbox", name=made.slides[0]["instanceFilename"]).check()
    page.get_by_text("Fine tuning").click()
    page.get_by_label("Threshold").fill("plenty")
    page.get_by_role("button", name="Start").click()

    field = page.get_by_label("Threshold")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("“plenty” is not a number.")).to_be_visible()
    assert window.barriers() == []
    assert [c for c in window.complaints if not c.startswith(("400 ", "console: Failed to load"))] == []
    window.complaints.clear()


def test_a_project_is_begun_and_a_slide_brought_in(
    visit: Callable[..., Visit], made: Showcase, slide_file: Path, tmp_path: Path
) -> None:
    window = visit()
    page = window.page
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("Kidney")
    page.get_by_label("Terms").fill("Glomerulus, Tubule\nVessel")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kidney")
    expect(page.locator(".terms li")).to_have_text(["Glomerulus", "Tubule", "Vessel"])

    page.get_by_label("Add slides").set_input_files(slide_file)
    expect(page.get_by_role("link", name=slide_file.name)).to_be_visible(timeout=60_000)

    damaged = tmp_path / "damaged.svs"
    damaged.write_bytes(slide_file.read_bytes()[:5000])
    page.get_by_label("Add slides").set_input_files(damaged)
    expect(page.get_by_text("damaged.svs:")).to_be_visible(timeout=30_000)
    expect(page.locator(".slide")).to_have_count(1)
    assert [c for c in window.complaints if not c.startswith(("400 ", "console: Failed to load"))] == []
    window.complaints.clear()


def test_what_an_algorithm_adds_meanwhile_appears_by_itself(visit: Callable[..., Visit], made: Showcase) -> None:
    page = open_slide(visit(), made)
    slide, high = made.slides[0], made.slides[0]["height"]
    count = page.locator("label.check", has_text="You").locator(".count")
    before = int(count.inner_text())

    body = {"image": slide["id"], "project": made.project, "location": showcase.ring(400, high - 400, 50)}
    made.admin.post("annotation", body)

    expect(count).to_have_text(str(before + 1), timeout=15_000)
