"""Command lines, values and pace of a run."""

import os
import signal
import threading

import pytest

from algorithms.toolkit.errors import Cancelled, ParameterError
from algorithms.toolkit.job import descriptor
from algorithms.toolkit.job.arguments import rename, require, split, values_of
from algorithms.toolkit.job.descriptor import Descriptor, Parameter
from algorithms.toolkit.job.pace import INTERVAL, Pace, cancellation
from algorithms.toolkit.job.run import run
from algorithms.toolkit.tiles import map_in_order, tile_grid

SOFTWARE = Descriptor(
    "x",
    "",
    (
        Parameter("size", "Number", default="7", minimum=1, maximum=9, integer=True),
        Parameter("share", "Number", default="0.5"),
        Parameter("way", "String", default="a", choices=("a", "b")),
        Parameter("deep", "Boolean", default="false"),
        Parameter("term", "Domain", optional=True),
        Parameter("images", "ListDomain", optional=True),
    ),
)


def values(*argv: str, **defaults: str) -> dict[str, object]:
    return dict(values_of(rename(split(argv), {"old_size": "size"}), SOFTWARE, defaults))


def test_values_have_types_defaults_and_aliases() -> None:
    assert values() == {"size": 7, "share": 0.5, "way": "a", "deep": False, "term": None, "images": None}
    found = values("python", "run.py", "--old-size=3", "--deep", "Yes", "--images", "4,5", "--term", "12", "stray")
    assert (found["size"], found["deep"], found["images"], found["term"]) == (3, True, [4, 5], 12)
    assert values(size="4")["size"] == 4
    assert values("--size", "5", "--old_size", "6")["size"] == 5
    assert values("--share", "-1e-3")["share"] == -0.001


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--size", "0"], "at least 1"),
        (["--size", "10"], "at most 9"),
        (["--size", "2.5"], "not a value of type whole number"),
        (["--share", "nan"], "not a value"),
        (["--way", "c"], "not one of a, b"),
        (["--deep", "maybe"], "not a value of type Boolean"),
        (["--images", "1,x"], "not a value of type ListDomain"),
        (["--sise", "1"], "did you mean --size"),
    ],
)
def test_wrong_values_name_the_parameter_and_the_remedy(argv: list[str], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        values(*argv)


def test_what_is_required_must_be_there() -> None:
    with pytest.raises(ParameterError, match="term is missing"):
        require({"term": None}, SOFTWARE, ["term"])


@pytest.mark.parametrize(
    "name",
    [
        "tissue_finder",
        "object_finder",
        "classification_validate",
        "classification_train",
        "classification_predict",
        "object_sorting",
        "landmarks_validate",
        "landmarks_train",
        "landmarks_predict",
    ],
)
def test_our_descriptors_are_complete(name: str) -> None:
    found = descriptor(name)
    assert found.name == name
    server = [parameter.name for parameter in found.parameters if parameter.set_by_server]
    assert server == [p.name for p in found.parameters[:5]]
    for parameter in found.parameters:
        assert parameter.description
        assert parameter.parse(parameter.default) is not None or parameter.default is None


def test_a_software_without_a_descriptor_says_where_it_was_looked_for() -> None:
    with pytest.raises(ParameterError, match="DESCRIPTORS"):
        descriptor("no_such_software")


def test_progress_is_told_at_most_every_two_seconds() -> None:
    now = 0.0
    told: list[tuple[int, str]] = []
    pace = Pace(lambda percent, comment: told.append((percent, comment)), clock=lambda: now)
    for step in range(101):
        pace(step, "x")
        now += 0.1
    assert told[0] == (0, "x")
    assert told[-1] == (100, "x")
    assert len(told) <= 10.1 / INTERVAL + 2


def test_a_signal_becomes_a_cancellation_and_leaves_the_handler_as_it_was() -> None:
    before = signal.getsignal(signal.SIGTERM)
    asked: list[threading.Event] = []

    def work() -> None:
        with cancellation() as event:
            asked.append(event)
            os.kill(os.getpid(), signal.SIGTERM)
            threading.Event().wait(5)

    with pytest.raises(Cancelled):
        work()
    assert asked[0].is_set()
    assert signal.getsignal(signal.SIGTERM) is before


def test_exit_codes(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(_: object) -> None:
        raise Cancelled("enough")

    def nothing(_: object) -> None:
        return None

    output = ["--output", str(tmp_path)]
    assert run("tissue_finder", nothing, output) == 0
    assert run("tissue_finder", stopped, output) == 143
    assert run("tissue_finder", nothing, []) == 2
    assert run("tissue_finder", nothing, ["--help"]) == 0
    assert "threshold_blocksize" in capsys.readouterr().out


def test_workers_keep_the_order_and_pass_errors_on() -> None:
    assert list(map_in_order(lambda x: -x, range(50), workers=3)) == [-x for x in range(50)]

    def fails(x: int) -> int:
        if x == 5:
            raise ValueError("five")
        return x

    with pytest.raises(ValueError, match="five"):
        list(map_in_order(fails, range(100), workers=2))


@pytest.mark.parametrize("overlap", [0, 3])
def test_tiles_cover_everything_and_own_parts_never_overlap(overlap: int) -> None:
    import numpy as np

    covered, owned = np.zeros((2, 47, 31), int)
    for tile in tile_grid(31, 47, 10, overlap):
        covered[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] += 1
        left, top, right, bottom = tile.own
        owned[top:bottom, left:right] += 1
    assert covered.min() == 1
    assert owned.max() == 1
    assert (covered[owned == 1] == 1).all()
