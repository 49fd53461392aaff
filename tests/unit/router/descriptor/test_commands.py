"""The commands in the exact historical form, and the image read back out of any pulling command."""

import pytest

from router.descriptor import image_source, parse, valid_reference
from router.errors import DescriptorError

EXAMPLE = """{"name": "Python_Software_Example", "container-image":
  {"image": "cytomine/s_python_software_example", "type": "singularity"},
  "command-line": "[CYTOMINE_HOST] [MY_INTEGER_PARAMETER]", "inputs": []}"""


def test_the_commands_have_the_historical_form():
    descriptor = parse(EXAMPLE)
    assert descriptor.execute_command("v1.0") == (
        "singularity run s_python_software_example-v1.0.simg [CYTOMINE_HOST] [MY_INTEGER_PARAMETER]"
    )
    assert descriptor.pulling_command("v1.0") == (
        "singularity pull --name s_python_software_example-v1.0.simg docker://cytomine/s_python_software_example:v1.0"
    )


def test_the_name_of_the_file_follows_the_first_slash():
    descriptor = parse('{"container-image": {"image": "registry.example:5000/user/tool"}}')
    assert descriptor.pulling_command("1").startswith("singularity pull --name user/tool-1.simg ")


@pytest.mark.parametrize(
    ("pulling", "reference", "local"),
    [
        ("singularity pull --name a-1.simg docker://cytomine/a:1", "cytomine/a:1", False),
        ("singularity pull --name a-1.simg docker://reg.example:5000/a/b:v1.0", "reg.example:5000/a/b:v1.0", False),
        ("docker build -t a:1 /src && singularity pull --name a-1.simg docker-daemon://a:1", "a:1", True),
        ("docker build -t a:1 /src && singularity pull --name a-1.simg docker-daemon:a:1", "a:1", True),
        ("cytomine/a:1", "cytomine/a:1", False),
        ("docker pull cytomine/a:1", "cytomine/a:1", False),
    ],
)  # fmt: skip
def test_every_form_of_a_pulling_command_gives_its_image(pulling, reference, local):
    source = image_source(pulling)
    assert (source.reference, source.local, source.archive) == (reference, local, None)


def test_an_archive_is_loaded_from_its_path():
    source = image_source("singularity build a.simg docker-archive:/data/softwares/code/image.tar")
    assert (source.reference, source.archive) == (None, "/data/softwares/code/image.tar")
    assert image_source("singularity build a.simg docker-archive:///data/image.tar").archive == "/data/image.tar"


@pytest.mark.parametrize(
    ("pulling", "hint"),
    [
        ("singularity pull library://a/b:1", "docker://IMAGE:TAG"),
        ("", "docker://IMAGE:TAG"),
        ("singularity pull --name x docker://Deep-Fish/Train:1", "lower case"),
        ("docker pull --all", "no name of an image"),
        ("singularity pull docker://a;reboot", "no name of an image"),
    ],
)
def test_a_pulling_command_without_an_image_is_refused_with_a_hint(pulling, hint):
    with pytest.raises(DescriptorError, match=hint):
        image_source(pulling)


def test_a_first_part_without_dot_or_port_is_no_registry():
    assert valid_reference("localhost/a")
    assert valid_reference("Reg.Example/a:B_1")
    assert not valid_reference("User/a")
    assert not valid_reference("a/B")
    assert not valid_reference("-rm")
    assert valid_reference("a@sha256:" + "0" * 64)
