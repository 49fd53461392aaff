"""The descriptor in an uploaded zip."""

import io
import zipfile

import pytest

from router.catalogue import read_archive
from router.errors import CatalogueError, DescriptorError


def zipped(files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name, content)
    made.seek(0)
    return made


@pytest.mark.parametrize(
    "files",
    [
        {"descriptor.json": '{"name": "x"}', "run.py": ""},
        {"x-1.0/descriptor.json": '{"name": "x"}', "x-1.0/run.py": ""},
        {"descriptor.json": '{"name": "x"}', "old/descriptor.json": '{"name": "y"}'},
        {"x/descriptor.json": '{"name": "x"}', "__MACOSX/descriptor.json": "resource fork"},
        {"x/descriptor.json": '{"name": "x"}', "x/deep/descriptor.json": '{"name": "y"}'},
    ],
)
def test_the_descriptor_nearest_to_the_top_counts(files):
    assert read_archive(zipped(files)).name == "x"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"run.py": ""}, "no descriptor.json"),
        ({"a/descriptor.json": "{}", "b/descriptor.json": "{}"}, "2 descriptor.json"),
        ({"descriptor.json": " " * 1_100_000}, "more than"),
    ],
)
def test_an_archive_without_one_descriptor_is_refused(files, says):
    with pytest.raises(CatalogueError, match=says):
        read_archive(zipped(files))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"<html>login</html>"])
def test_what_is_no_zip_is_refused(content):
    with pytest.raises(CatalogueError, match="no zip"):
        read_archive(io.BytesIO(content))


def test_a_torn_zip_is_refused():
    whole = zipped({"descriptor.json": '{"name": "x", "a": "' + "b" * 5000 + '"}'}).getvalue()
    torn = whole[:60] + b"\0" * 10 + whole[70:]
    with pytest.raises((CatalogueError, DescriptorError)):
        read_archive(io.BytesIO(torn))


def test_a_descriptor_that_is_no_json_is_refused():
    with pytest.raises(DescriptorError, match="line 1"):
        read_archive(zipped({"descriptor.json": "{"}))
