"""The verdict of a bench: a missed goal is never called reached."""

from __future__ import annotations

import pytest

from tests.bench.__main__ import wanted
from tests.bench.measure import alternate
from tests.bench.record import Measurement, reaches


@pytest.mark.parametrize(
    ("value", "goal", "expected"),
    [
        (1.3, "<= 1.3", True),
        (1.31, "<= 1.3", False),
        (2000, ">= 2000", True),
        (1999.9, ">=2000", False),
        (9, "", True),
    ],
)
def test_goal_decides(value: float, goal: str, expected: bool) -> None:
    assert reaches(value, goal) is expected


def test_goal_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="not of the form"):
        reaches(1, "about 3")


def test_record_carries_verdict_and_load() -> None:
    record = Measurement("router.start_ratio", 1.5, "x", "<= 1.3", "docker SDK", 0.2).record()
    assert record["reached"] is False
    assert isinstance(record["load"], float)
    assert record["peer_value"] == 0.2


@pytest.mark.parametrize(
    ("only", "expected"),
    [("", True), ("router", True), ("router.start_ratio", True), ("rout", False), ("core", False)],
)
def test_only_selects_area_or_name(only: str, expected: bool) -> None:
    assert wanted(("router.start_ratio",), only) is expected


def test_alternate_returns_ratio_of_the_pairs() -> None:
    ours, peer, ratio = alternate(lambda: sum(range(200_000)), lambda: sum(range(20_000)), runs=5)
    assert ours > peer
    assert ratio > 2
