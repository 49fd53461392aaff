"""A shell completes commands and options."""

import shutil
import subprocess
from pathlib import Path

import pytest

from router.cli import main


def _complete(script: Path, words: str) -> list[str]:
    asked = f"""
    source {script}
    COMP_WORDS=({words} '')
    COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
    $(complete -p cytomine-router | sed 's/.*-F \\([^ ]*\\).*/\\1/') cytomine-router '' ''
    printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    found = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True, timeout=20)
    return found.stdout.split()


def test_bash_completes_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shutil.which("bash"), "the project's own scripts need bash"
    with pytest.raises(SystemExit) as ended:
        main(["completion", "bash"])
    assert ended.value.code == 0
    script = tmp_path / "completion.sh"
    script.write_text(capsys.readouterr().out)
    assert {"run", "check", "jobs", "dead", "software", "demo"} <= set(_complete(script, "cytomine-router"))
    assert {"list", "show", "logs", "kill", "retry"} <= set(_complete(script, "cytomine-router jobs"))


def test_another_shell_is_refused_with_the_names_of_those_that_work(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "fish"])
    assert ended.value.code == 2
    assert "bash" in capsys.readouterr().err
