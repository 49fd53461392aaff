"""Every command that README.md shows is run, or it is said why not.

A block of commands starts with ```sh and has a line above it that says how it is tested:

* `<!-- test: run -->` it is run, in the checkout's folder, and must succeed;
* `<!-- test: this run -->` it is the run of the tests itself;
* `<!-- test: by PATH -->` the test file at PATH runs it with what it needs.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"(?:^<!-- test: (?P<how>.+?) -->\n+)?^```(?:sh|bash|shell|console)\n(?P<commands>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One block of commands of a page, and how it is tested."""

    line: int
    how: str | None
    commands: str


def blocks(page: Path) -> list[Block]:
    """The blocks of commands of a Markdown page."""
    text = page.read_text()
    return [
        Block(text.count("\n", 0, found.start("commands")), found["how"], found["commands"])
        for found in BLOCK.finditer(text)
    ]


README = blocks(ROOT / "README.md")


def test_every_block_says_how_it_is_tested() -> None:
    unsaid = [f"README.md:{block.line}" for block in README if block.how is None]
    assert unsaid == [], "put <!-- test: run --> above these blocks"
    for block in README:
        how, _, path = (block.how or "").partition(" ")
        if how == "by":
            assert (ROOT / path).is_file(), f"README.md:{block.line}: there is no {path}"
        else:
            assert block.how in {"run", "this run"}, f"README.md:{block.line}: {block.how}"


def down(environment: dict[str, str]) -> None:
    """Stop what a block may have left running under the name of this session."""
    script = [str(ROOT / "docker/setup/stack.sh"), "down"]
    subprocess.run(script, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=True)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("block", [b for b in README if b.how == "run"], ids=lambda b: f"line-{b.line}")
def test_it_runs(block: Block, engine: Engine, request: pytest.FixtureRequest) -> None:
    environment = {**os.environ, "ROUTER_NAME": f"csr-test-readme-{engine.session}", "VOLUMES": "1"}
    request.addfinalizer(lambda: down(environment))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.commands],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=390,
        check=False,
    )
    assert done.returncode == 0, f"{block.commands}\n{done.stdout}"


def test_blocks_are_found_with_and_without_a_mark(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n<!-- test: run -->\n```sh\nmake demo\n```\ntext\n```sh\nls\n```\n```python\nx = 1\n```\n")
    assert blocks(page) == [Block(3, "run", "make demo\n"), Block(7, None, "ls\n")]
