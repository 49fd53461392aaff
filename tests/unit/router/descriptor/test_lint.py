"""The lint: every oddity of section 4.4 is found at its JSON path, every finding has a hint, nothing crashes."""

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from router.descriptor import parse
from router.descriptor.lint import Severity, lint, lint_file

ROOT = Path(__file__).parents[4]
PUBLISHED = sorted((ROOT.parent / "shared" / "descriptors").glob("*.json"))
SCHEMA = json.loads((ROOT / "descriptors" / "schema" / "cytomine-0.1.json").read_text())


def parameter(ident: str, **fields):
    """An input as it should be."""
    return {
        "id": ident, "type": "String", "name": ident, "optional": False, "value-key": "[@ID]",
        "command-line-flag": "--@id", "set-by-server": ident.startswith("cytomine_"), **fields,
    }  # fmt: skip


def good(*inputs, **changes):
    """A descriptor without findings, with `inputs` behind the two of Core."""
    inputs = [parameter("cytomine_host"), parameter("cytomine_public_key"), *inputs]
    line = " ".join(f"[{one['id'].upper()}]" for one in inputs if one.get("id"))
    return {
        "name": "tool", "description": "Finds things.", "schema-version": "cytomine-0.1",
        "container-image": {"type": "singularity", "image": "user/tool"}, "command-line": line, "inputs": inputs,
    } | changes  # fmt: skip


def findings(source, **options):
    return {(str(one.severity), one.path): one.message for one in lint(parse(json.dumps(source)), **options)}


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_a_good_descriptor_has_no_findings():
    assert findings(good(parameter("size", type="Number", **{"default-value": 5})), repository="tool") == {}
    assert findings(good(), repository="S_tool", prefix="S_") == {
        ("warning", "$.container-image.image"): "the image is called tool, the repository S_tool"
    }


BAD = [
    ({"name": ""}, "error", "$.name"),
    ({"name": " tool"}, "warning", "$.name"),
    ({"name": 5}, "error", "$.name"),
    ({"description": ""}, "note", "$.description"),
    ({"schema-version": "0.5"}, "error", "$.schema-version"),
    ({"container-image": None}, "error", "$.container-image"),
    ({"container-image": {"type": "singularity", "image": ""}}, "error", "$.container-image.image"),
    ({"container-image": {"type": "singularity", "image": "user/Deep-Fish"}}, "error", "$.container-image.image"),
    ({"container-image": {"type": "singularity", "image": "user/a b"}}, "error", "$.container-image.image"),
    ({"container-image": {"type": "singularity", "image": "user/tool:1.0"}}, "error", "$.container-image.image"),
    ({"container-image": {"type": "singularity", "image": "reg.io/user/tool"}}, "note", "$.container-image.image"),
    ({"container-image": {"type": "singularity", "image": "tool"}}, "note", "$.container-image.image"),
    ({"container-image": {"type": "singularity", "image": "u/" + "x" * 130}}, "error", "$.container-image.image"),
    ({"container-image": {"type": "rocket", "image": "user/tool"}}, "warning", "$.container-image.type"),
    ({"container-image": {"image": "user/tool"}}, "error", "$.container-image.type"),
    ({"command-line": ""}, "error", "$.command-line"),
    ({"command-line": "[CYTOMINE_HOST] [CYTOMINE_PUBLIC_KEY] [OTHER]"}, "warning", "$.command-line"),
    ({"command-line": "[CYTOMINE_HOST]  [CYTOMINE_PUBLIC_KEY] "}, "note", "$.command-line"),
    ({"command-line": "python run.py [CYTOMINE_HOST] [CYTOMINE_PUBLIC_KEY]"}, "note", "$.command-line"),
    ({"command-line": "[CYTOMINE_HOST]"}, "warning", "$.inputs[1].value-key"),
    ({"command-line": "--cytomine_host [CYTOMINE_HOST]"}, "warning", "$.inputs[0].command-line-flag"),
    ({"inputs": []}, "warning", "$.inputs"),
    ({"ram-needed": "much"}, "warning", "$.ram-needed"),
    ({"container_image": {}}, "warning", "$.container_image"),
    ({"author": "me"}, "note", "$.author"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "severity", "path"), BAD)
def test_what_is_wrong_with_the_software_is_found(change, severity, path):
    assert (severity, path) in findings(good() | change)


BAD_INPUTS = [
    ({"type": "Image"}, "error", "type"),
    ({"type": None}, "error", "type"),
    ({"id": None}, "error", "id"),
    ({"id": "a$b"}, "error", "id"),
    ({"id": "cytomine_host"}, "error", "id"),
    ({"optional": "false"}, "warning", "optional"),
    ({"set-by-server": "false"}, "warning", "set-by-server"),
    ({"set-by-server": True}, "error", "set-by-server"),
    ({"id": "publicKey", "set-by-server": False}, "warning", "set-by-server"),
    ({"default": "INFO"}, "warning", "default"),
    ({"value-choices": ["a"]}, "note", "value-choices"),
    ({"values-choice": ["a"]}, "note", "values-choice"),
    ({"value-choices": ["a"], "default-value": "b"}, "warning", "default-value"),
    ({"type": "Number", "default-value": "951"}, "note", "default-value"),
    ({"type": "Number", "default-value": "many"}, "error", "default-value"),
    ({"type": "Boolean", "default-value": "0"}, "note", "default-value"),
    ({"type": "Boolean", "default-value": "maybe"}, "error", "default-value"),
    ({"default-value": "x" * 256}, "error", "default-value"),
    ({"type": "Number", "minimum": 5, "maximum": 1}, "error", "minimum"),
    ({"type": "Number", "minimum": 0, "maximum": 1, "default-value": 2}, "warning", "default-value"),
    ({"type": "Number", "minimum": 1, "default-value": 0}, "warning", "default-value"),
    ({"type": "Domain"}, "warning", "uri"),
    ({"type": "Domain", "uri": "/api/x.json"}, "warning", "uri-print-attribute"),
    ({"type": "ListDomain", "uri": "/api/x.json", "uri-print-attribute": "name"}, "note", "uri-sort-attribute"),
    ({"uri": "/api/x.json"}, "note", "uri"),
    ({"optionnal": True}, "warning", "optionnal"),
    ({"value-key": "a.b"}, "warning", "value-key"),
    ({"value-key": "[OTHER]"}, "warning", "value-key"),
    ({"value-key": "[CYTOMINE_HOST]"}, "error", None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "severity", "field"), BAD_INPUTS)
