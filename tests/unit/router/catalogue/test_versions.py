"""The order of versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalogue import is_older, newest, version_key

IN_ORDER = [
    "latest", "0.9", "v1.0-alpha", "v1.0-alpha.2", "1.0-rc1", "1.0-rc2", "v1.0", "1.0-hotfix", "v1.0.1", "v1.2", "v1.9",
    "v1.10", "v2.0.0-SNAPSHOT", "v2", "v9", "v10", "2022.1",
]  # fmt: skip


def test_versions_have_the_order_people_mean():
    backwards = IN_ORDER[::-1]
    assert sorted(backwards, key=version_key) == IN_ORDER


@pytest.mark.parametrize(("one", "other"), [("v9", "v10"), (None, "1"), ("1.0-rc1", "1.0"), ("0.1.0", "0.2.0")])
def test_what_is_older(one, other):
    assert is_older(one, other)
    assert not is_older(other, one)


@pytest.mark.parametrize(("one", "other"), [("1.0", "v1.0.0"), ("1", "1"), (None, None), ("V2", "2.0"), ("", "")])
def test_what_is_the_same(one, other):
    assert not is_older(one, other)
    assert not is_older(other, one)


def test_the_newest_tag():
    assert newest(["latest", "v1.2", "v1.10", "v1.9"]) == "v1.10"
    assert newest(["latest"]) == "latest"
    assert newest([]) is None


@given(st.lists(st.text("v.-019abrc é", max_size=8), max_size=6))
def test_any_text_has_a_place(versions):
    assert sorted(versions, key=version_key)[:1] == ([min(versions, key=version_key)] if versions else [])
    assert not any(is_older(one, one) for one in versions)
