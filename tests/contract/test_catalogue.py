"""The catalogue against the real embedded Core: the historical form and order, adopting, completing, deprecating."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from router.catalogue import find_software, install, install_archive, install_folder, link, own_version
from router.core import NewSoftware
from router.descriptor import parse
from router.errors import CatalogueError, CoreUnavailable

ROOT = Path(__file__).parents[2]
PUBLISHED = sorted((ROOT.parent / "shared" / "descriptors").glob("*.json"))


LIST = {"uri": "/api/project/$currentProject$/imageinstance.json", "uri-print-attribute": "instanceFilename"}
LIST["uri-sort-attribute"] = "instanceFilename"
LIMITS = {"description": "In pixels.", "minimum": 1, "maximum": 9, "integer": True, "default-value": 5}


def parameter(ident, **fields):
    return {"id": ident, "type": "String", "name": ident, "value-key": "[@ID]", "command-line-flag": "--@id"} | fields


def source(name, **changes):
    """A small good descriptor.json."""
    return {
        "name": name, "description": f"What {name} does.", "schema-version": "cytomine-0.1",
        "container-image": {"type": "singularity", "image": f"user/{name.lower()}"},
        "command-line": "[CYTOMINE_HOST] [SIZE] [IMAGES]",
        "inputs": [
            parameter("cytomine_host", **{"set-by-server": True}),
            parameter("size", type="Number", **LIMITS),
            parameter("images", type="ListDomain", optional=True, **LIST),
        ],
    } | changes  # fmt: skip


def descriptor(name, **changes):
    return parse(json.dumps(source(name, **changes)))


@pytest.fixture
def calls(core, monkeypatch):
    """What is POSTed and PUT, in order; the calls go through."""
    seen = []
    for method in ("post", "put"):
        original = getattr(core._connection, method)

        def record(uri, body="", *rest, _original=original, _method=method):
            seen.append((_method, uri.split("/")[0], json.loads(body)))
            return _original(uri, body, *rest)

        monkeypatch.setattr(core._connection, method, record)
    return seen


def test_software_is_posted_in_the_historical_form_and_order(core, calls, unique):
    server = core.processing_servers()[0].id
    done = install(core, descriptor(unique), "v1.0")
    assert done.created
    assert [(method, what) for method, what, _ in calls] == [
        ("post", "software.json"), ("post", "domain"),
        ("post", "software_parameter.json"),
        ("post", "software_parameter.json"), ("post", "domain"), *[("post", "software_parameter_constraint.json")] * 3,
        ("post", "software_parameter.json"),
    ]  # fmt: skip
    assert calls[0][2] == {
        "name": unique, "softwareVersion": "v1.0", "resultName": "", "softwareUserRepository": None, "sourcePath": None,
        "executeCommand": f"singularity run {unique}-v1.0.simg [CYTOMINE_HOST] [SIZE] [IMAGES]",
        "pullingCommand": f"singularity pull --name {unique}-v1.0.simg docker://user/{unique}:v1.0",
        "defaultProcessingServer": server,
    }  # fmt: skip
    parameters = [body for _, what, body in calls if what == "software_parameter.json"]
    assert [body["index"] for body in parameters] == [100, 200, 300]
    assert [body["valueKey"] for body in parameters] == ["[CYTOMINE_HOST]", "[SIZE]", "[IMAGES]"]
    assert [body["defaultValue"] for body in parameters] == ["", "5", ""]
    assert [body["required"] for body in parameters] == [True, True, False]
    assert parameters[2]["uriPrintAttribut"] == "instanceFilename"
    text_keys = ("humanName", "valueKey", "commandLineFlag", "defaultValue", "name", "type")
    assert all(isinstance(body[key], str) for body in parameters for key in text_keys)


def test_what_core_then_shows(core, unique):
    software = install(core, descriptor(unique), "v1.0").software
    found = core._connection.get(f"software/{software.id}.json")
    assert (found["executable"], found["fullName"], found["deprecated"]) == (True, f"{unique} (v1.0)", False)
    assert [one["name"] for one in found["parameters"]] == ["size", "images"]
    text = core._connection.get(f"domain/be.cytomine.processing.Software/{software.id}/description.json")
    assert text["data"] == f"What {unique} does."


def test_what_a_run_needs_travels_with_every_launch(core, unique):
    wishes = {"ram-needed": "2 GB", "cpu-cores": 1.5, "gpu": True}
    software = install(core, descriptor(unique, **wishes), "1").software
    hidden = [one for one in core.software_parameters(software.id) if one.server_parameter]
    assert {one.name: one.default for one in hidden} == {"mem": "2048", "cpus-per-task": "2", "gres": "gpu:1"}
    assert [one.index for one in hidden] == [400, 500, 600]
    assert all(one.set_by_server and not one.required for one in hidden)
    assert install(core, descriptor(unique, **wishes), "1").completed == ()


def test_installing_twice_changes_nothing(core, calls, unique):
    first = install(core, descriptor(unique), "1")
    del calls[:]
    again = install(core, descriptor(unique), "1")
    assert (again.created, again.completed, again.software) == (False, (), first.software)
    assert [what for _, what, _ in calls] == ["domain"]


def test_a_half_installed_software_is_completed(core, unique):
    """The Java router left software without parameters when it died in between."""
    half = core.create_software(NewSoftware(unique, "1", "old command", "old", None))
    done = install(core, descriptor(unique), "1")
    assert (done.created, done.software.id) == (False, half.id)
    assert done.completed == ("cytomine_host", "size", "images")
    assert done.software.execute_command.startswith(f"singularity run {unique}-1.simg")
    assert done.software.default_processing_server is not None


def test_a_crash_in_between_is_made_good_by_the_next_try(core, unique, monkeypatch):
    original, number = core.create_parameter, iter(range(10))

    def dies(*arguments):
        if next(number) == 1:
            raise CoreUnavailable("gone", 502)
        return original(*arguments)

    monkeypatch.setattr(core, "create_parameter", dies)
    with pytest.raises(CoreUnavailable):
        install(core, descriptor(unique), "1")
    done = install(core, descriptor(unique), "1")
    assert (done.created, done.completed) == (False, ("size", "images"))
    assert [one.name for one in core.software_parameters(done.software.id)] == ["cytomine_host", "size", "images"]


def test_older_versions_are_deprecated_by_the_order_of_versions(core, unique):
    offered = {}
    for release in ("v9", "v10", "v9.5"):
        done = install(core, descriptor(unique), release)
        offered[release] = {one.version for one in core.software_list() if one.name == unique and not one.deprecated}
    # Core's own order of text would keep v9 beside v10, and drop v10 for v9.5
    assert offered == {"v9": {"v9"}, "v10": {"v10"}, "v9.5": {"v10", "v9.5"}}
    assert done.deprecated == ()


def test_the_server_a_descriptor_names_is_taken_in_any_case(core, admin, unique):
    body = {"name": f"Gpu-{unique}", "host": "h", "username": "u", "port": 22, "type": "gpu", "index": 50}
    ident = admin._connection.post("processing_server.json", json.dumps(body))["processingserver"]["id"]
    named = install(core, descriptor(unique, **{"default-processing-server-name": f"gpu-{unique.upper()}"}), "1")
    other = install(core, descriptor(unique, **{"default-processing-server-name": "gone"}), "2")
    assert named.software.default_processing_server == ident
    assert other.software.default_processing_server == min(core.processing_servers(), key=lambda one: one.index).id


def test_a_bad_descriptor_is_refused_with_its_findings(core, unique):
    with pytest.raises(CatalogueError, match=r"\$\.container-image\.image: User/X has upper-case letters"):
        install(core, descriptor(unique, **{"container-image": {"type": "singularity", "image": "User/X"}}), "1")
    assert unique not in [one.name for one in core.software_list()]


def test_a_folder_is_installed_as_this_version_and_a_bad_one_keeps_none_out(core, unique, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "descriptor.json").write_text(json.dumps(source(f"{unique}-{name}")))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "descriptor.json").write_text("{")
    (tmp_path / "schema").mkdir()
    done = install_folder(core, tmp_path)
    assert {name: one.software.version for name, one in done.installed.items()} == dict.fromkeys(
        ["one", "two"], own_version()
    )
    assert list(done.failed) == ["bad"]
    with pytest.raises(CatalogueError, match=r"catalogue\.folder"):
        install_folder(core, tmp_path / "nowhere")


def test_our_own_descriptors_are_installed(core):
    folder = ROOT / "descriptors"
    done = install_folder(core, folder)
    assert done.failed == {}
    assert set(done.installed) == {path.parent.name for path in folder.glob("*/descriptor.json")}
    for name, one in done.installed.items():
        image = f"docker://cytomine-software-router/{name}:{own_version()}"
        assert one.software.pulling_command.endswith(image)
        assert one.software.name == name


@pytest.mark.parametrize("path", PUBLISHED, ids=[path.stem for path in PUBLISHED])
def test_a_published_descriptor_is_installed(core, path, unique):
    found = parse(path.read_bytes())
    if not found.name:
        with pytest.raises(CatalogueError, match=r"\$\.name"):
            install(core, found, unique)
        return
    done = install(core, found, unique)
    stored = core.software_parameters(done.software.id)
    assert [
        (one.name, one.value_key, one.flag, one.default or "", one.required, one.set_by_server) for one in stored
    ] == [(one.id, one.value_key, one.flag, one.default, one.required, one.set_by_server) for one in found.inputs]


def test_software_is_linked_to_projects_by_name(core, project, new_project, unique):
    other = new_project()
    install(core, descriptor(unique), "9")
    newest = install(core, descriptor(unique), "10").software
    assert find_software(core, unique.upper()).id == newest.id
    assert find_software(core, f"{unique}:9").version == "9"
    assert find_software(core, str(newest.id)) == newest
    assert link(core, newest, [project, other]) == [project, other]
    assert link(core, newest, [project, other]) == []
    assert newest.id in [one.id for one in core.project_software(other)]
    with pytest.raises(CatalogueError, match=r"there is (10, 9|9, 10)"):
        find_software(core, f"{unique}:11")
    with pytest.raises(CatalogueError, match="software list"):
        find_software(core, f"no-{unique}")


def test_a_new_version_is_offered_where_an_old_one_was(core, project, unique):
    link(core, install(core, descriptor(unique), "1").software, [project])
    new = install(core, descriptor(unique), "2").software
    assert new.id in [one.id for one in core.project_software(project)]


def uploaded(core, name, version, content):
    answer = core._connection.multipart(
        "software/upload", {"files[]": ("x.zip", io.BytesIO(content), "application/zip")},
        {"name": name, "softwareVersion": version, "filename": "x.zip"},
    )  # fmt: skip
    return int((answer.get("software") or answer)["id"])


def zipped(**files):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as target:
        for name, content in files.items():
            target.writestr(name, content)
    return made.getvalue()


def test_an_uploaded_zip_becomes_executable_software(core, unique):
    content = zipped(**{"x/descriptor.json": json.dumps(source(unique)), "x/run.py": "print()"})
    ident = uploaded(core, unique, "3", content)
    install_archive(core, ident)
    again = install_archive(core, ident)
    assert again.pulling_command.endswith(f"docker://user/{unique}:3")
    assert (again.name, again.version) == (unique, "3")
    assert core._connection.get(f"software/{ident}.json")["executable"]
    assert [one.name for one in core.software_parameters(ident)] == ["cytomine_host", "size", "images"]


def test_a_bad_zip_is_explained_where_its_owner_looks(core, unique):
    ident = uploaded(core, unique, "3", zipped(**{"run.py": ""}))
    with pytest.raises(CatalogueError, match=r"no descriptor\.json"):
        install_archive(core, ident)
    text = core._connection.get(f"domain/be.cytomine.processing.Software/{ident}/description.json")["data"]
    assert text.startswith("Not installed: the zip has no descriptor.json")