def test_what_is_wrong_with_an_input_is_found(change, severity, field):
    source = good(parameter("size") | change)
    if change.get("value-key") == "a.b":
        source["command-line"] += " a.b"
    path = "$.inputs[0].value-key" if field is None else f"$.inputs[2].{field}"
    assert (severity, path) in findings(source)


def test_a_value_key_that_is_part_of_another_is_a_warning_where_it_comes_first():
    short, long = parameter("svm", **{"value-key": "@ID"}), parameter("svm_c", **{"value-key": "@ID"})
    assert ("warning", "$.inputs[2].value-key") in findings(good(short, long) | {"command-line": "SVM SVM_C"})
    assert ("note", "$.inputs[3].value-key") in findings(good(long, short) | {"command-line": "SVM SVM_C"})


def test_the_name_is_compared_with_the_repository():
    assert ("warning", "$.name") in findings(good(), repository="other")


def test_errors_come_first_and_everything_has_a_hint():
    found = lint(parse(json.dumps(good(parameter("size", default="1"), name=""))))
    assert [one.severity for one in found][:2] == [Severity.ERROR, Severity.WARNING]
    assert all(one.hint and one.message for one in found)
    assert str(found[0]).startswith("error: $.name: the name is empty. ")


def test_a_file_that_is_no_json_is_a_finding(tmp_path):
    path = tmp_path / "descriptor.json"
    path.write_text("{")
    (found,) = lint_file(path)
    assert (found.severity, found.path) == (Severity.ERROR, "$")
    assert "line 1" in found.message


EXPECTED = {
    "13eMualliug__G_Heavy": ("warning", "$.command-line"),
    "Cytomine-ULiege__S_Classify-ML-RandomSubwET-Eval": ("warning", "$.inputs[3].value-key"),
    "Cytomine-ULiege__S_LandmarkDetect-ML-MSET-Pred": ("warning", "$.name"),
    "Cytomine-ULiege__S_Segment-CV-AdaptThres-Object-BI": ("note", "$.inputs[7].default-value"),
    "Cytomine-ULiege__S_Segment-CV-AdaptThres-Sample": ("warning", "$.inputs[13].default"),
    "Cytomine-ULiege__Sample-Software-Python": ("error", "$.container-image.image"),
    "Neubias-WG5__W_LandmarkDetect-ML-MSET-Train": ("note", "$.inputs[8].value-key"),
    "Neubias-WG5__W_NucleiSegmentation-Python": ("note", "$.command-line"),
    "cytomine__S_Classify-ML-RandomSubwET-Pred-BI": ("note", "$.inputs[9].default-value"),
    "cytomine__S_Segment-ML-MultiOutputET-Train": ("warning", "$.container-image.image"),
}


def test_the_published_descriptors_are_here():
    if not PUBLISHED:
        pytest.skip(f"THE PUBLISHED DESCRIPTORS ARE NOT BESIDE THE CHECKOUT ({ROOT.parent / 'shared/descriptors'})")
    assert {path.stem for path in PUBLISHED} >= set(EXPECTED)


@pytest.mark.parametrize("path", PUBLISHED, ids=[path.stem for path in PUBLISHED])
def test_a_published_descriptor_is_linted(path):
    repository = path.stem.partition("__")[2]
    found = lint_file(path, repository=repository, prefix=repository[:2])
    places = {(str(one.severity), one.path) for one in found}
    assert EXPECTED[path.stem] in places if path.stem in EXPECTED else not found
    # what people run today must stay installable; the template is none of it
    errors = [one for one in found if one.severity is Severity.ERROR]
    assert bool(errors) == (path.stem == "Cytomine-ULiege__Sample-Software-Python")


LEAVES = st.none() | st.booleans() | st.integers(-3, 999) | st.floats() | st.text("ab[]@ID$.( /é", max_size=6)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(["image", "id", "type"]), LEAVES)
TOP = [*SCHEMA["properties"], "surprise"]
INNER = [*SCHEMA["$defs"]["input"]["properties"], "surprise"]


@given(
    st.dictionaries(st.sampled_from(TOP), VALUES, max_size=4),
    st.lists(VALUES | st.dictionaries(st.sampled_from(INNER), VALUES, max_size=5), max_size=3),
)
def test_no_descriptor_crashes_the_lint(changes, inputs):
    source = copy.deepcopy(good())
    source["inputs"] += inputs
    source |= changes
    for one in lint(parse(json.dumps(source)), repository="tool"):
        assert one.path.startswith("$")
        assert one.hint
