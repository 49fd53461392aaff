"""Model files: what goes in comes out, and nothing else is ever believed."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from algorithms.toolkit.errors import ModelError
from algorithms.toolkit.models import VERSION, load_model, read_card, save_model

TYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(sizes=(32, 64)),
    hnp.unicode_string_dtypes(max_len=5),
)
ARRAYS = TYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)))
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(arrays=st.dictionaries(NAMES, ARRAYS, max_size=4), said=JSON)
def test_what_goes_in_comes_out(tmp_path_factory, arrays, said):
    path = tmp_path_factory.mktemp("model") / "m.model"
    save_model(path, "test", {"said": said}, arrays)
    model = load_model(path, "test")
    assert model.card["said"] == said
    assert model.card["version"] == VERSION
    assert model.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        got = model.arrays[name]
        assert got.dtype == array.dtype
        np.testing.assert_array_equal(got, array)
    again = path.with_name("again.model")
    save_model(again, "test", {"said": said}, arrays)
    assert again.read_bytes() == path.read_bytes()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "m.model"
    save_model(path, "test", {"classes": ["a", "b"]}, {"one": np.arange(200.0), "two": np.eye(3, dtype=np.uint8)})
    return path


def test_any_flipped_bit_and_any_cut_is_noticed(path):
    good, whole = path.read_bytes(), load_model(path)
    random = np.random.default_rng(0)
    for place in random.choice(len(good), 300, replace=False):
        damaged = bytearray(good)
        damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            model = load_model(path)
        except ModelError:
            continue
        # a bit of the archive that carries no content (a date, a flag) may change: the content may not
        assert model.card == whole.card
        assert all((model.arrays[name] == whole.arrays[name]).all() for name in whole.arrays)
    for length in (0, 1, 50, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:length])
        with pytest.raises(ModelError, match="damaged"):
            load_model(path)


def rewritten(path, change):
    """Rewrite the card by `change`."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    card = json.loads(files["card.json"])
    change(card)
    files["card.json"] = json.dumps(card).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_newer_format_asks_for_an_update(path):
    rewritten(path, lambda card: card.update(version=VERSION + 1))
    with pytest.raises(ModelError, match="update it"):
        load_model(path)
    with pytest.raises(ModelError, match="update it"):
        read_card(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: card.update(format="other"), "not a model of this software"),
        (lambda card: card["arrays"].pop("one"), "damaged"),
        (lambda card: card["arrays"].update(three={}), "damaged"),
        (lambda card: card["arrays"]["one"].update(dtype="|O"), "damaged"),
        (lambda card: card["arrays"]["one"].update(shape=[-1]), "damaged"),
        (lambda card: card["arrays"]["one"].update(shape=[10**12]), "damaged"),
        (lambda card: card["arrays"]["one"].pop("sha256"), "damaged"),
        (lambda card: card["arrays"].update(one=7), "damaged"),
        (lambda card: card.update(arrays=None), "damaged"),
    ],
)
def test_a_card_that_lies_is_not_believed(path, change, message):
    with pytest.raises(ModelError, match=message):
        load_model(rewritten(path, change))


def test_another_kind_is_refused_by_name(path):
    with pytest.raises(ModelError, match=r"'test'.*'landmarks' is needed"):
        load_model(path, "landmarks")


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "model.joblib"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError):
        load_model(path)
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with pytest.raises(ModelError, match="not a model of this software"):
        load_model(tmp_path / "other.npz")
    with pytest.raises(ModelError, match="no model file"):
        load_model(tmp_path / "absent")


def test_compressed_members_are_refused(path):
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with pytest.raises(ModelError, match="not stored"):
        load_model(path)


def test_objects_are_never_written(tmp_path):
    with pytest.raises(ModelError, match="only numbers and text"):
        save_model(tmp_path / "m", "test", {}, {"one": np.array([object()])})
    with pytest.raises(ModelError, match="JSON"):
        save_model(tmp_path / "m", "test", {"x": object()}, {})
    with pytest.raises(ModelError, match="JSON"):
        save_model(tmp_path / "m", "test", {"x": float("nan")}, {})
    assert list(tmp_path.iterdir()) == []


def test_any_tool_can_read_the_file(path):
    with zipfile.ZipFile(path) as archive:
        assert (np.load(io.BytesIO(archive.read("arrays/one.npy"))) == np.arange(200.0)).all()
    assert read_card(path)["classes"] == ["a", "b"]
