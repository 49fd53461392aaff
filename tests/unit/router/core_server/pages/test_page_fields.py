"""Form fields: what a person may send, what she is told, what is stored."""

import pytest

from router.core_server.pages.fields import FormField, Option, fill, plain, values


def number(**more: object) -> FormField:
    return FormField(id=7, name="p7", label="Threshold", kind="number", required=True, values=[], **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sent", "bounds", "told"),
    [
        ("50", {}, ""),
        ("-0.5", {}, ""),
        ("", {}, "This is needed."),
        ("many", {}, "“many” is not a number."),
        ("0,5", {}, "“0,5” is not a number. Use a dot for decimals."),
        ("nan", {}, "“nan” is not a number."),
        ("inf", {}, "“inf” is not a number."),
        ("2.5", {"whole": True}, "Use a whole number."),
        ("2.0", {"whole": True}, ""),
        ("-1", {"minimum": 0.0}, "Use 0 or more."),
        ("256", {"maximum": 255.0}, "Use 255 or less."),
        ("255", {"minimum": 0.0, "maximum": 255.0}, ""),
    ],
)
def test_numbers_are_checked_and_explained(sent: str, bounds: dict[str, object], told: str) -> None:
    field = number(**bounds)

    usable = fill([field], {"p7": [sent]})

    assert field.error == told
    assert usable == (told == "")
    assert field.value == sent  # what was typed stays to be mended


def test_optional_fields_that_are_empty_are_left_out() -> None:
    field = FormField(id=1, name="p1", label="Note", kind="text", required=False, values=["default"])

    assert fill([field], {"p1": ["  "]})
    assert values([field]) == []


def test_an_unticked_box_is_false_and_not_missing() -> None:
    field = FormField(id=2, name="p2", label="Join", kind="yes", required=True, values=["true"])

    assert fill([field], {})
    assert values([field]) == [{"softwareParameter": 2, "value": "false"}]


def test_several_picks_become_a_list_of_identifiers() -> None:
    options = [Option("11", "a.svs"), Option("12", "b.svs"), Option("13", "c.svs")]
    field = FormField(id=3, name="p3", label="Slides", kind="pick-many", required=True, values=[], options=options)

    assert fill([field], {"p3": ["11", "13"]})
    assert values([field]) == [{"softwareParameter": 3, "value": "11,13"}]


def test_a_pick_that_is_not_offered_is_refused() -> None:
    field = FormField(3, "p3", "Slides", "pick-many", True, [], options=[Option("11", "a.svs")])

    assert not fill([field], {"p3": ["11", "99"]})
    assert "no longer there" in field.error


def test_a_thousand_slides_can_be_picked() -> None:
    options = [Option(str(n), f"{n}.svs") for n in range(1000)]
    field = FormField(3, "p3", "Slides", "pick-many", True, [], options=options)

    assert fill([field], {"p3": [option.value for option in options]})
    assert len(values([field])[0]["value"].split(",")) == 1000


def test_dates_are_dates() -> None:
    field = FormField(id=4, name="p4", label="Since", kind="date", required=False, values=[])

    assert fill([field], {"p4": ["2026-02-28"]})
    assert not fill([field], {"p4": ["2026-02-30"]})


def test_descriptions_lose_their_markup() -> None:
    assert plain("<p>Finds <b>cells</b>.</p>\n<script>x</script>") == "Finds cells . x"
