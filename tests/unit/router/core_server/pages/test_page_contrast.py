"""WCAG 2.2 AA contrast of the colours that pages are made of, light and dark (axe looks at whole pages in e2e)."""

import re

import pytest

from router.core_server.pages.rendering import STATIC

CSS = (STATIC / "pages.css").read_text()
SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2], strict=True))
TEXT, PART = 4.5, 3.0

#: foreground, background, least ratio
PAIRS = [
    ("ink", "paper", TEXT), ("ink", "sheet", TEXT), ("ink", "tint", TEXT), ("soft", "paper", TEXT),
    ("soft", "sheet", TEXT), ("soft", "tint", TEXT), ("accent", "paper", TEXT), ("accent", "sheet", TEXT),
    ("accent-strong", "tint", TEXT), ("on-accent", "accent", TEXT), ("on-accent", "accent-strong", TEXT),
    ("good", "good-tint", TEXT), ("bad", "bad-tint", TEXT), ("bad", "paper", TEXT), ("bad", "sheet", TEXT),
    ("busy", "busy-tint", TEXT), ("idle", "idle-tint", TEXT), ("console-ink", "console", TEXT),
    ("edge", "sheet", PART), ("edge", "paper", PART), ("focus", "paper", PART), ("focus", "sheet", PART),
    ("busy", "sheet", PART), ("good", "sheet", PART),
]  # fmt: skip


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_the_standard_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_pairs_of_colours_can_be_told_apart(scheme: str, front: str, back: str, least: float) -> None:
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", SCHEMES[scheme]))

    assert contrast(colours[front], colours[back]) >= least, f"{front} on {back} in the {scheme} scheme"


def test_cells_of_the_confusion_matrix_can_be_read() -> None:
    cells = re.findall(r"heat-\d+ \{ background: (#[0-9a-f]{6}); color: (#[0-9a-f]{3,6}); \}", CSS)

    assert len(cells) == 6
    for back, front in cells:
        assert contrast(front if len(front) == 7 else "#" + "".join(2 * c for c in front[1:]), back) >= TEXT
