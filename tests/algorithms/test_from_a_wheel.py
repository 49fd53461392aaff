"""From any machine: installed from the wheel, a person's command is a job of a server, without router or Docker."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.core import JobStatus
from tests.support.core import EmbeddedCore
from tests.support.sorting import Sorter, sheet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and the packages it needs from this one."""
    folder = tmp_path_factory.mktemp("wheel")
    run = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    built = subprocess.run(run, capture_output=True, text=True, check=False, timeout=200)
    if built.returncode and "Could not find a version" in built.stderr:
        pytest.skip(f"NO WHEEL: the build's packages can not be fetched ({built.stderr[-200:]})")
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True, timeout=60)
    python = folder / "env/bin/python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", wheel], check=True, timeout=100)
    (site,) = (folder / "env/lib").glob("python*/site-packages")
    (site / "packages.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return python


@pytest.fixture
def core(tmp_path: Path) -> Iterator[EmbeddedCore]:
    found = EmbeddedCore(tmp_path / "data", "127.0.0.1")
    yield found
    found.stop()


def test_a_person_s_command_is_a_job_of_the_server(installed: Path, core: EmbeddedCore, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    sorter = Sorter(core, tmp_path, 1)
    sorter.annotate(sheet()[1])
    options = ["--pyxit_n_subwindows", "10", "--forest_n_estimators", "3", "--seed", "7"]
    command = [str(installed), "-m", "algorithms.classification", "train", *sorter._access("classification_train")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DESCRIPTORS"))}
    done = subprocess.run(
        [*command, *options], cwd=elsewhere, env=environment, capture_output=True, text=True, check=False, timeout=200
    )
    assert done.returncode == 0, done.stderr
    job = sorter._newest()
    assert job.status == JobStatus.SUCCESS
    assert job.user_job is not None  # the command acted as the job's own user
    assert "model.zip" in sorter.results(job, tmp_path / "results")
    where = subprocess.run(
        [installed, "-c", "import algorithms; print(algorithms.__file__)"],
        cwd=elsewhere, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(installed.parents[1]) in where.stdout, "the wheel is what ran"
    sorter.close()
