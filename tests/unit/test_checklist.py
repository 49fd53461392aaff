"""The table of the drop-in checklist in router/README.md names tests that exist, for every row."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", (TESTS.parent / "router/README.md").read_text(), re.MULTILINE)


@cache
def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_is_there() -> None:
    assert [int(row) for row, _, _ in ROWS] == list(range(1, 48))


@pytest.mark.parametrize(("row", "proof"), [(row, proof) for row, _, proof in ROWS], ids=lambda value: value[:2])
def test_every_row_names_tests_that_exist(row: str, proof: str) -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", proof)
    assert named, f"row {row} names no test"
    for file, test in named:
        assert (TESTS / file).is_file(), file
        assert test in names_in(TESTS / file), f"{file}::{test}"
