"""The router and the embedded Core each compute Core's command by themselves: they agree on every input."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from router.core_server import templating as core_server
from router.core_server.errors import CoreError
from router.descriptor import core_templating as ours

NAMES = ["host", "svm", "svm_c", "id"]
TEXTS = st.text("abS01 $\\[]{}.é", max_size=5)


@dataclass(frozen=True)
class Row:
    name: str
    index: int
    value_key: str
    flag: str
    default: str | None
    required: bool
    server_parameter: bool | None = False

    def as_core_has_it(self):
        return {
            "id": self.index, "name": self.name, "valueKey": self.value_key, "commandLineFlag": self.flag,
            "defaultParamValue": self.default, "required": self.required,
        }  # fmt: skip


def rows(bracketed, flags, defaults, required):
    return [
        Row(
            name,
            100 * place,
            f"[{name.upper()}]" if bracketed else name.upper(),
            f"--{name}" if flag else "",
            default,
            must,
        )
        for place, (name, flag, default, must) in enumerate(zip(NAMES, flags, defaults, required, strict=True), 1)
    ]


def four(strategy):
    return st.lists(strategy, min_size=4, max_size=4)


ROWS = st.builds(rows, st.booleans(), four(st.booleans()), four(st.none() | TEXTS), four(st.booleans()))
VALUES = st.dictionaries(st.sampled_from(NAMES), TEXTS)
COMMANDS = st.lists(st.sampled_from(["[HOST]", "[SVM]", "SVM", "SVM_C", "[ID]", "x=HOST", "", "tail"]), max_size=6).map(
    lambda words: " ".join(["singularity run x.simg", *words])
)


def core_servers(execute_command, known, values, dialect):
    given = {row.index: values[row.name] for row in known if row.name in values}
    pairs = core_server.values_of([row.as_core_has_it() for row in known], given, dialect)
    return core_server.command(execute_command, pairs, dialect)


def outcome(call, *faults):
    try:
        return call()
    except faults:
        return "refused"


@given(COMMANDS, ROWS, VALUES)
def test_a_3x_core(execute_command, known, values):
    mine = outcome(lambda: ours.command_3x(execute_command, known, values), ours.TemplatingFault)
    assert mine == outcome(lambda: core_servers(execute_command, known, values, "B"), CoreError)


@given(COMMANDS, ROWS, VALUES)
def test_a_uliege_core(execute_command, known, values):
    mine = outcome(lambda: ours.command_uliege(execute_command, known, values), ours.TemplatingFault)
    assert mine == outcome(lambda: core_servers(execute_command, known, values, "C"), CoreError)


@given(
    st.lists(st.sampled_from(["$host ", "$svm ", "$svm_c ", "$id", "x "]), max_size=6),
    VALUES.map(lambda v: {k: t.replace("$", "").replace("\\", "") for k, t in v.items()}),
)
def test_a_legacy_core(words, values):
    text = "python x.py " + "".join(words)
    pairs = [({"name": name}, values.get(name)) for name in NAMES]
    assert ours.command_legacy(text, NAMES, values) == core_server.legacy_command(text, pairs)


def test_a_legacy_core_without_placeholders():
    pairs = [({}, "h"), ({}, None)]
    mine = ours.command_legacy_positional("groovy x", 1, 2, ["h", None])
    assert mine == core_server.positional_command("groovy x", 1, 2, pairs)
