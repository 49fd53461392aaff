"""Parameters come from the descriptors, under today's and older names."""

import pytest

from algorithms.landmarks.params import ALIASES, NAMES, Settings, settings_of
from algorithms.toolkit.errors import ParameterError
from algorithms.toolkit.job import descriptor
from algorithms.toolkit.job.arguments import rename, split, values_of


@pytest.mark.parametrize("name", ["landmarks_validate", "landmarks_train"])
def test_every_setting_has_a_parameter_with_the_same_default(name: str) -> None:
    found = descriptor(name)
    assert settings_of(values_of({}, found)) == Settings()
    assert set(NAMES.values()) <= {parameter.name for parameter in found.parameters}


def test_older_names_are_read() -> None:
    words = ["--model_R", "4", "--model_RMAX", "70", "--model_NT_P1", "9", "--model_D_MAX", "33", "--model_R_MAX", "44"]
    found = settings_of(values_of(rename(split(words), ALIASES), descriptor("landmarks_train")))
    assert (found.radius, found.far, found.p1_trees, found.lc_reach, found.lc_most) == (4, 70, 9, 33, 44)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "guess"}, "not one of mset"),
        ({"features": "sift"}, "not one of raw"),
        ({"radius": 9, "far": 8}, "must not be below"),
        ({"delta": 0.0}, "delta"),
        ({"trees": 0}, "trees must be at least 1"),
    ],
)
def test_what_nothing_can_be_learned_with_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Settings(**change)  # type: ignore[arg-type]
