"""`cytomine-router software ...` against the real embedded Core."""

import json
from pathlib import Path

import pytest

from router.catalogue import own_version
from router.cli import main
from tests.contract.test_catalogue import source

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, unique):
    (tmp_path / unique).mkdir()
    (tmp_path / unique / "descriptor.json").write_text(json.dumps(source(unique)))
    return tmp_path


@pytest.fixture
def run(local_core, folder, monkeypatch, capsys):
    monkeypatch.setenv("ROUTER_CORE__URL", local_core.url)
    monkeypatch.setenv("ROUTER_CORE__KEYS_FILE", str(local_core.data / "keys.json"))
    monkeypatch.setenv("ROUTER_CATALOGUE__FOLDER", str(folder))

    def invoke(*arguments, code=0):
        with pytest.raises(SystemExit) as ended:
            main(["software", *map(str, arguments)])
        shown = capsys.readouterr()
        assert ended.value.code == code, shown
        return shown.out + shown.err

    return invoke


def test_install_list_and_link(run, project, unique):
    assert f"{unique} {own_version()}: installed" in run("install")
    assert f"{unique} {own_version()}: was there" in run("install")
    assert "deprecated" in run("install", "--release", "9.0")
    listed = run("list")
    assert f"{unique}  " in listed
    assert [line.split()[2] for line in listed.splitlines() if f" {unique} " in line] == ["9.0"]
    assert len([line for line in run("list", "--all").splitlines() if f" {unique} " in line]) == 2
    assert run("list", "--project", project) == ""
    assert f"is now offered in: {project}" in run("link", unique, project)
    assert "no project that had it not yet" in run("link", unique, project)
    assert unique in run("list", "--project", project)


def test_a_bad_one_is_named_and_the_exit_code_says_so(run, folder, unique):
    (folder / "bad").mkdir()
    (folder / "bad" / "descriptor.json").write_text("{")
    output = run("install", code=1)
    assert "bad: " in output
    assert f"{unique} {own_version()}: installed" in output


def test_lint_says_where_and_what_to_do(run, folder, unique):
    path = folder / unique / "descriptor.json"
    assert run("lint", folder) == f"{path}: no findings\n"
    path.write_text(json.dumps(source(unique, description="") | {"container-image": {"image": "User/X"}}))
    output = run("lint", path, code=1)
    assert "error $.container-image.image" in output
    assert "Docker wants lower case: user/x" in output
    assert "note $.description" in output
    assert "note" not in run("lint", "--quiet", path, code=1)
    assert "No such file" in run("lint", folder / "nothing.json", code=1)


def test_a_folder_without_software_is_no_success(run, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no descriptor.json there" in run("lint", tmp_path / "empty", code=1)


def test_our_own_descriptors_have_neither_errors_nor_warnings(run):
    found = sorted((ROOT / "descriptors").glob("*/descriptor.json"))
    assert found
    for path in found:
        output = run("lint", "--quiet", "--repository", path.parent.name, path)
        assert output.splitlines()[1:] == []
