"""The tables of parameters in the algorithms' READMEs say what the descriptors say."""

from pathlib import Path

import pytest

from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job import parameter_tables

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.parametrize("path", parameter_tables.readmes(), ids=lambda path: path.parent.name)
def test_a_readme_is_up_to_date(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert parameter_tables.filled(text) == text, "run python -m algorithms.toolkit.job.parameter_tables"


def test_every_software_has_its_table() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in parameter_tables.readmes())
    names = sorted(path.parent.name for path in (ROOT / "descriptors").glob("*/descriptor.json"))
    assert [name for name in names if f"<!-- parameters: {name} -->" not in text] == []


def test_a_table_has_limits_choices_and_what_is_needed() -> None:
    table = parameter_tables.parameter_table("classification_train")
    assert "cytomine_host" not in table  # the server fills it in
    assert "| `seed` |" in table
    assert "one of `" in table
    assert "at least " in table or " to " in table


def test_a_changed_descriptor_changes_the_readme() -> None:
    text = "a\n<!-- parameters: tissue_finder -->\nold\n<!-- end of parameters -->\nb"
    new = parameter_tables.filled(text)
    assert "\nold\n" not in new
    assert new.startswith("a\n<!-- parameters: tissue_finder -->\n| parameter |")
    assert new.endswith("<!-- end of parameters -->\nb")


def test_a_software_that_is_not_there_is_named() -> None:
    with pytest.raises(ParameterError, match="no_such"):
        parameter_tables.filled("<!-- parameters: no_such -->\n<!-- end of parameters -->")
