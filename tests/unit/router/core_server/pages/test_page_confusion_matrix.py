"""The table of named against predicted terms."""

import pytest

from router.core_server.pages.confusion import matrix

CELL, FAT, MISSING = ({"id": 1, "name": "Cell"}, {"id": 2, "name": "Fat"}, {"id": 3, "name": "Never"})
TERMS = [CELL, FAT, MISSING]


def rows(*pairs: tuple[int | None, int]) -> list[tuple[int, int, int, int | None, float]]:
    return [(100 + index, 5, said, expected, 0.9) for index, (expected, said) in enumerate(pairs)]


def test_counts_and_rates() -> None:
    found = matrix(rows((1, 1), (1, 1), (1, 1), (1, 2), (2, 2), (2, 1)), TERMS)

    assert found is not None
    assert [[cell["number"] for cell in row["cells"]] for row in found["rows"]] == [[3, 1], [1, 1]]
    assert found["right"] == pytest.approx(4 / 6)
    assert found["balanced"] == pytest.approx((0.75 + 0.5) / 2)


def test_terms_that_never_occur_have_no_row() -> None:
    found = matrix(rows((1, 2)), TERMS)

    assert found is not None
    assert [term["name"] for term in found["names"]] == ["Cell", "Fat"]


def test_a_term_that_was_only_said_has_an_empty_row_and_does_not_count_for_the_mean() -> None:
    found = matrix(rows((1, 1), (1, 2)), TERMS)

    assert found is not None
    assert [row["total"] for row in found["rows"]] == [2, 0]
    assert found["balanced"] == pytest.approx(0.5)


def test_predictions_without_expected_terms_are_no_validation() -> None:
    assert matrix(rows((None, 1)), TERMS) is None
