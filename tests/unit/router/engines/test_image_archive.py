"""Archives of images lose their names on the way to the engine, and nothing else."""

import gzip
import io
import json
import tarfile

import pytest

from router.engines.image_archive import without_names
from router.errors import PullFailed

MANIFEST = [{"Config": "c.json", "RepoTags": ["python:3.11"], "Layers": ["l/layer.tar"]}]
INDEX = {"manifests": [{"digest": "sha256:0", "annotations": {"io.containerd.image.name": "python:3.11", "x": "y"}}]}
LAYER = bytes(range(256)) * 20_000


def _archive(mode: str = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:
        for name, content in {
            "l/layer.tar": LAYER,
            "repositories": b'{"python": {"3.11": "0"}}',
            "index.json": json.dumps(INDEX).encode(),
            "manifest.json": json.dumps(MANIFEST).encode(),
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("m/layer.tar")
        link.type, link.linkname = tarfile.SYMTYPE, "../l/layer.tar"
        archive.addfile(link)
    return made.getvalue()


@pytest.mark.parametrize("packed", [False, True])
def test_names_are_left_out_and_the_rest_is_the_same(tmp_path, packed):
    file = tmp_path / "image.tar"
    file.write_bytes(gzip.compress(_archive()) if packed else _archive())
    with tarfile.open(fileobj=io.BytesIO(b"".join(without_names(file)))) as found:
        assert sorted(found.getnames()) == ["index.json", "l/layer.tar", "m/layer.tar", "manifest.json"]
        assert found.extractfile("l/layer.tar").read() == LAYER
        assert found.getmember("m/layer.tar").linkname == "../l/layer.tar"
        assert json.load(found.extractfile("manifest.json")) == [{**MANIFEST[0], "RepoTags": None}]
        (entry,) = json.load(found.extractfile("index.json"))["manifests"]
    assert entry == {"digest": "sha256:0", "annotations": {"x": "y"}}


@pytest.mark.parametrize("content", [b"", b"this is no archive", _archive()[:100_000]])
def test_what_is_no_archive_is_named(tmp_path, content):
    file = tmp_path / "image.tar"
    file.write_bytes(content)
    with pytest.raises(PullFailed, match=r"image\.tar is no image"):
        list(without_names(file))


def test_an_engine_that_reads_no_further_leaves_no_thread(tmp_path):
    file = tmp_path / "image.tar"
    file.write_bytes(_archive())
    pieces = without_names(file)
    next(pieces)
    pieces.close()
