"""What Core makes of a command, and the argv rebuilt from it: the cases of sections 2.2 and 2.3, and properties."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.descriptor import arguments, rebuild_command, recover, torn
from router.descriptor.core_templating import (
    TemplatingFault,
    command_3x,
    command_legacy,
    command_legacy_positional,
    command_uliege,
    java_replacement,
    java_split,
)


@dataclass(frozen=True)
class Row:
    name: str
    index: int = 100
    value_key: str = ""
    flag: str = ""
    default: str | None = ""
    required: bool = False
    server_parameter: bool | None = False


def bracketed(name: str, index: int = 100, **rest) -> Row:
    return Row(name, index, f"[{name.upper()}]", f"--{name}", **rest)


def bare(name: str, index: int = 100, **rest) -> Row:
    return Row(name, index, name.upper(), f"--{name}", **rest)


RUN = "singularity run x-v1.0.simg"


def test_a_command_of_a_3x_core():
    rows = [bracketed("cytomine_host", 100), bracketed("my_integer_parameter", 600, required=True)]
    command = command_3x(
        f"{RUN} [CYTOMINE_HOST] [MY_INTEGER_PARAMETER]",
        rows,
        {"cytomine_host": "http://c", "my_integer_parameter": "5"},
    )
    assert command == [*RUN.split(), "--cytomine_host", "http://c", "--my_integer_parameter", "5"]
    assert arguments(command) == ["--cytomine_host", "http://c", "--my_integer_parameter", "5"]


def test_an_unset_optional_in_the_middle_leaves_an_empty_string():
    rows = [bracketed("a", 1), bracketed("b", 2), bracketed("c", 3)]
    command = command_3x("singularity run x [A] [B] [C]", rows, {"a": "1", "b": None, "c": "3"})
    assert command == ["singularity", "run", "x", "--a", "1", "", "--c", "3"]
    assert arguments(command) == ["--a", "1", "--c", "3"]


def test_trailing_empties_go_and_leading_ones_stay():
    assert java_split(" a  b  ") == ["", "a", "", "b"]
    assert java_split("") == [""]
    assert java_split("   ") == []


def test_a_missing_required_value_refuses_the_launch():
    with pytest.raises(TemplatingFault, match="Argument a is required !"):
        command_3x("[A]", [bracketed("a", required=True)], {})
    assert command_3x("[A]", [bracketed("a", required=True)], {"a": ""}) == [""]
    with pytest.raises(TemplatingFault, match="required"):
        command_uliege("[A]", [bracketed("a", required=True, default=None)], {})


def test_a_uliege_core_inserts_what_is_unset():
    rows = [bracketed("a", 1), bracketed("b", 2, default=None), bracketed("c", 3)]
    made = command_uliege("run [A] [B] [C]", rows, {"c": "3"}, metrics=False, upload_annotations=False)
    assert made == ["run", "--a", "", "--b", "null", "--c", "3", "-nmc", "-nau"]


def test_java_reads_dollars_and_backslashes():
    assert java_replacement(r"a\b\\c", "[A]") == r"ab\c"
    assert java_replacement("cost $01", "[A]") == "cost [A]1"
    for value in ("cost $5", "a$", "${a}", "tail\\"):
        with pytest.raises(TemplatingFault):
            java_replacement(value, "[A]")


def test_a_value_key_is_a_regular_expression():
    assert command_3x("A.B AxB", [Row("a", 1, "A.B", "")], {"a": "1"}) == ["1", "1"]
    with pytest.raises(TemplatingFault, match="regular expression"):
        command_3x("x", [Row("a", 1, "A(", "")], {"a": "1"})


def test_server_parameters_and_rows_without_the_field_take_no_part():
    rows = [bracketed("a", server_parameter=True), bracketed("b", server_parameter=None), bracketed("c")]
    assert command_3x("[A] [B] [C]", rows, {"a": "1", "b": "2", "c": "3"}) == ["[A]", "[B]", "--c", "3"]


def test_the_two_legacy_forms():
    assert command_legacy("python x.py --host $host --end $end", ["host", "end"], {"host": "h"}) == [
        "python", "x.py", "--host", "h", "--end", "$end",
    ]  # fmt: skip
    assert command_legacy("x $a ", ["a"], {}) == ["x", "null"]
    assert command_legacy_positional("groovy x", 4711, 4712, ["h", None]) == ["groovy", "x", "4711", "4712", "h", None]


EVAL = [bare("cytomine_id_project", 400), bare("cytomine_id_projects", 600), bare("cytomine_host", 100)]
EVAL_VALUES = {"cytomine_id_project": "42", "cytomine_id_projects": "42,43", "cytomine_host": "http://c"}
EVAL_COMMAND = f"{RUN} python run.py CYTOMINE_HOST CYTOMINE_ID_PROJECT CYTOMINE_ID_PROJECTS "


def test_the_substring_bug_is_repaired():
    command = command_3x(EVAL_COMMAND, EVAL, EVAL_VALUES)
    assert command[-2:] == ["--cytomine_id_project", "42S"]
    recovered = recover(command, EVAL_COMMAND, EVAL, EVAL_VALUES)
    assert recovered.arguments == [
        "python", "run.py", "--cytomine_host", "http://c",
        "--cytomine_id_project", "42", "--cytomine_id_projects", "42,43",
    ]  # fmt: skip
    assert (recovered.torn, recovered.explained) == (True, True)
    assert recovered.reasons == ("the value-key CYTOMINE_ID_PROJECT is part of CYTOMINE_ID_PROJECTS",)


def test_a_value_with_blanks_becomes_one_argument_again():
    rows = [bracketed("comment"), bracketed("path", 200)]
    values = {"comment": "two  words", "path": r"C:\x"}
    text = f"{RUN} [COMMENT] [PATH]"
    command = command_3x(text, rows, values)
    recovered = recover(command, text, rows, values)
    assert recovered.arguments == ["--comment", "two  words", "--path", r"C:\x"]
    assert recovered.reasons == (
        "the value of comment holds blanks",
        "the value of path holds a backslash or a dollar sign",
    )
    assert torn(command, recovered.arguments)


def test_a_command_that_core_would_not_make_of_these_values_is_believed():
    rows = [bracketed("a")]
    recovered = recover([*RUN.split(), "--a", "changed", "since"], f"{RUN} [A]", rows, {"a": "1"})
    assert (recovered.arguments, recovered.torn, recovered.explained) == (["--a", "changed", "since"], False, False)


def test_a_biaflows_suffix_is_kept_and_the_flag_of_an_unset_parameter_dropped():
    rows = [bracketed("a", 1), bracketed("b", 2)]
    text, values = f"{RUN} [A] [B]", {"a": "1"}
    command = command_uliege(text, rows, values, metrics=False)
    recovered = recover(command, text, rows, values)
    assert recovered.arguments == ["--a", "1", "-nmc"]
    assert recovered.reasons == ("b is unset and its flag was passed all the same",)


@pytest.mark.parametrize(
    ("text", "values", "rebuilt"),
    [
        ("--x=[A]", {"a": "1 2"}, ["--x=1 2"]),
        ("--x=[A]", {}, ["--x="]),
        ("[A][B]", {"a": "1", "b": "2"}, ["1--b", "2"]),
        ("[A] [A]", {"a": "1"}, ["1", "1"]),
        ("[A] tail", {"a": "[B]", "b": "2"}, ["[B]", "tail"]),
    ],
)
def test_placeholders_inside_longer_words(text, values, rebuilt):
    rows = [Row("a", 1, "[A]", ""), bracketed("b", 2)]
    assert rebuild_command(text, rows, values) == rebuilt


def test_a_bare_key_inside_a_longer_word_is_left_alone():
    assert rebuild_command("SVM SVM_C my-SVM", [bare("svm", 1), bare("svm_c", 2)], {"svm": "1", "svm_c": "2"}) == [
        "--svm", "1", "--svm_c", "2", "my---svm", "1",
    ]  # fmt: skip


NAMES = ["alpha", "beta", "gamma", "delta"]
VALUES = st.dictionaries(st.sampled_from(NAMES), st.none() | st.text("abc01,.:/ $\\[]{}'\";é", max_size=6))
TAME = st.dictionaries(st.sampled_from(NAMES), st.none() | st.text("abc01,.:/{}'\";é", max_size=6))
ROWS = st.permutations(NAMES).map(lambda names: [bracketed(name, 100 * place) for place, name in enumerate(names)])
WORDS = st.lists(st.sampled_from([f"[{name.upper()}]" for name in NAMES] + ["python", "run.py", ""]), max_size=8)


@given(ROWS, TAME, WORDS)
def test_where_nothing_tears_the_rebuilt_arguments_are_those_of_core(rows, values, words):
    text = " ".join([RUN, *words])
    assert arguments(command_3x(text, rows, values)) == rebuild_command(text, rows, values)


@given(ROWS, VALUES)
def test_every_value_arrives_whole_and_once(rows, values):
    text = f"{RUN} " + " ".join(row.value_key for row in rows)
    expected = [part for row in rows if values.get(row.name) for part in (row.flag, values[row.name])]
    assert rebuild_command(text, rows, values) == expected


@given(ROWS, VALUES, WORDS)
def test_recovering_never_fails_and_is_explained_for_everything_core_publishes(rows, values, words):
    text = " ".join([RUN, *words])
    try:
        command = command_3x(text, rows, values)
    except TemplatingFault:
        return
    recovered = recover(command, text, rows, values)
    assert recovered.explained
    assert recovered.torn == (arguments(command) != recovered.arguments)
    assert bool(recovered.reasons) == recovered.torn


@given(st.lists(st.none() | st.text("ab ", max_size=3), max_size=6))
def test_any_command_yields_arguments_without_empties(command):
    assert all(arguments(command))
