"""Core's command rules, with their quirks; examples from router-protocol 2.2 and 2.3."""

import pytest

from router.core_server.errors import WrongArgument
from router.core_server.templating import (
    TemplateFailure,
    command,
    java_split,
    known_parameters,
    legacy_command,
    positional_command,
    replace_all,
    values_of,
)


def parameter(ident, name, key=None, flag=None, default=None, required=False):
    return {
        "id": ident, "name": name, "valueKey": key or f"[{name.upper()}]", "defaultParamValue": default,
        "commandLineFlag": f"--{name}" if flag is None else flag, "required": required,
    }  # fmt: skip


def test_flags_values_and_an_empty_word_for_what_is_unset():
    pairs = [(parameter(1, "term"), ""), (parameter(2, "zoom"), "0"), (parameter(3, "name"), "a b")]
    assert command("run x.simg [TERM] [ZOOM] [NAME]", pairs) == [
        "run", "x.simg", "", "--zoom", "0", "--name", "a", "b",
    ]  # fmt: skip
    assert command("run [ZOOM] [TERM]", pairs[:2]) == ["run", "--zoom", "0"]


def test_bare_keys_collide_with_longer_ones():
    pairs = [(parameter(1, "id_project", "ID_PROJECT"), "42"), (parameter(2, "id_projects", "ID_PROJECTS"), "42,43")]
    assert command("run ID_PROJECT ID_PROJECTS", pairs) == ["run", "--id_project", "42", "--id_project", "42S"]


def test_dialect_c_inserts_what_is_unset_too():
    pairs = [(parameter(1, "a"), ""), (parameter(2, "b"), None), (parameter(3, "c"), "1")]
    assert command("run [A] [B] [C] [D]", pairs, "C") == ["run", "--a", "", "--b", "null", "--c", "1", "[D]"]


@pytest.mark.parametrize(("value", "result"), [("a\\b", "ab"), ("\\$5", "$5"), ("$0", "[A]"), ("x;y|z", "x;y|z")])
def test_replacement_is_read_as_java_reads_it(value, result):
    assert replace_all("[A]", "[A]", value) == result


@pytest.mark.parametrize("value", ["end\\", "$", "$x", "$1", "${name}"])
def test_what_java_s_replace_all_trips_over(value):
    with pytest.raises(TemplateFailure):
        replace_all("[A]", "[A]", value)


def test_only_brackets_of_a_key_are_escaped():
    assert replace_all("aXc a.c", "a.c", "1") == "1 1"
    with pytest.raises(TemplateFailure):
        replace_all("x", "(", "1")


@pytest.mark.parametrize(("text", "parts"), [("a  b", ["a", "", "b"]), (" a", ["", "a"]), ("a  ", ["a"]), ("", [""])])
def test_split(text, parts):
    assert java_split(text) == parts


def test_defaults_and_required():
    parameters = [parameter(1, "a", default="5"), parameter(2, "b", required=True)]
    assert [value for _, value in values_of(parameters, {2: ""}, "B")] == ["5", ""]
    with pytest.raises(WrongArgument, match="Argument b is required !"):
        values_of(parameters, {}, "B")
    empty = [parameter(3, "c", default="", required=True)]
    assert values_of(empty, {}, "C")[0][1] == ""
    with pytest.raises(WrongArgument):
        values_of(empty, {}, "B")


def test_known_names_in_every_spelling_first_one_wins():
    names = ["cytomine_host", "HOST", "publicKey", "cytomine_private_key", "id_software", "CytomineIdProject", "size"]
    parameters = [parameter(ident, name) for ident, name in enumerate(names)]
    known = {"HOST": "h", "PUBLICKEY": "p", "PRIVATEKEY": "s", "IDSOFTWARE": "7", "IDPROJECT": "42"}
    assert known_parameters(parameters, known) == {0: "h", 2: "p", 3: "s", 4: "7", 5: "42"}


def test_legacy_forms():
    pairs = [(parameter(1, "host"), "http://x"), (parameter(2, "id"), None), (parameter(3, "last"), "z")]
    assert legacy_command("python a.py --h $host --i $id --l $last", pairs) == [
        "python", "a.py", "--h", "http://x", "--i", "null", "--l", "$last",
    ]  # fmt: skip
    assert positional_command("groovy a.groovy", 4711, 4712, pairs) == [
        "groovy", "a.groovy", "4711", "4712", "http://x", None, "z",
    ]  # fmt: skip
