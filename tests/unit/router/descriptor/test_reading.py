"""Reading a descriptor: what every field becomes, and that no oddity of section 4.4 stops it."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.descriptor import Resources, load, parse
from router.errors import DescriptorError

ROOT = Path(__file__).parents[4]
PUBLISHED = sorted((ROOT.parent / "shared" / "descriptors").glob("*.json"))
IDS = [path.stem for path in PUBLISHED]


def only_input(**fields):
    return parse(json.dumps({"inputs": [fields]})).inputs[0]


def test_the_published_descriptors_are_here():
    if not PUBLISHED:
        pytest.skip(f"THE PUBLISHED DESCRIPTORS ARE NOT BESIDE THE CHECKOUT ({ROOT.parent / 'shared/descriptors'})")
    assert len(PUBLISHED) >= 11


@pytest.mark.parametrize("path", PUBLISHED, ids=IDS)
def test_a_published_descriptor_loads(path):
    descriptor = load(path)
    source = json.loads(path.read_text())
    assert [one.id for one in descriptor.inputs] == [one["id"] for one in source.get("inputs", [])]
    assert [one.index for one in descriptor.inputs] == [100 * n for n in range(1, len(descriptor.inputs) + 1)]
    assert not [one for one in descriptor.inputs if "@" in one.value_key + one.flag]


def test_ids_are_put_for_their_place_holders_as_written():
    read = only_input(id="model_RMAX", **{"value-key": "[@ID]", "command-line-flag": "--@id", "uri": "/x/@id"})
    assert (read.value_key, read.flag, read.uri, read.name) == (
        "[MODEL_RMAX]",
        "--model_RMAX",
        "/x/model_RMAX",
        "model_RMAX",
    )


def test_the_defaults_of_absent_fields():
    read = only_input(id="a")
    assert (read.value_key, read.flag, read.default, read.required) == ("[A]", "", "", True)
    assert (read.set_by_server, read.server_parameter, read.choices, read.uri) == (False, False, (), None)


def test_an_id_with_a_dollar_is_taken_as_text():
    assert only_input(id="a$1", **{"value-key": "[@ID]"}).value_key == "[A$1]"


@pytest.mark.parametrize(
    ("written", "stored"), [("listdomain", "ListDomain"), ("NUMBER", "Number"), ("Domain", "Domain"), (7, "7")]
)
def test_types_are_spelt_as_core_spells_them(written, stored):
    assert only_input(id="a", type=written).type == stored


@pytest.mark.parametrize(
    ("written", "stored"),
    [(0, "0"), ("951", "951"), (False, "false"), (None, ""), ("", ""), (1, "1"), ([1, 2], "1,2")],
)
def test_default_values_become_text(written, stored):
    assert only_input(id="a", **{"default-value": written}).default == stored


def test_fractions_stay_as_they_are_written():
    assert parse('{"inputs": [{"id": "a", "default-value": 0.10}]}').inputs[0].default == "0.10"
    assert parse('{"inputs": [{"id": "a", "default-value": 0.00001}]}').inputs[0].default == "0.00001"


def test_booleans_written_as_text_mean_what_they_say():
    read = only_input(id="a", optional="false", **{"set-by-server": "false", "server-parameter": "True"})
    assert (read.required, read.set_by_server, read.server_parameter) == (True, False, True)


def test_both_spellings_of_the_choices_and_of_the_default():
    assert only_input(id="a", **{"value-choices": ["x", 1]}).choices == ("x", "1")
    assert only_input(id="a", **{"values-choice": ["x", 1]}).choices == ("x", "1")
    assert only_input(id="a", default="INFO").default == "INFO"
    assert only_input(id="a", default="INFO", **{"default-value": None}).default == ""


@pytest.mark.parametrize(
    ("fields", "resources"),
    [
        ({"ram-needed": {"numberInMB": 2048}, "cpu-cores": 2}, Resources(ram_mb=2048, cpus=2)),
        ({"ram-needed": "2 GB", "disk-space": 500}, Resources(ram_mb=2048, disk_mb=500)),
        ({"suggested-resources": {"ram": 1.5, "cpu-cores": 3}}, Resources(ram_mb=1536, cpus=3)),
        ({"preferred-processor-type": "GPU"}, Resources(gpus=1)),
        ({"gpu": True}, Resources(gpus=1)),
        ({"gpu": 2}, Resources(gpus=2)),
        ({"gpu": False, "cpu-cores": "many", "ram-needed": -5, "disk-space": True}, Resources()),
    ],
)
def test_resources(fields, resources):
    assert parse(json.dumps(fields)).resources == resources


@pytest.mark.parametrize(
    ("text", "says"),
    [(b'{"a": ', "line 1, column 7"), (b"[]", "list"), (b"\xff{}", "UTF-8"), (b"[" * 100_000, "JSON")],
)  # fmt: skip
def test_what_is_no_json_object_says_where(text, says):
    with pytest.raises(DescriptorError, match=says):
        parse(text)


def test_a_missing_and_a_giant_file_are_refused(tmp_path):
    with pytest.raises(DescriptorError, match="No such file"):
        load(tmp_path / "descriptor.json")
    giant = tmp_path / "giant.json"
    giant.touch()
    os.truncate(giant, 2_000_000)
    with pytest.raises(DescriptorError, match="too many"):
        load(giant)


KEYS = ["name", "description", "command-line", "container-image", "inputs", "default-processing-server-name"]
KEYS += ["ram-needed", "cpu-cores", "disk-space", "gpu", "suggested-resources", "schema-version"]
INPUT_KEYS = ["id", "type", "name", "value-key", "command-line-flag", "default-value", "optional", "uri", "minimum"]
INPUT_KEYS += ["set-by-server", "value-choices", "values-choice", "integer", "default", "equals", "description"]
TEXTS = st.text("ab@ID[] $\\é0", max_size=5)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from(["@ID", "[@ID]"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
)
INPUTS = st.lists(st.dictionaries(st.sampled_from(INPUT_KEYS), VALUES, max_size=5) | VALUES, max_size=2)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES | INPUTS, max_size=5))
def test_nothing_that_parses_crashes(source):
    descriptor = parse(json.dumps(source))
    assert descriptor.execute_command("1").endswith(descriptor.command_line)
