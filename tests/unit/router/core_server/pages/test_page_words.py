"""Figures, times and states in words."""

import time

import pytest

from router.core_server.pages import words
from router.core_server.pages.job_words import described
from router.core_server.pages.shades import PLAIN, rgb, safe_colour


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "less than a second"),
        (999, "less than a second"),
        (7_000, "7 s"),
        (61_000, "1 min 1 s"),
        (3_720_000, "1 h 2 min"),
    ],
)
def test_durations(milliseconds: int, said: str) -> None:
    assert words.lasting(1_000_000, 1_000_000 + milliseconds) == said


def test_today_is_said_without_its_date() -> None:
    assert words.moment(str(int(time.time() * 1000))).startswith("today, ")
    assert "2001" in words.moment("1000000000000")


def test_every_state_of_core_has_a_word_and_an_unknown_one_does_not_break_a_page() -> None:
    assert len({words.state(status) for status in range(9)}) == 9
    assert words.state(77) == words.state(5)
    assert words.tone(3) == "good"


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 slides"), (1, "1 slide"), (2, "2 slides"), (100_000, "100\u202f000 slides")]
)
def test_nouns_follow_their_numbers(number: int, said: str) -> None:
    assert words.counted(number, "slide") == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(None, "0 bytes"), (19, "19 bytes"), (1500, "1.5 kB"), (250_000, "250 kB"), (3_200_000_000, "3.2 GB")],
)
def test_sizes(size: int | None, said: str) -> None:
    assert words.bytes_in_words(size) == said


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("#FF0000", "#ff0000"),
        ("#abc", "#aabbcc"),
        (None, PLAIN),
        ("red", PLAIN),
        ('"><script>', PLAIN),
        ("#12345", PLAIN),
    ],
)
def test_only_hexadecimal_colours_reach_a_page(text: str | None, colour: str) -> None:
    assert safe_colour(text) == colour
    assert len(rgb(safe_colour(text))) == 3


def test_a_job_is_named_by_its_algorithm_without_the_version() -> None:
    job = described({"softwareName": "object_finder (0.1.0)", "status": 3, "username": "ada"})

    assert (job["title"], job["version"], job["human"], job["over"]) == ("Object finder", "0.1.0", "ada", True)
