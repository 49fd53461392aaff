"""Which images may be loaded and built here."""

import pytest

from router.descriptor.images import ImageSource, image_source
from router.errors import ImageForbidden
from router.local_images import LocalImages
from router.settings import Settings


def test_a_file_has_a_name_of_its_own_for_each_state_of_it(tmp_path):
    file = tmp_path / "image.tar"
    file.write_bytes(b"1")
    local = LocalImages((tmp_path,))
    source = image_source(f"singularity build x.simg docker-archive:{file}")
    first, make = local.find(source)
    assert make is not None
    assert local.find(source)[0] == first
    file.write_bytes(b"12")
    assert local.find(source)[0] != first


@pytest.mark.parametrize("path", ["/etc/passwd", "{0}/../image.tar", "{0}/none.tar", "{0}/link"])
def test_files_elsewhere_are_refused(tmp_path, path):
    folder = tmp_path / "allowed"
    folder.mkdir()
    (tmp_path / "image.tar").write_bytes(b"")
    (folder / "link").symlink_to(tmp_path / "image.tar")
    with pytest.raises(ImageForbidden):
        LocalImages((folder,)).find(ImageSource(archive=path.format(folder)))


def test_a_dockerfile_is_built_where_that_is_allowed(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "Dockerfile").write_text("FROM scratch\n")
    build = image_source(f"docker build -t a:1 {tmp_path}/7 && singularity pull --name a-1.simg docker-daemon://a:1")
    assert build.build == f"{tmp_path}/7"
    assert LocalImages(builds=(tmp_path,)).find(build)[1] is not None
    assert LocalImages().find(build) == ("a:1", None)
    assert LocalImages(builds=(tmp_path / "other",)).find(build) == ("a:1", None)
    assert LocalImages().find(image_source("a/b:1")) == ("a/b:1", None)


def test_what_the_settings_allow(tmp_path):
    found = Settings.model_validate({"images": {"archives": ["/a"]}, "catalogue": {"uploads": str(tmp_path)}})
    assert [str(path) for path in LocalImages.of(found).archives] == ["/a", str(tmp_path)]
    assert list(LocalImages.of(found).builds) == []
    assert list(LocalImages.of(Settings()).archives) == []
