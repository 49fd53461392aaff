from pathlib import Path

from router.core import JobStatus
from router.demo.outcome import Outcome

GOOD = Outcome(
    job=7,
    software="tissue_finder",
    status=JobStatus.SUCCESS,
    seconds=3.0,
    annotations=2,
    log_attached=True,
    files=(Path("a.geojson"), Path("a.png")),
)


def changed(**values: object) -> Outcome:
    return Outcome(**{**GOOD.__dict__, **values})


def test_all_of_it_happened() -> None:
    assert GOOD.ok
    assert GOOD.missing == []


def test_each_thing_that_did_not_happen_is_named() -> None:
    assert changed(status=JobStatus.FAILED).missing == ["its status is FAILED"]
    assert changed(annotations=0).missing == ["it left no annotation with a term"]
    assert changed(log_attached=False).missing == ["no log is attached to it in Core"]
    assert changed(files=(Path("a.png"),)).missing == ["it left no GeoJSON"]
    assert changed(files=(Path("a.geojson"),)).missing == ["it left no picture"]
